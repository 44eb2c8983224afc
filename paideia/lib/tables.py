"""Tables as CSV that a spreadsheet opens without running anything in it."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n")


def inert(cell: object) -> str:
    """The cell as text that no spreadsheet takes for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(ACTIVE) else text


def csv_lines(rows: Iterable[Sequence[object]], *, mark: bool = True) -> Iterator[str]:
    """The rows as lines of CSV, with `mark` a byte order mark first, by which spreadsheets know UTF-8."""
    if mark:
        yield "\ufeff"
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([inert(cell) for cell in row])
        yield line.getvalue()
