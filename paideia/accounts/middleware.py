"""The language and the time zone of each request, and leaving for other sites."""

import zoneinfo
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

Handler = Callable[[HttpRequest], HttpResponse]


def preferred_language(request: HttpRequest) -> str:
    """A stranger's language: their own choice, else their browser's, else the community's."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if chosen in dict(settings.LANGUAGES):
        return chosen
    community = getattr(request, "community", None)
    fallback = community.language if community else settings.LANGUAGE_CODE
    accepted = request.META.get("HTTP_ACCEPT_LANGUAGE", "")
    return translation.get_language_from_request(request) if accepted else fallback


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The time zone of this name; the installation's where the name is none (any more)."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)


class LocaleMiddleware:
    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        translation.activate(preferred_language(request))
        community = getattr(request, "community", None)
        timezone.activate(zone(community.time_zone if community else settings.TIME_ZONE))
        response = self.get_response(request)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        response.headers.setdefault("Content-Language", translation.get_language())
        return response


class PreferencesMiddleware:
    """A signed-in person's own language and time zone win. Costs a stranger nothing."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            if request.user.language:
                translation.activate(request.user.language)
            if request.user.time_zone:
                timezone.activate(zone(request.user.time_zone))
        return self.get_response(request)


class LeavingMiddleware:
    """A form whose answer leads to another site (a way to sign in, a payment page) shows a page that goes there.

    Our policy lets forms lead to ourselves only (`form-action 'self'`), and browsers hold redirects to it: so an
    injected form sends nothing away, and we leave by a page of our own.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method != "POST" or response.status_code not in (302, 303):
            return response
        address = response.headers.get("Location", "")
        host = urlsplit(address).netloc
        if not host or host == request.get_host() or urlsplit(address).scheme not in ("http", "https"):
            return response
        page = render(request, "accounts/leaving.html", {"address": address, "host": host})
        page.cookies = response.cookies
        page.headers["Referrer-Policy"] = "no-referrer"
        return page
