"""Avatars, logos and covers: small public pictures, named by what is in them."""

import hashlib
import re

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile

FOLDER = "pictures"
KEY = re.compile(r"^[0-9a-f]{40}\.webp$")


def store_picture(file: UploadedFile, *, pixels_max: int, square: bool = False) -> str:
    """Check, shrink and store an uploaded picture; its key. The same picture is stored once.

    Raises `paideia.lib.refusal.Invalid` for what is not a picture or is too large.
    """
    body = _webp(file, pixels_max, square)
    key = f"{hashlib.sha256(body).hexdigest()[:40]}.webp"
    if not default_storage.exists(f"{FOLDER}/{key}"):
        default_storage.save(f"{FOLDER}/{key}", ContentFile(body))
    return key
