"""Where the reference data lies and how its files are read. Nothing of it is kept in the project."""

from __future__ import annotations

import csv
import io
import lzma
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import paideia
from paideia.science.checks import Ints


class MissingSource(Exception):
    """A file of reference data is not there; the message says what to set."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The folder of reference data."""

    folder: Path

    def path(self, name: str) -> Path:
        """The path of a file in it, or an error that says what to do."""
        path = self.folder / name
        if not path.exists():
            raise MissingSource(f"{path} is not there: set PAIDEIA_DATA to the folder of reference data")
        return path

    def text(self, name: str, encoding: str = "utf-8-sig") -> str:
        """A whole text file, unpacked if its name ends in .xz."""
        path = self.path(name)
        if path.suffix == ".xz":
            return lzma.decompress(path.read_bytes()).decode(encoding)
        return path.read_text(encoding=encoding)

    def records(self, name: str, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
        """The rows of a CSV file by the names in its first line."""
        return list(csv.DictReader(io.StringIO(self.text(name, encoding), newline="")))

    def frame(self, name: str) -> Any:
        """A CSV file as a pandas frame."""
        import pandas

        return pandas.read_csv(self.path(name))

    def ties(self, name: str) -> Ints:
        """The first two numbers of each line that begins with a digit."""
        lines = self.text(name).splitlines()
        return np.array([line.split()[:2] for line in lines if line[:1].isdigit()], dtype=np.int64)

    def members(self, name: str) -> dict[str, str]:
        """The text files of a tar archive by name."""
        with tarfile.open(self.path(name)) as archive:
            found = {}
            for entry in archive:
                file = archive.extractfile(entry)
                if file is not None:
                    found[Path(entry.name).name] = file.read().decode("utf-8", "replace")
        return found


def sources() -> Sources:
    """The folder named by PAIDEIA_DATA, by default ../shared/data beside the project."""
    beside = Path(paideia.__file__).parents[2] / "shared" / "data"
    return Sources(Path(os.environ.get("PAIDEIA_DATA", beside)))
