"""What may be uploaded, told by the bytes and never by the name or by what the browser says."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import BinaryIO

from django.core.files.base import File
from django.utils.translation import gettext as _

from paideia.content.models import Media
from paideia.lib.images import accept_animation, accept_image, webp
from paideia.lib.refusal import Invalid

HEAD_BYTES = 4096
VARIANT_WIDTHS = (480, 960, 1600)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file as it will be stored: `file` are the bytes to keep, `suffix` and `media_type` what they are."""

    kind: str
    media_type: str
    suffix: str
    file: File
    width: int | None = None
    height: int | None = None
    variants: dict[int, File] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of file that we take: how it begins, and what it is then."""

    kind: str
    media_type: str
    suffix: str
    begins: Callable[[bytes], bool]


def _at(place: int, *marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: any(head.startswith(mark, place) for mark in marks)


def _riff(name: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(b"RIFF") and head[8:12] == name


def _mp3(head: bytes) -> bool:
    frame = len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[2] & 0xF0 != 0xF0
    return head.startswith(b"ID3") or frame


def _aac(head: bytes) -> bool:
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0


def _brand(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[4:8] == b"ftyp" and head[8:12] in brands


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
IMAGE, AUDIO, VIDEO, FILE = Media.Kind.IMAGE, Media.Kind.AUDIO, Media.Kind.VIDEO, Media.Kind.FILE

SHAPES = (
    Shape(IMAGE, "image/jpeg", ".jpg", _at(0, b"\xff\xd8\xff")),
    Shape(IMAGE, "image/png", ".png", _at(0, b"\x89PNG\r\n\x1a\n")),
    Shape(IMAGE, "image/gif", ".gif", _at(0, b"GIF87a", b"GIF89a")),
    Shape(IMAGE, "image/webp", ".webp", _riff(b"WEBP")),
    Shape(AUDIO, "audio/mp4", ".m4a", _brand(b"M4A ", b"M4B ")),
    Shape(VIDEO, "video/quicktime", ".mov", _brand(b"qt  ")),
    Shape(
        VIDEO,
        "video/mp4",
        ".mp4",
        _brand(
            b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash"
        ),
    ),
    Shape(VIDEO, "video/webm", ".webm", _at(0, b"\x1a\x45\xdf\xa3")),
    Shape(AUDIO, "audio/ogg", ".ogg", _at(0, b"OggS")),
    Shape(AUDIO, "audio/flac", ".flac", _at(0, b"fLaC")),
    Shape(AUDIO, "audio/wav", ".wav", _riff(b"WAVE")),
    Shape(FILE, "application/pdf", ".pdf", _at(0, b"%PDF-")),
    Shape(FILE, "application/zip", ".zip", _at(0, b"PK\x03\x04", b"PK\x05\x06")),
    Shape(FILE, "application/gzip", ".gz", _at(0, b"\x1f\x8b\x08")),
    Shape(FILE, "application/x-7z-compressed", ".7z", _at(0, b"7z\xbc\xaf\x27\x1c")),
    Shape(AUDIO, "audio/mpeg", ".mp3", _mp3),
    Shape(AUDIO, "audio/aac", ".aac", _aac),
)
# A zip whose parts make it something more particular: the part that tells, what it is then.
_PARTICULAR_ZIPS = {
    "word/document.xml": (_WORD, ".docx"),
    "xl/workbook.xml": (_SHEET, ".xlsx"),
    "ppt/presentation.xml": (_SLIDES, ".pptx"),
    "META-INF/container.xml": ("application/epub+zip", ".epub"),
}
_PARTS_MAX = 20_000
# Text has no mark to go by: it is taken for what its name says, from this list, and is always a download.
_TEXTS = {
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".json": "application/json",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
    ".py": "text/x-python",
    ".ipynb": "application/x-ipynb+json",
    ".tex": "application/x-tex",
    ".sql": "application/sql",
}


def accept(file: BinaryIO, name: str, *, bytes_max: int) -> Accepted:
    """Examine an upload. Raises Invalid for what is empty, too large, broken or of a type that is not taken,
    saying what would be."""
    size = size_of(file)
    if not size:
        raise Invalid(_("“%(name)s” is empty.") % {"name": name})
    if size > bytes_max:
        limit = bytes_max // (1024 * 1024)
        raise Invalid(_("“%(name)s” is larger than %(limit)s MB.") % {"name": name, "limit": limit})
    head = file.read(HEAD_BYTES)
    file.seek(0)
    shape = next((shape for shape in SHAPES if shape.begins(head)), None)
    if shape is None:
        return _text(file, name, head)
    if shape.kind == IMAGE:
        return _image(file, name)
    media_type, suffix = shape.media_type, shape.suffix
    if suffix == ".zip":
        media_type, suffix = _particular(file, name) or (media_type, suffix)
    return Accepted(shape.kind, media_type, suffix, File(file))


def size_of(file: BinaryIO) -> int:
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    return size


def _image(file: BinaryIO, name: str) -> Accepted:
    """The picture drawn anew, without what a camera wrote into it, and the smaller sizes of it; one that
    moves has a single size."""
    drawn = accept_image(file, name=name)
    moving = accept_animation(file, name=name)
    if moving is not None:
        return Accepted(IMAGE, "image/webp", ".webp", moving, width=drawn.width, height=drawn.height)
    narrower = [width for width in VARIANT_WIDTHS if width < drawn.width]
    return Accepted(
        IMAGE,
        "image/webp",
        ".webp",
        webp(drawn, drawn.width),
        width=drawn.width,
        height=drawn.height,
        variants={width: webp(drawn, width) for width in narrower},
    )


def _text(file: BinaryIO, name: str, head: bytes) -> Accepted:
    suffix = PurePath(name).suffix.lower()
    if suffix not in _TEXTS or b"\x00" in head or not _is_utf8(head):
        raise Invalid(
            _(
                "“%(name)s” is of a type that is not taken. Pictures (JPEG, PNG, GIF, WebP), sound, video, "
                "PDF, Office files, e-books, archives and plain text are."
            )
            % {"name": name}
        )
    return Accepted(FILE, _TEXTS[suffix], suffix, File(file))


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The head may end within a character.
        return error.reason == "unexpected end of data" and error.end == len(head)
    return True


def _particular(file: BinaryIO, name: str) -> tuple[str, str] | None:
    """What a zip is more exactly. Only its list of parts is read, nothing is unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = set(archive.namelist()[:_PARTS_MAX])
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Invalid(_("“%(name)s” is a damaged archive.") % {"name": name}) from error
    finally:
        file.seek(0)
    return next((found for part, found in _PARTICULAR_ZIPS.items() if part in parts), None)
