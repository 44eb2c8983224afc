"""Files of tables, read strictly: every row as long as the header, every value as it should be, or the line named."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from paideia.books.refusals import BadStatement
from paideia.commerce.providers import amounts, claims

UNPACKED_BYTES_MAX = 128 * 2**20
WHOLE_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)"
)  # else it may be cut off
UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Table:
    """The lines of a text as rows of a CSV file. `number` is that of the line that was read last."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.number = 0

    @property
    def first(self) -> str:
        """The first line that says anything."""
        return next((line for line in self.text.splitlines() if line.strip()), "")

    def rows(self, *, remarks: str = "") -> Iterator[list[str]]:
        """Rows with anything in them, without lines that begin with `remarks`. Raises BadStatement."""
        self.number = 0
        reader = csv.reader(self._lines(remarks), strict=True)
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self.wrong(_("This is no CSV: %(why)s.") % {"why": str(error)}) from error
            if any(cell.strip() for cell in row):
                yield row

    def named(self, names: list[str], row: list[str]) -> dict[str, str]:
        """A row by the names of its columns. Raises BadStatement for too few or too many."""
        if len(row) != len(names):
            words = {"there": len(row), "needed": len(names)}
            raise self.wrong(
                _("There are %(there)s values for %(needed)s columns. Is the file cut off?") % words
            )
        return {name: cell.strip() for name, cell in zip(names, row, strict=True)}

    def wrong(self, problem: str) -> BadStatement:
        return BadStatement(problem, self.number)

    def amount(self, text: str, currency: str) -> int:
        """An amount in whole units, not below zero, as minor units. Raises BadStatement."""
        try:
            return amounts.from_text(text, currency)
        except ValueError:
            words = {"text": text[:40], "currency": currency}
            raise self.wrong(_("“%(text)s” is no amount in %(currency)s.") % words) from None

    def signed(self, text: str, currency: str) -> int:
        """An amount that may be below zero."""
        return -self.amount(text[1:], currency) if text.startswith("-") else self.amount(text, currency)

    def currency(self, text: str) -> str:
        code = text.upper()
        if not re.fullmatch(r"[A-Z]{3}", code):
            raise self.wrong(_("“%(text)s” is no currency.") % {"text": text[:40]})
        return code

    def moment(self, text: str, form: str = "") -> datetime:
        """ISO 8601 with its offset, or a `strptime` form in UTC. Raises BadStatement."""
        try:
            if not form and not WHOLE_TIME.fullmatch(text):
                raise claims.Malformed("time")
            return claims.moment(text, form, UTC)
        except claims.Malformed:
            raise self.wrong(_("“%(text)s” is no time that can be.") % {"text": text[:40]}) from None

    def name(self, text: str, longest: int, *, needed: bool = False) -> str:
        """An id. Raises BadStatement for one that is too long, or absent though needed."""
        if len(text) > longest or UNFIT.search(text):
            raise self.wrong(_("“%(text)s” is no id.") % {"text": UNFIT.sub("", text)[:40]})
        if needed and not text:
            raise self.wrong(_("An id is missing."))
        return text

    def _lines(self, remarks: str) -> Iterator[str]:
        for line in io.StringIO(self.text, newline=""):
            self.number += 1
            if not (remarks and line.startswith(remarks)):
                yield line


def text_of(content: bytes) -> str:
    """The text of a file in UTF-8 or GBK, packed as the providers pack theirs or not. Raises BadStatement."""
    if content.startswith(b"PK\x03\x04"):
        content = _unpacked(content)
    if b"\0" in content:
        raise BadStatement(_("This is no text file."))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadStatement(_("The file is neither in UTF-8 nor in GBK."))


def _unpacked(content: bytes) -> bytes:
    """The one table in an archive that holds lines, not sums."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            tables = [entry for entry in archive.infolist() if _is_table(entry.filename)]
            if len(tables) != 1:
                raise BadStatement(_("There should be one CSV file with the lines in the archive."))
            if tables[0].file_size > UNPACKED_BYTES_MAX:
                raise BadStatement(
                    _("The file is larger than %(size)s MB.") % {"size": UNPACKED_BYTES_MAX // 2**20}
                )
            with archive.open(tables[0]) as file:
                unpacked = file.read(UNPACKED_BYTES_MAX + 1)
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        OSError,
        EOFError,
        ValueError,
        zlib.error,
    ) as error:
        raise BadStatement(_("The archive cannot be opened.")) from error
    if len(unpacked) > UNPACKED_BYTES_MAX:
        raise BadStatement(_("The file is larger than %(size)s MB.") % {"size": UNPACKED_BYTES_MAX // 2**20})
    return unpacked


def _is_table(name: str) -> bool:
    with suppress(UnicodeEncodeError, UnicodeDecodeError):  # names in GBK that do not say so
        name = name.encode("cp437").decode("gb18030")
    return name.lower().endswith(".csv") and "汇总" not in name
