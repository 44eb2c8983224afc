"""Reading behaviour, told by the browser in batches: only of those who said yes, only of what they may know of.

Nothing that arrives is trusted: unknown things are dropped, numbers brought into their range.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from paideia.access.viewer import Viewer
from paideia.accounts.consents import allows_behaviour
from paideia.activity.actions import Happening, record_many
from paideia.content.models import Document

BODY_BYTES_MAX = 32 * 1024
BATCH_MAX = 50
BATCHES_A_MINUTE_MAX = 30
AGE_MAX = timedelta(days=1)
SECONDS_MAX = 3600  # of one report; browsers send several a minute
POSITION_MAX = 24 * 3600
TEXT_MAX = 200
VERBS = {
    "page.opened": "page.opened",
    "page.read": "page.read",
    "video.started": "video.watched",
    "video.paused": "video.watched",
    "video.ended": "video.watched",
    "video.moved": "video.watched",
}


@require_POST
def behaviour(request: HttpRequest) -> HttpResponse:
    """Take in a batch (`happenings`, a JSON list). Answers 204 whether anything was kept or not; 413 and 429 for
    too much, 400 for what is no batch."""
    viewer = request.viewer  # type: ignore[attr-defined]
    if int(request.headers.get("Content-Length") or 0) > BODY_BYTES_MAX:
        return HttpResponse(status=413)
    if viewer.user is None or not viewer.may_enter or not allows_behaviour(viewer.user):
        return HttpResponse(status=204)
    if _is_too_often(viewer.user.pk):
        return HttpResponse(status=429)
    try:
        told = json.loads(request.POST.get("happenings", ""))
    except ValueError:
        return HttpResponse(status=400)
    if not isinstance(told, list) or len(told) > BATCH_MAX:
        return HttpResponse(status=400)
    record_many(happenings(viewer, told))
    return HttpResponse(status=204)


def happenings(viewer: Viewer, told: Iterable[object]) -> list[Happening]:
    """What can be kept of a batch: known verbs, about documents that this viewer may know of."""
    known = [(one, _document_of(one)) for one in told if isinstance(one, dict) and _verb_of(one)]
    asked = {document for _one, document in known if document is not None}
    listed = (
        set(Document.objects.listed_to(viewer).filter(pk__in=asked).values_list("pk", flat=True))
        if asked
        else set()
    )
    now = timezone.now()
    return [
        Happening(
            VERBS[one["verb"]],
            community_id=viewer.community.pk,
            actor_id=viewer.user_id,
            object_kind="document" if document is not None else "",
            object_id=document,
            occurred_at=_moment(one.get("at"), now),
            detail=_detail(one),
        )
        for one, document in known
        if document is None or document in listed
    ]


def _is_too_often(user_id: int) -> bool:
    key = f"behaviour:{user_id}:{timezone.now():%H%M}"
    if cache.add(key, 1, timeout=90):
        return False
    try:
        return cache.incr(key) > BATCHES_A_MINUTE_MAX
    except ValueError:  # it ran out between the two
        return False


def _verb_of(one: dict[str, Any]) -> bool:
    return isinstance(one.get("verb"), str) and one["verb"] in VERBS


def _document_of(one: dict[str, Any]) -> int | None:
    kind, _colon, number = str(one.get("subject", ""))[:40].partition(":")
    return (
        int(number)
        if kind == "document" and number.isascii() and number.isdecimal() and len(number) < 19
        else None
    )


def _moment(said: object, now: datetime) -> datetime:
    """When it happened by the browser's clock, which may be wrong: within the last day, or now."""
    try:
        at = parse_datetime(str(said)[:40])
    except ValueError:
        return now
    return at if at is not None and timezone.is_aware(at) and now - AGE_MAX <= at <= now else now


def _detail(one: dict[str, Any]) -> dict[str, Any]:
    """Only what belongs to the verb, in range."""
    verb = one["verb"]
    detail: dict[str, Any] = {}
    if (path := _path(one.get("path"))) is not None:
        detail["path"] = path
    if verb == "page.opened":
        if isinstance(one.get("referrer"), str) and one["referrer"]:
            detail["referrer"] = one["referrer"].replace("\x00", "")[:TEXT_MAX]
        detail["width"] = _number(one.get("width"), 10_000)
    elif verb == "page.read":
        detail["seconds"] = _number(one.get("seconds"), SECONDS_MAX)
        detail["depth"] = round(_number(one.get("depth"), 1), 2)
    else:
        detail["what"] = verb.removeprefix("video.")
        detail["position"] = _number(one.get("position"), POSITION_MAX)
        detail["length"] = _number(one.get("length"), POSITION_MAX)
    return detail


def _path(said: object) -> str | None:
    return said.replace("\x00", "")[:TEXT_MAX] if isinstance(said, str) and said.startswith("/") else None


def _number(said: object, most: float) -> float:
    """A number from 0 to `most`; 0 for what is none."""
    if isinstance(said, bool) or not isinstance(said, int | float) or said != said:
        return 0
    return min(max(said, 0), most)
