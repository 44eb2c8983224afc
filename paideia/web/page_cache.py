"""Whole pages for strangers, kept in the process. Sound because the key holds the community's version, which the
database raises in the very transaction that changes anything a stranger may see (communities/touch.py)."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from paideia.accounts.middleware import preferred_language

SECONDS_MAX = 30  # pages also change with the clock: scheduled works appear
BYTES_MAX = 32 * 1024 * 1024

Key = tuple[object, ...]


class _Pages:
    """Least recently used pages, up to BYTES_MAX of bodies."""

    def __init__(self) -> None:
        self.pages: OrderedDict[Key, tuple[float, bytes, dict[str, str]]] = OrderedDict()
        self.bytes = 0
        self.lock = Lock()

    def get(self, key: Key) -> HttpResponse | None:
        with self.lock:
            page = self.pages.get(key)
            if page is None or page[0] < time.monotonic():
                return None
            self.pages.move_to_end(key)
        response = HttpResponse(page[1])
        response.headers.update(page[2])
        return response

    def put(self, key: Key, response: HttpResponse) -> None:
        page = (time.monotonic() + SECONDS_MAX, response.content, dict(response.headers))
        with self.lock:
            if old := self.pages.pop(key, None):
                self.bytes -= len(old[1])
            self.pages[key] = page
            self.bytes += len(page[1])
            while self.bytes > BYTES_MAX:
                self.bytes -= len(self.pages.popitem(last=False)[1][1])

    def clear(self) -> None:
        with self.lock:
            self.pages.clear()
            self.bytes = 0


pages = _Pages()


class AnonymousPageCache:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        community = getattr(request, "community", None)
        if (
            community is None
            or request.method != "GET"
            or settings.SESSION_COOKIE_NAME in request.COOKIES
            or "messages" in request.COOKIES
            or "HX-Request" in request.headers
        ):
            return self.get_response(request)
        key = (
            request.get_host(),
            request.is_secure(),
            request.get_full_path(),
            preferred_language(request),
            community.pk,
            community.version,
        )
        if page := pages.get(key):
            return page
        response = self.get_response(request)
        if getattr(response, "same_for_strangers", False) and response.status_code == 200 and not response.cookies:
            pages.put(key, response)
        return response
