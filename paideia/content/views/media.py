"""Files: up by whoever writes here, down to whoever may read what they are part of."""

import re
from collections.abc import Iterator
from urllib.parse import quote

from django.contrib.auth.decorators import login_required
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from paideia.content import actions, presentation, queries
from paideia.content.models import Media
from paideia.lib.refusal import Invalid, NotFound, Refused

CHUNK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# Bytes never change under their address, but who may load them does: kept by one browser, by no shared cache.
CACHE = "private, max-age=31536000, immutable"
# Nothing in a file runs, should a browser ever take one for a page.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@require_safe
def file(request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
    """A file, or the variant of an image (`?w=480`), in whole or by range."""
    media = queries.media_for(request.viewer, pk)  # type: ignore[attr-defined]
    key, media_type = _asked_for(media, request.GET.get("w", ""))
    tag = f'"{key.rpartition("/")[2]}"'
    if request.headers.get("If-None-Match") == tag:
        return _marked(HttpResponseNotModified(), tag)
    try:
        stored = default_storage.open(key)
    except FileNotFoundError as error:
        raise NotFound("") from error
    response = _whole_or_part(request, stored, media_type, tag)
    if media.kind == Media.Kind.FILE:
        response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(media.name)}"
    return _marked(response, tag)


@login_required
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take one file (`file`) and answer with the Markdown that shows it, or with `error`: why not."""
    viewer = request.viewer  # type: ignore[attr-defined]
    given = request.FILES.get("file")
    try:
        if given is None:
            raise Invalid(_("Choose a file."))
        name = given.name or "file"
        media = actions.store_media(community=viewer.community, uploader=viewer.user, file=given, name=name)
    except Refused as refusal:
        return JsonResponse({"error": refusal.message}, status=refusal.status)
    path = presentation.media_path(media)
    shown = {"id": media.pk, "url": path, "name": media.name, "kind": media.kind}
    return JsonResponse({**shown, "markdown": markdown_for(media, path)}, status=201)


def markdown_for(media: Media, path: str) -> str:
    """What the editor inserts for a file: a picture, a player, or a link to load it."""
    stem = media.name.rpartition(".")[0]
    if media.kind == Media.Kind.IMAGE:
        return f"![{stem}]({path})"
    if media.kind in (Media.Kind.AUDIO, Media.Kind.VIDEO):
        return f'<{media.kind} controls preload="metadata" src="{path}"></{media.kind}>'
    return f"[{media.name}]({path})"


def _asked_for(media: Media, width: str) -> tuple[str, str]:
    if width in media.variants:
        return media.variants[width], "image/webp"
    return media.storage_key, media.media_type


def _whole_or_part(request: HttpRequest, stored: File, media_type: str, tag: str) -> HttpResponseBase:
    size = stored.size
    part = _range(request, size, tag)
    if part is None:
        response = FileResponse(stored, content_type=media_type)
        response["Content-Length"] = str(size)
        response["Accept-Ranges"] = "bytes"
        return response
    start, end = part
    if start > end:
        stored.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    body = StreamingHttpResponse(_read(stored, start, end), status=206, content_type=media_type)
    body["Content-Length"] = str(end - start + 1)
    body["Content-Range"] = f"bytes {start}-{end}/{size}"
    body["Accept-Ranges"] = "bytes"
    return body


def _range(request: HttpRequest, size: int, tag: str) -> tuple[int, int] | None:
    """First and last byte asked for, None for all; a range outside the file comes back as an empty one."""
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    if not match or match[0] == "bytes=-" or request.headers.get("If-Range", tag) != tag:
        return None
    if not match[1]:
        start, end = max(0, size - int(match[2])), size - 1
    else:
        start, end = int(match[1]), min(int(match[2] or size - 1), size - 1)
    return (start, end) if start <= end and start < size else (1, 0)


def _read(stored: File, start: int, end: int) -> Iterator[bytes]:
    with stored:
        stored.seek(start)
        left = end - start + 1
        while left and (chunk := stored.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk


def _marked(response: HttpResponseBase, tag: str) -> HttpResponseBase:
    response["ETag"] = tag
    response["Cache-Control"] = CACHE
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
