"""Bytes of unknown origin as text."""

import re
import unicodedata

from django.utils.translation import gettext as _

from .errors import UnreadableFile

_HAN = re.compile(r"[一-鿿　-〿！-･‘-”…—·]")


def decoded(content: bytes, *, where: str) -> str:
    """The text of a file: UTF-8, UTF-16 with a byte order mark, or GB18030 that reads as Chinese.

    Line ends become `\\n`, a byte order mark goes. Raises UnreadableFile, naming the offending byte.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _plain(_strict(content, "utf-16", where))
    try:
        return _plain(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        if (chinese := _chinese(content)) is not None:
            return _plain(chinese)
    return _plain(_strict(content, "utf-8-sig", where))


def _strict(content: bytes, encoding: str, where: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            _("The text is not in UTF-8: byte %(n)d cannot be read.") % {"n": error.start},
            where=where,
            advice=_("Save the file in UTF-8 and retry."),
        ) from error


def _chinese(content: bytes) -> str | None:
    """The text as GB18030, if most of what is not ASCII turns out to be Chinese."""
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return None
    foreign = [c for c in text if c > "\x7f"]
    return text if sum(map(bool, map(_HAN.match, foreign))) > 0.9 * len(foreign) else None


def _plain(text: str) -> str:
    """One kind of line end, and none of the control characters that databases and pages refuse."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return (
        "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")
        if _CONTROL.search(text)
        else text
    )


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
