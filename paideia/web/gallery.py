"""Every part on a few pages, in both languages, without a database: `python -m paideia.web.gallery`.

For looking at the whole while changing a piece, and for the tests that look at it with axe. The pages are
served with the same security headers as the real ones.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

PAGES = ("parts", "home", "article", "thread", "manage", "sign-in", "forms")
NOON = dt.datetime(2026, 3, 18, 4, 0, tzinfo=dt.UTC)


def render_page(page: str, language: str = "zh-hans", *, brand: str = "") -> str:
    """One page of the gallery as HTML. Needs Django's settings and no database."""
    from django.template import engines
    from django.urls import clear_script_prefix, set_script_prefix, set_urlconf
    from django.utils import translation

    from paideia.web.gallery_words import words

    said = words(language)
    set_urlconf("paideia.config.community_urls")
    set_script_prefix("/c/gallery/")
    try:
        with translation.override(language):
            template = engines["paideia"].get_template(f"web/gallery/{page}.html")
            return template.render(_context(said, language, brand))
    finally:
        clear_script_prefix()
        set_urlconf(None)


def _context(said: dict[str, Any], language: str, brand: str) -> dict[str, Any]:
    from paideia.lib.jinja import drawings
    from paideia.web.shell import shell

    return {
        **said,
        "t": lambda chinese, english: chinese if language.startswith("zh") else english,
        "community": {**said["community"], "accent": brand},
        "user": said["people"][0] | {"is_authenticated": True, "handle": "linwan", "theme": "system"},
        "viewer": Everything(),
        "unread_count": 3,
        "LANGUAGE_CODE": language,
        "link": _link,
        "shell": shell,
        "csrf_input": "",
        "csrf_token": "gallery",
        "now": NOON,
        "drawings": sorted(drawings()),
        "days": [_day(place) for place in range(199)],
    }


def _day(place: int) -> dict[str, Any]:
    return {"date": dt.date(2025, 9, 1) + dt.timedelta(place), "count": (place * place * 7 + place) % 11}


def _link(name: str, *args: Any, **kwargs: Any) -> str:
    """Every entry of the shell, also of rooms that this installation lacks."""
    from paideia.lib.jinja import link

    return link(name, *args, **kwargs) or f"/c/gallery/{name}/"


class Everything:
    """A viewer who may see every entry of the shell."""

    is_member = True

    def may(self, permission: str) -> bool:
        return True


class Handler(BaseHTTPRequestHandler):
    """Serves the pages at /<page>?language=en&brand=%23aa0000 and the static files."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query)
        page = parts.path.strip("/") or "parts"
        if parts.path.startswith("/static/"):
            self._send_file(parts.path.removeprefix("/static/"))
        elif "/theme/" in parts.path:
            from paideia.lib.colour import theme_css

            self._send(theme_css("#" + Path(parts.path).stem).encode(), "text/css")
        elif page in PAGES:
            html = render_page(page, asked.get("language", ["zh-hans"])[0], brand=asked.get("brand", [""])[0])
            self._send(html.encode(), "text/html; charset=utf-8")
        else:
            self.send_error(404)

    def _send_file(self, name: str) -> None:
        from django.contrib.staticfiles import finders

        found = finders.find(name)
        if found is None:
            return self.send_error(404)
        self._send(Path(str(found)).read_bytes(), guess_type(name)[0] or "application/octet-stream")

    def _send(self, body: bytes, kind: str) -> None:
        from paideia.web.middleware import POLICY

        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: what is asked for shows in the browser."""


@contextmanager
def serving(port: int = 0) -> Iterator[str]:
    """The gallery's address while the block runs."""
    from threading import Thread

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "paideia.config.settings")
    django.setup()
    with serving(int(os.environ.get("PORT", "8123"))) as address:
        for page in PAGES:
            print(f"{address}/{page}?language=zh-hans", f"{address}/{page}?language=en")
        input("Enter ends. ")


if __name__ == "__main__":
    main()
