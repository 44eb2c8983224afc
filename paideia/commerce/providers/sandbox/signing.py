"""Signatures under the sandbox's notifications, as providers make them: `t=<seconds>,v1=<HMAC-SHA-256>`."""

import hashlib
import hmac
import re
import time

from django.conf import settings

from paideia.commerce.providers import BadNotification
from paideia.communities.models import Community

HEADER = "Sandbox-Signature"
AGE_SECONDS_MAX = 300
FORM = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


def sign(community: Community, body: bytes, *, at: int | None = None) -> str:
    """The header that proves that this body was sent by the sandbox to this community at that second."""
    at = int(time.time()) if at is None else at
    return f"t={at},v1={_digest(community, body, at)}"


def check(community: Community, body: bytes, header: str) -> None:
    """Raise BadNotification unless the header was made by `sign` within the last five minutes."""
    match = FORM.fullmatch(header)
    if match is None:
        raise BadNotification("The signature is missing or malformed.")
    at = int(match[1])
    if not hmac.compare_digest(_digest(community, body, at), match[2]):
        raise BadNotification("The signature does not fit the message.", 401)
    if abs(time.time() - at) > AGE_SECONDS_MAX:
        raise BadNotification("The message is too old.")


def _digest(community: Community, body: bytes, at: int) -> str:
    """Each community has a secret of its own, so that one's messages prove nothing to another."""
    secret = hmac.digest(settings.SECRET_KEY.encode(), f"sandbox:{community.pk}".encode(), hashlib.sha256)
    return hmac.new(secret, b"%d." % at + body, hashlib.sha256).hexdigest()
