"""Real data for agreement with published numbers: only where $PAIDEIA_DATA (or ../shared/data) has it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import paideia

ROOT = Path(paideia.__file__).parents[1]


@pytest.fixture(scope="session")
def data() -> Callable[[str], Path]:
    """The path of a file or folder of the reference data; skips the test where it is absent."""
    folder = Path(os.environ.get("PAIDEIA_DATA", ROOT.parent / "shared" / "data"))

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"{path} is not there: set PAIDEIA_DATA to the folder of reference data")
        return path

    return find
