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
from paideia.commerce.providers.breaker import breaker_of
from paideia.lib.refusal import Refused

if TYPE_CHECKING:
    import httpx

SECONDS_MAX = 8.0  # of silence, for each part of a request
SECONDS_MAX_IN_ALL = 120.0
SECONDS_MAX_ON_PAGES = 2.5  # for all that a page asks, where a buyer waits for it
BYTES_MAX = 64 * 2**20  # a bill of a busy day

_log = logging.getLogger(__name__)


class ProviderRefused(Refused):
    """The provider answered no. `code` is its own word for why."""

    def __init__(self, code: str, words: str = "") -> None:
        super().__init__(_("The payment provider refused this: %(reason)s") % {"reason": words or code})
        self.code = code[:60]
        self.words = words[:300]


_until: ContextVar[float | None] = ContextVar("until", default=None)  # when the page that waits must answer


@contextmanager
def while_somebody_waits() -> Iterator[None]:
    """Around questions on whose answers a page waits: it rather says that the order is kept."""
    token = _until.set(time.monotonic() + SECONDS_MAX_ON_PAGES)
    try:
        yield
    finally:
        _until.reset(token)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(
    method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One request and its answer, whatever its status below 500. Raises ProviderDown otherwise."""
    breaker, page = breaker_of(url), _until.get()
    if page is not None and not breaker.lets_a_page_ask():
        raise ProviderDown
    seconds = SECONDS_MAX if page is None else max(page - time.monotonic(), 0.01)
    until = time.monotonic() + SECONDS_MAX_IN_ALL if page is None else page
    try:
        answer = _asked(method, url, body, headers, seconds, until)
    except ProviderDown:
        breaker.failed()
        raise
    breaker.answered()
    return answer


def _asked(
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str] | None,
    seconds: float,
    until: float,
) -> Answer:
    import httpx  # pages that ask nobody start without it

    read = bytearray()
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
    """A connection for each question, though shaking hands costs more than asking: what is left over on one, an
    answer that came twice, would be read as the answer to the next question."""
    import httpx

    for name in ("httpx", "httpcore"):  # they write whole addresses, and some hold secrets
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.Client(
        follow_redirects=False, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
    )


def _bare(url: str) -> str:
    """Without the query, which may hold names and signatures."""
    return url.partition("?")[0]
