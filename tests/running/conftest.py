"""Installations for the tests of running. They share one worker: each wants the machine for itself."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running.house import Paideia, copy


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("running"))


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that the database's user may pass through, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="paideia-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def migrated_home(open_folder: Path) -> Path:
    """A home that has been started and stopped once. Tests get copies."""
    paideia = Paideia(open_folder / "model")
    paideia.start()
    try:
        paideia.wait_until_it_answers(300)  # every migration, beside whatever else runs here
        paideia.stop()
    finally:
        paideia.end()
    return paideia.home


@pytest.fixture
def paideia(migrated_home: Path, open_folder: Path) -> Iterator[Paideia]:
    """An installation that is ready to start."""
    home = open_folder / "home"
    copy(migrated_home, home)
    made = Paideia(home)
    yield made
    made.end()
    shutil.rmtree(home)
