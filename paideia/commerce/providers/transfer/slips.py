"""Slips from buyers: pictures are drawn anew, a PDF is kept as it is and only ever handed out as a file."""

from typing import Any, BinaryIO, cast

from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from paideia.lib.images import accept_image, webp
from paideia.lib.refusal import Invalid

BYTES_MAX = 10 * 2**20
PDF, WEBP = "application/pdf", "image/webp"


def accept_slip(file: "UploadedFile[Any]") -> tuple["File[Any]", str]:
    """What is kept of an upload, and its media type, told by its bytes. Raises Invalid."""
    if not file.size or file.size > BYTES_MAX:
        raise Invalid(_("Choose a picture or a PDF of at most 10 MB."))
    head = file.read(5)
    file.seek(0)
    if head == b"%PDF-":
        return ContentFile(file.read(), name="slip.pdf"), PDF
    picture = accept_image(cast(BinaryIO, file), name=file.name or "file")
    kept = webp(picture, picture.width)
    kept.name = "slip.webp"
    return kept, WEBP
