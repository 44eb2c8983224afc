"""The gallery in a browser: nothing serious for axe, nothing wider than the screen, nothing refused."""

from pathlib import Path

import pytest

from paideia.web import gallery
from paideia.web.tests.browsing import address, chromium, needs_browser, playwright

AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
__all__ = ["address", "chromium"]


class TestEachPage:
    pytestmark = [*needs_browser, pytest.mark.parametrize("name", gallery.PAGES)]

    @pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci")
    @pytest.mark.parametrize(
        ("width", "scheme"), [(360, "light"), (1280, "light"), (1280, "dark"), (360, "dark")]
    )
    def test_it_has_nothing_serious_for_axe(
        self, chromium: "playwright.Browser", address: str, name: str, width: int, scheme: str
    ) -> None:
        page = opened(chromium, f"{address}/{name}?language=en", width, scheme)
        page.evaluate(f"() => {{ {AXE.read_text(encoding='utf-8')} }}")
        found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
        serious = [
            (each["id"], node["html"], node["failureSummary"])
            for each in found
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]
        page.context.close()
        assert serious == []

    @pytest.mark.parametrize(
        ("width", "language"), [(360, "zh-hans"), (360, "en"), (768, "en"), (1280, "zh-hans")]
    )
    def test_it_fits_the_screen(
        self, chromium: "playwright.Browser", address: str, name: str, width: int, language: str
    ) -> None:
        page = opened(chromium, f"{address}/{name}?language={language}", width)
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        page.context.close()
        assert wide == width

    def test_the_security_policy_refuses_nothing_of_ours(
        self, chromium: "playwright.Browser", address: str, name: str
    ) -> None:
        page = chromium.new_context().new_page()
        refused: list[str] = []
        page.on(
            "console",
            lambda line: refused.append(line.text) if "Content Security Policy" in line.text else None,
        )
        failed: list[str] = []
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.goto(f"{address}/{name}?brand=%23c2185b", wait_until="networkidle")
        page.context.close()
        assert (refused, failed) == ([], [])

    def test_what_a_finger_must_hit_is_44_pixels(
        self, chromium: "playwright.Browser", address: str, name: str
    ) -> None:
        page = opened(chromium, f"{address}/{name}?language=en", 360, touch=True)
        small = page.evaluate(TOO_SMALL, [INLINE, ALWAYS, EXEMPT])
        page.context.close()
        assert small == []


# Links inside sentences are exempt (WCAG 2.5.8, inline); a box grown by ::after or ::before counts in full.
INLINE = "p, li, td, dd, .contents, .prose, video-player, .person-text, .byline, .meta"
ALWAYS = ".button, .icon-button, .tabs a, .reaction"
EXEMPT = ".button-link, .input-group input, .skip-link, .stretched, [type=checkbox], [type=radio], th a"
TOO_SMALL = """([inline, always, exempt]) => {
  const asked = 'a, button, summary, select, input:not([type=hidden])';
  const counts = (each) => each.checkVisibility({visibilityProperty: true}) && !each.matches(exempt)
    && (!each.closest(inline) || each.matches(always));
  const grown = (each) => Math.max(0, ...['::after', '::before'].map((name) => getComputedStyle(each, name))
    .filter((style) => style.position === 'absolute').map((style) => -2 * parseFloat(style.top) || 0));
  return [...document.querySelectorAll(asked)].filter(counts)
    .filter((each) => each.offsetHeight && each.offsetHeight + grown(each) < 43.5)
    .map((each) => each.outerHTML.slice(0, 120));
}"""


def opened(
    chromium: "playwright.Browser", url: str, width: int, scheme: str = "light", *, touch: bool = False
) -> "playwright.Page":
    """The page with everything lazy loaded and every animation over."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
        has_touch=touch,
        is_mobile=touch,
    )
    page = context.new_page()
    page.goto(url, wait_until="networkidle")
    return page


def test_a_page_says_what_it_is_in_both_languages() -> None:
    assert '<html lang="zh-hans"' in gallery.render_page("home", "zh-hans")
    assert '<html lang="en"' in gallery.render_page("home", "en")
