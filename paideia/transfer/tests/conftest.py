"""Real exports, where the machine has them: `$PAIDEIA_DATA`, else beside the project."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def real():
    """The path of a real export by its name in the data folder; skips where it is absent."""
    folder = Path(os.environ.get("PAIDEIA_DATA") or PROJECT.parent / "shared" / "data")

    def path(name: str) -> Path:
        if not (folder / name).exists():
            pytest.skip(f"no real data at {folder / name}: set PAIDEIA_DATA")
        return folder / name

    return path
