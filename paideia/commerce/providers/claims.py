"""Reading what is said to be from a provider: strict about every part, so that whatever is malformed is one refusal
and never an error of ours."""

import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError
from django.utils import timezone

from paideia.commerce.providers import BadNotification

BODY_BYTES_MAX = 64 * 1024
FIELDS_MAX = 100
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_UNFIT = re.compile("[\0\ud800-\udfff]")  # no text in the database can hold them


class Malformed(Exception):
    """A message that lacks something, or has it in another form."""


def body_of(request: HttpRequest, types: Collection[str], *, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """The body of a request of one of these media types. Raises BadNotification: 415, 413, 400."""
    if request.content_type not in types:
        raise BadNotification(f"Send {' or '.join(types)}.", 415)
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > bytes_max:
            raise BadNotification("The message is too large.", 413)
        body = request.body
    except RequestDataTooBig:
        raise BadNotification("The message is too large.", 413) from None
    except (UnreadablePostError, ValueError):
        raise BadNotification("The message broke off.") from None
    if len(body) > bytes_max:
        raise BadNotification("The message is too large.", 413)
    return body


def fields_of(body: bytes) -> dict[str, str]:
    """The fields of a form, each named once. Raises BadNotification."""
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError:
        raise BadNotification("The message is no form.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or _UNFIT.search("".join(map("".join, pairs))):
        raise BadNotification("The message is no form.")
    return fields


def object_of(body: bytes | str) -> dict[str, Any]:
    """The JSON object that this is. Raises BadNotification."""
    try:
        found = json.loads(body, parse_constant=_no_number)
        plain = json.dumps(found, ensure_ascii=False)
    except (ValueError, RecursionError):
        raise BadNotification("The message is no JSON.") from None
    if not isinstance(found, dict) or "\\u0000" in plain or _UNFIT.search(plain):
        raise BadNotification("The message is no JSON object.")
    return found


def text(said: Mapping[str, Any], name: str, *, longest: int = 120, form: str = "") -> str:
    """A part that must be there. Raises Malformed."""
    value = said.get(name)
    if not isinstance(value, str) or not value or len(value) > longest:
        raise Malformed(name)
    if form and not re.fullmatch(form, value):
        raise Malformed(name)
    return value


def inner(said: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object within. Raises Malformed."""
    value = said.get(name)
    if not isinstance(value, dict):
        raise Malformed(name)
    return value


def amount(said: Mapping[str, Any], name: str) -> int:
    """Minor units as an integer, not below zero. Raises Malformed."""
    value = said.get(name)
    if type(value) is not int or not 0 <= value < 2**62:
        raise Malformed(name)
    return value


def currency(said: Mapping[str, Any], name: str) -> str:
    """An ISO code in capitals. Raises Malformed."""
    return text(said, name, form=r"[A-Z]{3}")


def moment(value: object, form: str = "", zone: Any = UTC) -> datetime:
    """A time that can be: ISO 8601 with its offset, or of a `strptime` form in a zone. Raises Malformed."""
    try:
        if not isinstance(value, str):
            raise ValueError
        at = datetime.strptime(value, form).replace(tzinfo=zone) if form else datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ValueError
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed("time") from None
    return plausible(at)


def plausible(at: datetime) -> datetime:
    """A time of this century, tomorrow at the latest. Raises Malformed."""
    if not EARLIEST <= at <= timezone.now() + timedelta(days=1):
        raise Malformed("time")
    return at


def seconds(value: object) -> datetime:
    """A time given in seconds since 1970. Raises Malformed."""
    if type(value) is not int or not 0 <= value < 2**40:
        raise Malformed("time")
    return plausible(datetime.fromtimestamp(value, UTC))


def _no_number(word: str) -> None:
    raise ValueError(word)


def now() -> datetime:
    return timezone.now()
