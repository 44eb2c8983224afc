"""The whole product standing up for a browser: one database, one server, one Chromium for a folder of tests."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.signals import got_request_exception
from django.db import connections
from django.test import Client, TransactionTestCase

from paideia.accounts.models import User
from paideia.lib import jinja

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
NEEDS_BROWSER = [
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"no browser at {CHROMIUM}; set CHROMIUM"),
    pytest.mark.skipif(not jinja.asset("app.js"), reason="the assets are not built: npm ci && npm run build"),
]
# Said by Chromium itself where the answer is the one that the test asked for.
EXPECTED = ("Failed to load resource: the server responded with a status of 4",)


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass(slots=True)
class Site:
    """A server on the test database, and the errors it met."""

    address: str
    errors: list[str] = field(default_factory=list)


@contextmanager
def standing(blocker: Any) -> Iterator[Site]:
    """A server on a database that is committed to, and renewed afterwards."""
    with blocker.unblock():
        server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
        server.daemon_threads = True
        server.set_app(WSGIHandler())
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        site = Site(f"http://127.0.0.1:{server.server_port}")
        before, settings.BASE_URL = settings.BASE_URL, site.address

        def note(sender: object, request: Any, **rest: object) -> None:
            import sys

            site.errors.append(f"{request.method} {request.path}: {sys.exc_info()[1]!r}")

        got_request_exception.connect(note)
        try:
            yield site
        finally:
            got_request_exception.disconnect(note)
            settings.BASE_URL = before
            server.shutdown()
            server.server_close()
            thread.join()
            TransactionTestCase._fixture_teardown(None)


@contextmanager
def chromium() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
        # Django's connections are others while Playwright's loop runs in this thread: nobody else closes them
        # before their database is taken away.
        connections.close_all()


class Visit:
    """A browser of somebody: their pages, and whatever went wrong on them."""

    def __init__(
        self, browser: Any, site: Site, *, user: User | None = None, language: str = "en", **context: Any
    ) -> None:
        context = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **context}
        self.site, self.language = site, language
        self.context = browser.new_context(base_url=site.address, **context)
        self.context.set_default_timeout(30_000)
        cookies = {settings.LANGUAGE_COOKIE_NAME: language}
        if user is not None:
            client = Client()
            client.force_login(user)
            cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.context.add_cookies([{"name": n, "value": v, "url": site.address} for n, v in cookies.items()])
        self.wrong: list[str] = []
        self.page = self.new_page()

    def new_page(self) -> Any:
        page = self.context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        return page

    def _hear(self, line: Any) -> None:
        if line.type in ("error", "warning") and not line.text.startswith(EXPECTED):
            self.wrong.append(f"{line.location.get('url', '')}: {line.text}")

    def close(self) -> None:
        with suppress(Exception):
            self.context.close()


@contextmanager
def visit(browser: Any, site: Site, **rest: Any) -> Iterator[Visit]:
    """A visit that must end without an error in the console, a refusal of the policy or an error of the server."""
    here = Visit(browser, site, **rest)
    before = len(site.errors)
    try:
        yield here
    except BaseException:
        print("at", here.page.url, "wrong:", here.wrong, site.errors[before:])
        raise
    finally:
        here.close()
    assert here.wrong == []
    assert site.errors[before:] == []
