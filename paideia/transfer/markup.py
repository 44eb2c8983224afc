"""XML from strangers: small files as a tree, large ones as a stream of rows in constant memory.

No document type, so no entities: neither a billion laughs nor a file read from the disk can be asked for.
"""

from collections.abc import Iterator
from typing import IO
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.parsers import expat

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from django.utils.translation import gettext as _

from .errors import TooLarge, UnreadableFile, UnsafeFile

DEPTH_MAX = 100
CHUNK = 1 << 16
ROW_BYTES_MAX = 16 << 20


def parsed(content: bytes, *, where: str) -> Element:
    """The root element of a small XML file. Raises UnreadableFile, UnsafeFile."""
    parser = DefusedXMLParser(target=_Shallow(where), forbid_dtd=True)
    try:
        parser.feed(content)
        return parser.close()
    except DefusedXmlException as error:
        raise UnsafeFile(_("The XML declares a document type or entities."), where=where) from error
    except (ParseError, ValueError, LookupError) as error:
        raise _unreadable(error, where) from error


class _Shallow(TreeBuilder):
    """Nothing real is nested a hundred deep, and what walks the tree later may recurse."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where, self._depth = where, 0

    def start(self, tag: str, attributes: dict[str, str], /) -> Element:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise TooLarge(
                _("The XML is nested deeper than %(n)d elements.") % {"n": DEPTH_MAX}, where=self._where
            )
        return super().start(tag, attributes)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def rows(stream: IO[bytes], *, root: str, where: str) -> Iterator[dict[str, str]]:
    """The attributes of each `<row>` directly below `<root>`, in order, in constant memory.

    Raises UnreadableFile where the file is cut off, damaged or of another kind; UnsafeFile where it declares
    a document type; TooLarge where one row does not end.
    """
    return _RowReader(root, where).read(stream)


class _RowReader:
    def __init__(self, root: str, where: str) -> None:
        self.root, self.where = root, where
        self.depth, self.found = 0, list[dict[str, str]]()
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._refuse

    def read(self, stream: IO[bytes]) -> Iterator[dict[str, str]]:
        since_row = 0
        while chunk := self._next(stream):
            self._parse(chunk)
            since_row = 0 if self.found else since_row + len(chunk)
            if since_row > ROW_BYTES_MAX:
                raise TooLarge(
                    _("A single row is larger than %(n)d MiB.") % {"n": ROW_BYTES_MAX >> 20}, where=self.where
                )
            yield from self.found
            self.found.clear()
        self._parse(b"", final=True)

    def _next(self, stream: IO[bytes]) -> bytes:
        try:
            return stream.read(CHUNK)
        except Exception as error:  # each compression has its own kinds of damage
            raise _unreadable(error, self.where) from error

    def _parse(self, chunk: bytes, *, final: bool = False) -> None:
        try:
            self.parser.Parse(chunk, final)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise _unreadable(error, self.where) from error

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth == 1 and tag != self.root:
            raise UnreadableFile(
                _("The file begins with <%(tag)s> where <%(root)s> is expected.")
                % {"tag": tag[:60], "root": self.root},
                where=self.where,
            )
        if self.depth > DEPTH_MAX:
            raise TooLarge(
                _("The XML is nested deeper than %(n)d elements.") % {"n": DEPTH_MAX}, where=self.where
            )
        if self.depth == 2 and tag == "row":
            self.found.append(attributes)

    def _end(self, tag: str) -> None:
        self.depth -= 1

    def _refuse(self, *declared: object) -> None:
        raise UnsafeFile(_("The XML declares a document type or entities."), where=self.where)


def _unreadable(error: Exception, where: str) -> UnreadableFile:
    return UnreadableFile(_("The XML is damaged or cut off (%(error)s).") % {"error": error}, where=where)
