"""Headers that keep pages from running what is not ours, and refusals turned into answers."""

from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from paideia.lib.refusal import NotFound, Refused
from paideia.web.errors import bad_request, not_found

Handler = Callable[[HttpRequest], HttpResponse]

FRAMES = "https://www.youtube-nocookie.com https://player.vimeo.com https://player.bilibili.com"
# KaTeX positions glyphs with style attributes; no <style> or <script> in a page is ever trusted.
POLICY = (
    "default-src 'self'; script-src 'self'; style-src-elem 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' https: data: blob:; media-src 'self' https: blob:; font-src 'self'; connect-src 'self'; "
    f"frame-src 'self' {FRAMES}; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class SecurityHeaders:
    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"
        )
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "private, no-cache"
        return response


class Refusals:
    """`Refused` raised by an action becomes a page (or, for htmx, a notice) with its status and what to do; so does
    a character that no text in the database can hold."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, DataError) and "NUL" in str(error):  # whatever parameter it came in
            return bad_request(request, error)
        if not isinstance(error, Refused):
            return None
        if isinstance(error, NotFound) and "HX-Request" not in request.headers:
            return not_found(request, error)
        template = "web/_refusal.html" if "HX-Request" in request.headers else "web/refusal.html"
        return render(
            request, template, {"message": error.message, "status": error.status}, status=error.status
        )
