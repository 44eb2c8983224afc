"""Requests to providers, at the addresses that the operator set: short, without redirects, never twice by
themselves. Who may ask again is decided where the idempotency key is known."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from paideia.commerce.providers import ProviderDown
from paideia.lib.refusal import Refused

if TYPE_CHECKING:
    import httpx

SECONDS_MAX = 8.0  # of silence, for each part of a request
SECONDS_MAX_IN_ALL = 120.0
SECONDS_MAX_ON_PAGES = 2.5  # in all, where a buyer waits for it
BYTES_MAX = 64 * 2**20  # a bill of a busy day

_log = logging.getLogger(__name__)


class ProviderRefused(Refused):
    """The provider answered no. `code` is its own word for why."""

    def __init__(self, code: str, words: str = "") -> None:
        super().__init__(_("The payment provider refused this: %(reason)s") % {"reason": words or code})
        self.code = code[:60]
        self.words = words[:300]


_seconds: ContextVar[float] = ContextVar("seconds", default=SECONDS_MAX)


@contextmanager
def while_somebody_waits() -> Iterator[None]:
    """Around questions on whose answer a page waits: it rather says that the order is kept."""
    token = _seconds.set(SECONDS_MAX_ON_PAGES)
    try:
        yield
    finally:
        _seconds.reset(token)


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

    read, seconds = bytearray(), _seconds.get()
    until = time.monotonic() + (SECONDS_MAX_IN_ALL if seconds == SECONDS_MAX else seconds)
    limits = httpx.Timeout(seconds, connect=min(seconds, 4.0))
    try:
        with _client().stream(
            method, url, content=body, headers=dict(headers or {}), timeout=limits
        ) as response:
            for chunk in response.iter_bytes():
                read += chunk
                if len(read) > BYTES_MAX:
                    raise httpx.DecodingError("too large")
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("drop by drop")
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
    return httpx.Client(follow_redirects=False, trust_env=False)


def _bare(url: str) -> str:
    """Without the query, which may hold names and signatures."""
    return url.partition("?")[0]
