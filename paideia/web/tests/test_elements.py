"""The custom elements, each on a page of the gallery: what they add, and that forms work without them."""

import json
from typing import Any

import pytest

from paideia.web.tests.browsing import address, chromium, needs_browser, playwright, window

pytestmark = needs_browser
__all__ = ["address", "chromium", "window"]

Page = "playwright.Page"


def opened(window: "playwright.BrowserContext", url: str) -> Any:
    page = window.new_page()
    page.goto(url, wait_until="networkidle")
    return page


@pytest.fixture
def thread(window: "playwright.BrowserContext", address: str) -> Any:
    """A thread with the editor below it."""
    page = opened(window, f"{address}/thread?language=en")
    page.wait_for_selector("md-editor.editor-ready")
    return page


class TestTheEditor:
    def test_it_is_a_text_field_without_javascript(self, chromium: Any, address: str) -> None:
        context = chromium.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{address}/thread?language=en")
        page.get_by_role("textbox", name="Your answer").fill("plain")
        assert page.get_by_role("textbox", name="Your answer").input_value() == "plain"
        context.close()

    def test_ctrl_b_makes_the_selection_bold_and_undo_takes_it_back(self, thread: Any) -> None:
        text = thread.get_by_role("textbox", name="Your answer")
        text.fill("word")
        text.select_text()
        text.press("Control+b")
        assert text.input_value() == "**word**"
        text.press("Control+z")
        assert text.input_value() == "word"

    def test_enter_goes_on_with_a_list_and_ends_it_from_an_empty_line(self, thread: Any) -> None:
        text = thread.get_by_role("textbox", name="Your answer")
        text.press_sequentially("1. one")
        text.press("Enter")
        text.press_sequentially("two")
        text.press("Enter")
        text.press("Enter")
        assert text.input_value() == "1. one\n2. two\n"

    def test_the_toolbar_is_one_stop_of_the_tab_key(self, thread: Any) -> None:
        thread.get_by_role("button", name="Bold").focus()
        thread.keyboard.press("ArrowRight")
        assert thread.evaluate("document.activeElement.title") == "Italic (Ctrl+I)"
        thread.keyboard.press("Tab")
        assert thread.evaluate("document.activeElement.textContent") == "Write"

    def test_the_preview_is_what_the_server_renders(self, thread: Any) -> None:
        asked: list[str] = []

        def answer(route: Any) -> None:
            asked.append(route.request.post_data)
            route.fulfill(body="<p>rendered <em>there</em></p>", content_type="text/html")

        thread.route("**/preview", answer)
        thread.get_by_role("textbox", name="Your answer").fill("*there*")
        thread.get_by_role("button", name="Preview").click()
        thread.get_by_text("rendered").wait_for()
        assert thread.locator(".editor-preview").inner_html() == "<p>rendered <em>there</em></p>"
        assert asked == ["source=*there*"]

    def test_a_preview_that_fails_says_so_and_keeps_the_text(self, thread: Any) -> None:
        thread.route("**/preview", lambda route: route.fulfill(status=500, body=""))
        thread.get_by_role("textbox", name="Your answer").fill("precious")
        thread.get_by_role("button", name="Preview").click()
        thread.get_by_text("The preview could not be loaded.").wait_for()
        assert thread.get_by_role("textbox", name="Your answer").input_value() == "precious"

    def test_a_picked_file_is_uploaded_and_put_into_the_text(self, thread: Any) -> None:
        answer = {"markdown": "![map](/media/1/map.png)"}
        thread.route("**/upload", lambda route: route.fulfill(json=answer, status=201))
        thread.get_by_role("textbox", name="Your answer").fill("See: ")
        thread.locator("md-editor input[type=file]").set_input_files(
            {"name": "map.png", "mimeType": "image/png", "buffer": b"x"}
        )
        text = thread.get_by_role("textbox", name="Your answer")
        playwright.expect(text).to_have_value("See: ![map](/media/1/map.png)")

    def test_a_refused_file_leaves_the_text_as_it_was_and_gives_the_reason(self, thread: Any) -> None:
        thread.route(
            "**/upload", lambda route: route.fulfill(json={"error": "Too large: 5 MB at most."}, status=422)
        )
        thread.locator("md-editor input[type=file]").set_input_files(
            {"name": "map.png", "mimeType": "image/png", "buffer": b"x"}
        )
        thread.get_by_text("Too large: 5 MB at most.").wait_for()
        assert thread.get_by_role("textbox", name="Your answer").input_value() == ""

    def test_an_at_sign_offers_people(self, thread: Any) -> None:
        found = {
            "people": [{"handle": "tom", "name": "Tom Ashworth"}, {"handle": "tomoko", "name": "Tomoko"}]
        }
        thread.route("**/people?*", lambda route: route.fulfill(json=found))
        text = thread.get_by_role("textbox", name="Your answer")
        text.press_sequentially("Thanks @to")
        thread.get_by_role("option", name="Tom Ashworth").wait_for()
        text.press("ArrowDown")
        text.press("Enter")
        assert text.input_value() == "Thanks @tomoko "

    def test_a_closed_tab_finds_its_text_again_and_can_discard_it(
        self, window: Any, address: str, thread: Any
    ) -> None:
        thread.get_by_role("textbox", name="Your answer").press_sequentially("half a thought")
        thread.close(run_before_unload=False)
        again = opened(window, f"{address}/thread?language=en")
        again.get_by_text("This is the draft you left here").wait_for()
        assert again.get_by_role("textbox", name="Your answer").input_value() == "half a thought"
        again.get_by_role("button", name="Discard draft").click()
        assert again.get_by_role("textbox", name="Your answer").input_value() == ""
        once_more = opened(window, f"{address}/thread?language=en")
        once_more.wait_for_selector("md-editor.editor-ready")
        assert once_more.locator(".editor-draft").count() == 0


class TestTheShell:
    def test_a_menu_closes_with_escape_and_gives_the_focus_back(self, thread: Any) -> None:
        summary = thread.locator(".comment-footer details summary").first
        summary.click()
        thread.keyboard.press("ArrowDown")
        thread.keyboard.press("Escape")
        assert thread.evaluate("document.querySelector('.comment-footer details').open") is False
        assert summary.evaluate("each => each === document.activeElement") is True

    def test_a_theme_stays_on_the_next_page(self, window: Any, address: str) -> None:
        page = opened(window, f"{address}/home?language=en")
        page.locator(".account-menu > summary").click()
        page.get_by_role("button", name="Dark").click()
        assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
        later = opened(window, f"{address}/article?language=en")
        assert later.evaluate("document.documentElement.dataset.theme") == "dark"

    def test_a_dialog_opens_and_closes_without_its_script(self, window: Any, address: str) -> None:
        page = opened(window, f"{address}/parts?language=en")
        page.get_by_role("button", name="Open a dialog").click()
        dialog = page.get_by_role("dialog", name="Invite a friend")
        dialog.wait_for()
        dialog.get_by_role("button", name="Close").click()
        dialog.wait_for(state="hidden")

    def test_the_spaces_are_a_drawer_on_phones_without_javascript(self, chromium: Any, address: str) -> None:
        context = chromium.new_context(java_script_enabled=False, viewport={"width": 360, "height": 780})
        page = context.new_page()
        page.goto(f"{address}/home?language=en")
        spaces = page.get_by_role("navigation", name="Spaces")
        assert spaces.is_visible() is False
        page.locator(".tab-bar").get_by_role("button", name="Spaces").click()
        assert spaces.get_by_role("link", name="Reading notes").is_visible() is True
        context.close()

    def test_what_the_server_says_in_a_header_becomes_a_toast(self, thread: Any) -> None:
        said = {"toast": {"text": "Saved", "kind": "success"}}
        thread.route(
            "**/said", lambda route: route.fulfill(status=204, headers={"HX-Trigger": json.dumps(said)})
        )
        press(thread, "/said")
        thread.locator(".toast-success", has_text="Saved").wait_for()

    def test_an_error_page_is_told_and_not_put_into_the_page(self, thread: Any) -> None:
        body = "<!doctype html><main><p class='empty-text'>Join to write here.</p></main>"
        thread.route(
            "**/refused", lambda route: route.fulfill(status=403, body=body, content_type="text/html")
        )
        press(thread, "/refused")
        thread.locator(".toast-error", has_text="Join to write here.").wait_for()
        assert thread.locator("#probe").inner_text() == "probe"


class TestTheBeacon:
    def test_without_consent_nothing_is_sent(self, thread: Any) -> None:
        assert measured(thread, consent="no") == []

    def test_with_consent_it_tells_what_was_opened_and_read(self, thread: Any) -> None:
        happenings = measured(thread, consent="yes")
        assert [each["verb"] for each in happenings] == ["page.opened", "page.read"]
        assert {each["subject"] for each in happenings} == {"document:12"}
        assert 0 < happenings[1]["depth"] <= 1


def press(page: Any, url: str) -> None:
    """Press a button that htmx serves."""
    page.evaluate(
        """url => {
          document.querySelector('#content').insertAdjacentHTML(
            'afterbegin', `<button id="probe" type="button" hx-post="${url}">probe</button>`);
          htmx.process(document.querySelector('#content'));
        }""",
        url,
    )
    page.locator("#probe").dispatch_event("click")


def measured(page: Any, *, consent: str) -> list[dict[str, Any]]:
    """What the beacon sends between being put into the page and being taken out."""
    page.evaluate("""() => {
      window.sent = [];
      navigator.sendBeacon = (url, body) => window.sent.push(...JSON.parse(body.get('happenings')));
    }""")
    page.evaluate(
        """async consent => {
          const beacon = document.createElement('reading-beacon');
          Object.assign(beacon.dataset, {url: '/behaviour', consent, subject: 'document:12'});
          document.querySelector('#content').append(beacon);
          document.dispatchEvent(new CustomEvent('htmx:after:swap', {bubbles: true}));
          await customElements.whenDefined('reading-beacon');
          beacon.remove();
        }""",
        consent,
    )
    return page.evaluate("window.sent")
