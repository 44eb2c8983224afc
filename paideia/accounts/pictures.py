"""Avatars, logos and covers: small public pictures, named by what is in them."""

import hashlib
import re
from typing import BinaryIO, cast

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from paideia.lib.images import accept_image, webp
from paideia.lib.refusal import Invalid

FOLDER = "pictures"
KEY = re.compile(r"^[0-9a-f]{40}\.webp$")
BYTES_MAX = 10 * 1024 * 1024


def store_picture(file: UploadedFile, *, pixels_max: int, square: bool = False) -> str:
    """Check, shrink and store an uploaded picture; its key. The same picture is stored once.

    Raises Invalid for what is not a picture or is too large.
    """
    if (file.size or 0) > BYTES_MAX:
        raise Invalid(_("The picture is larger than 10 MB. Choose a smaller one."))
    image = accept_image(cast(BinaryIO, file), name=file.name or "")
    if square:
        side = min(image.width, image.height, pixels_max)
        image = ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)
    body = webp(image, min(image.width, pixels_max)).read()
    key = f"{hashlib.sha256(body).hexdigest()[:40]}.webp"
    if not default_storage.exists(f"{FOLDER}/{key}"):
        default_storage.save(f"{FOLDER}/{key}", ContentFile(body))
    return key
