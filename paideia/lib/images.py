"""Pictures from strangers: opened with care, drawn anew, and saved in the sizes that pages load."""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO

from django.core.files.base import ContentFile, File
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from paideia.lib.refusal import Invalid

# How many pixels are unpacked at most: so many that memory stays below 200 MB whatever a file holds. A
# JPEG is unpacked at about the size that is needed, unless it is progressive; WebP keeps several copies, and
# what is transparent or has a palette is copied once more.
PIXELS_MAX = {"JPEG": 50_000_000, "PNG": 24_000_000, "GIF": 16_000_000, "WEBP": 9_000_000}
_TRANSPARENT_PIXELS_MAX = 12_000_000
_RGBA_PIXELS_MAX = 16_000_000
_PROGRESSIVE_PIXELS_MAX = 20_000_000
_FILE_SIDE_MAX = 30_000
SIDE_MAX = 2560  # what is larger is drawn smaller
QUALITY = 84
FRAMES_MAX = 400
_FRAMES_PIXELS_MAX = 100_000_000  # of all pictures of an animation together
_FRAMES_SIDE_MAX = 1280

_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    MemoryError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)


def accept_image(file: BinaryIO, *, name: str, pixels_max: int | None = None) -> Image.Image:
    """A picture with its colours and nothing else of the file: upright, without metadata, at most SIDE_MAX
    wide and high. Its size is looked at before a pixel is unpacked. Raises Invalid for what is no picture or
    too big; `pixels_max` lowers the limit."""
    with _opened(file, name) as found:
        _check_size(found, name, pixels_max)
        found.draft("RGB", (SIDE_MAX, SIDE_MAX))
        drawn: Image.Image = found
        mode = "RGBA" if found.has_transparency_data else "RGB"
        if found.mode != mode:
            drawn = found.convert(mode)
        drawn.thumbnail((SIDE_MAX, SIDE_MAX), Image.Resampling.LANCZOS)
        drawn = ImageOps.exif_transpose(drawn)
        clean = Image.new(drawn.mode, drawn.size)
        clean.paste(drawn)
    return clean


def accept_animation(file: BinaryIO, *, name: str) -> File | None:
    """An animated GIF or WebP drawn anew as WebP, or None where nothing moves, or too much does: then
    `accept_image` takes its first picture. Raises Invalid for what is no picture."""
    with _opened(file, name) as found:
        _check_size(found, name, None)
        if not getattr(found, "is_animated", False) or max(found.size) > _FRAMES_SIDE_MAX:
            return None
        frames = min(FRAMES_MAX, _FRAMES_PIXELS_MAX // (found.width * found.height))
        durations = _durations(found, frames)
        if durations is None:
            return None
        found.seek(0)
        body = BytesIO()
        bare = {"exif": b"", "icc_profile": b"", "xmp": b""}
        found.save(body, "WEBP", save_all=True, duration=durations, loop=0, quality=QUALITY, method=2, **bare)
    return ContentFile(body.getvalue())


def _durations(found: Image.Image, frames_max: int) -> list[int] | None:
    """How long each picture shows, in milliseconds; None if there are too many."""
    durations: list[int] = []
    for number in range(frames_max + 1):
        try:
            found.seek(number)
        except EOFError:
            return durations
        durations.append(max(20, int(found.info.get("duration", 100))))
    return None


@contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator[Image.Image]:
    """The picture in a file, told by its bytes, with every way to be broken turned into one refusal."""
    file.seek(0)
    head = file.read(1024).lstrip(b"\xef\xbb\xbf\0 \t\r\n").lower()
    file.seek(0)
    if head.startswith((b"<svg", b"<?xml", b"<!doctype svg")):
        raise Invalid(_("“%(name)s” is an SVG, which can hold programs. Save it as PNG.") % {"name": name})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limits here are lower
            with Image.open(file, formats=tuple(PIXELS_MAX)) as found:
                yield found
    except _BROKEN as error:
        raise Invalid(_("“%(name)s” is damaged, or no picture that we can read.") % {"name": name}) from error


def _check_size(found: Image.Image, name: str, pixels_max: int | None) -> None:
    width, height = found.size
    limit = min(PIXELS_MAX[found.format or "WEBP"], pixels_max or PIXELS_MAX["JPEG"])
    if found.mode == "RGBA":
        limit = min(limit, _RGBA_PIXELS_MAX)
    elif found.has_transparency_data or found.mode == "I;16":
        limit = min(limit, _TRANSPARENT_PIXELS_MAX)
    elif found.info.get("progressive"):
        limit = min(limit, _PROGRESSIVE_PIXELS_MAX)
    if width * height > limit or not 1 <= min(width, height) <= max(width, height) <= _FILE_SIDE_MAX:
        raise Invalid(
            _("“%(name)s” has %(width)s × %(height)s pixels, which is too large. Make it smaller.")
            % {"name": name, "width": width, "height": height}
        )


def webp(image: Image.Image, width: int) -> File:
    """The picture as WebP, `width` pixels wide."""
    if width != image.width:
        image = image.resize(
            (width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS
        )
    body = BytesIO()
    image.save(body, "WEBP", quality=QUALITY, method=4)
    return ContentFile(body.getvalue())
