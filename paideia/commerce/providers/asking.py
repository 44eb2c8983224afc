"""Requests to providers, at the addresses that the operator set: short, without redirects, never twice by
themselves. Who may ask again is decided where the idempotency key is known."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from paideia.commerce.providers import ProviderDown
from paideia.lib.refusal import Refused

if TYPE_CHECKING:
    import httpx

SECONDS_MAX = 8.0  # of silence, for each part of a request
BYTES_MAX = 64 * 2**20  # a bill of a busy day

_log = logging.getLogger(__name__)


class ProviderRefused(Refused):
    """The provider answered no. `code` is its own word for why."""

    def __init__(self, code: str, words: str = "") -> None:
        super().__init__(_("The payment provider refused this: %(reason)s") % {"reason": words or code})
        self.code = code[:60]
        self.words = words[:300]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(
    method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One request and its answer, whatever its status below 500. Raises ProviderDown otherwise."""
    import httpx  # pages that ask nobody start without it

    read = bytearray()
    try:
        with _client().stream(method, url, content=body, headers=dict(headers or {})) as response:
            for chunk in response.iter_bytes():
                read += chunk
                if len(read) > BYTES_MAX:
                    raise httpx.DecodingError("too large")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        _log.warning("provider did not answer: %s %s: %s", method, _bare(url), type(error).__name__)
        raise ProviderDown from None
    if response.status_code >= 500:
        _log.warning("provider is out of order: %s %s: %s", method, _bare(url), response.status_code)
        raise ProviderDown
    return Answer(response.status_code, response.headers, bytes(read))


@cache
def _client() -> "httpx.Client":
    """Connections are kept: shaking hands costs more than asking."""
    import httpx

    for name in ("httpx", "httpcore"):  # they write whole addresses, and some hold secrets
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.Client(
        timeout=httpx.Timeout(SECONDS_MAX, connect=4.0), follow_redirects=False, trust_env=False
    )


def _bare(url: str) -> str:
    """Without the query, which may hold names and signatures."""
    return url.partition("?")[0]
