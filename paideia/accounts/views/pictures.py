"""Avatars, logos and covers, served for good: another picture has another name."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from paideia.accounts.pictures import FOLDER, KEY


@require_safe
def picture(request: HttpRequest, key: str) -> FileResponse:
    if not KEY.match(key):
        raise Http404
    try:
        file = default_storage.open(f"{FOLDER}/{key}")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(file, content_type="image/webp")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
