"""A browser and the gallery, for tests of what pages do in one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from paideia.lib import jinja
from paideia.web import gallery

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
needs_browser = [
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"no browser at {CHROMIUM}; set CHROMIUM"),
    pytest.mark.skipif(not jinja.asset("app.js"), reason="the assets are not built: npm ci && npm run build"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with gallery.serving() as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: "playwright.Browser") -> Iterator["playwright.BrowserContext"]:
    """A fresh profile: nothing kept from other tests."""
    context = chromium.new_context(reduced_motion="reduce", permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(5000)
    yield context
    context.close()
