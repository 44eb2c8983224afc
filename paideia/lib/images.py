"""Pictures from strangers: opened with care, drawn anew, and saved in the sizes that pages load."""

from io import BytesIO
from typing import BinaryIO

from django.core.files.base import ContentFile, File
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from paideia.lib.refusal import Invalid

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
PIXELS_MAX = 50_000_000
SIDE_MAX = 2560  # what is larger is drawn smaller
QUALITY = 84


def accept_image(file: BinaryIO, *, name: str) -> Image.Image:
    """A picture with its colours and nothing else of the file: upright, without metadata, at most SIDE_MAX
    wide and high. Its size is looked at before a pixel is unpacked. Raises Invalid for what is no picture or
    too big."""
    file.seek(0)
    try:
        with Image.open(file, formats=FORMATS) as found:
            width, height = found.size
            if width * height > PIXELS_MAX or min(width, height) < 1:
                raise Invalid(
                    _("“%(name)s” has %(width)s × %(height)s pixels, which is too large. Make it smaller.")
                    % {"name": name, "width": width, "height": height}
                )
            found.draft("RGB", (SIDE_MAX, SIDE_MAX))  # a JPEG is unpacked at about the size that is needed
            drawn = ImageOps.exif_transpose(found)
            drawn = drawn.convert("RGBA" if drawn.has_transparency_data else "RGB")
    except Invalid:
        raise
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as error:
        raise Invalid(_("“%(name)s” is damaged, or no picture that we can read.") % {"name": name}) from error
    drawn.thumbnail((SIDE_MAX, SIDE_MAX), Image.Resampling.LANCZOS)
    clean = Image.new(drawn.mode, drawn.size)
    clean.paste(drawn)
    return clean


def webp(image: Image.Image, width: int) -> File:
    """The picture as WebP, `width` pixels wide."""
    if width != image.width:
        image = image.resize(
            (width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS
        )
    body = BytesIO()
    image.save(body, "WEBP", quality=QUALITY, method=4)
    return ContentFile(body.getvalue())
