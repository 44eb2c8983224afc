"""The main job: a stranger reads a preview, signs up, pays, reads on, comments, and hears of the answer."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import transaction

from paideia.access.viewer import look
from paideia.accounts.models import User
from paideia.activity.readers import run_once
from paideia.content.models import Document
from paideia.discussions.actions import post_comment
from paideia.discussions.models import Comment
from tests.journeys.place import Place
from tests.journeys.site import NEEDS_BROWSER, Visit
from tests.journeys.steps import button, fill_in_who_one_is, link, pay_in_the_sandbox, say, write

pytestmark = [*NEEDS_BROWSER, pytest.mark.xdist_group("journeys")]
LANGUAGES = ["zh-hans", "en"]


def article_path(place: Place) -> str:
    return f"{place.root}articles/{place.rows['article'].pk}/"


def is_in_sight(here: Visit, selector: str) -> bool:
    """Whether the top of something is on the screen now."""
    found = here.page.evaluate(
        "(at) => { const box = document.querySelector(at).getBoundingClientRect();"
        " return box.top > -2 && box.top < innerHeight }",
        selector,
    )
    return bool(found)


def buy(here: Visit, place: Place, handle: str) -> None:
    """From the preview through the shop, back to the very line."""
    here.page.goto(article_path(place))
    assert here.page.get_by_text("Before the line everybody reads.").is_visible()
    assert "The first paid line." not in here.page.content()
    link(here, "Get access").click()
    here.page.wait_for_url("**/checkout/**")
    fill_in_who_one_is(here, handle)
    pay_in_the_sandbox(here)
    here.page.wait_for_url("**/articles/*/#paywall")
    here.page.get_by_text("The first paid line.").wait_for()
    assert urlsplit(here.page.url).path == article_path(place)
    assert is_in_sight(here, "#paywall")


def answer(place: Place, handle: str, text: str) -> None:
    """The owner answers what this person said last; the readers of facts then do their work."""
    said = Comment.objects.filter(document__author__handle=handle).latest("pk")
    viewer = look(place.community, place.people["owner"])
    post_comment(viewer=viewer, root=said.root, source=text, parent=said)
    with transaction.atomic():  # so that the readers wait for no test in another database of the server
        run_once()


def told_of_the_reply(here: Visit, place: Place) -> Any:
    """The notification that the owner answered."""
    title = Document.objects.get(pk=place.rows["article"].pk).title
    name = place.people["owner"].shown_name
    words = say(here, "%(name)s replied to you in “%(title)s”", name=name, title=title)
    return here.page.get_by_role("link", name=words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stranger_becomes_a_reader_and_hears_of_the_answer(
    place: Place, visiting: Callable[..., Any], language: str
) -> None:
    handle = f"lin-{language[:2]}"
    with visiting(language=language) as here:
        buy(here, place, handle)
        here.page.locator("#talk-here").scroll_into_view_if_needed()
        here.page.locator("#reply md-editor.editor-ready").wait_for()
        write(here, f"Said by {handle}")
        button(here, "Post").click()
        here.page.locator(".comment", has_text=f"Said by {handle}").wait_for()
        answer(place, handle, "Thank you for this")
        here.page.goto(place.root)
        here.page.locator(".top-bell .count").wait_for()
        here.page.locator(".top-bell").click()
        told_of_the_reply(here, place).first.click()
        here.page.get_by_text("Thank you for this").wait_for()
    assert User.objects.get(handle=handle).memberships.get().community == place.community


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_main_job_works_without_javascript(
    place: Place, visiting: Callable[..., Any], language: str
) -> None:
    handle = f"wu-{language[:2]}"
    with visiting(language=language, java_script_enabled=False) as here:
        here.page.goto(article_path(place))
        link(here, "Get access").click()
        fill_in_who_one_is(here, handle)
        pay_in_the_sandbox(here)
        here.page.wait_for_url("**/articles/*/#paywall")
        here.page.get_by_text("The first paid line.").wait_for()
        link(here, "Read and write comments").click()
        write(here, "Without any script")
        button(here, "Post").click()
        here.page.locator(".comment", has_text="Without any script").first.wait_for()
        answer(place, handle, "It works")
        here.page.goto(place.root)
        here.page.locator(".top-bell").click()
        told_of_the_reply(here, place).first.click()
        here.page.get_by_text("It works").first.wait_for()


# On the element itself, or on the editor that is drawn around it.
FOCUS_SHOWS = """() => ['outlineStyle', 'boxShadow'].some((each) => [document.activeElement,
  document.activeElement.closest('md-editor') ?? document.activeElement]
    .some((node) => getComputedStyle(node)[each] !== 'none'))"""


def press_until(here: Visit, selector: str, *, key: str = "Tab", most: int = 120) -> None:
    """Press a key until the focus is on what is looked for, as somebody without a mouse does."""
    for _step in range(most):
        if here.page.evaluate("(at) => Boolean(document.activeElement?.matches(at))", selector):
            assert here.page.evaluate(FOCUS_SHOWS), f"no focus to be seen on {selector}"
            return
        here.page.keyboard.press(key)
    raise AssertionError(f"{most} × {key} never reached {selector}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_paying_and_posting_need_no_mouse(place: Place, visiting: Callable[..., Any], language: str) -> None:
    from tests.cast import let_in, person

    buyer = let_in(place.community, person(f"key-{language[:2]}"))
    with visiting(language=language, user=buyer) as here:
        here.page.goto(article_path(place))
        press_until(here, ".shop-window a.button-primary")
        here.page.keyboard.press("Enter")
        here.page.wait_for_url("**/checkout/**")
        press_until(here, "form[action*=checkout] button[name=buy]")
        here.page.keyboard.press("Enter")
        here.page.wait_for_url("**/sandbox/**")
        press_until(here, "main form button")
        here.page.keyboard.press("Enter")
        here.page.wait_for_url("**/articles/*/#paywall")
        here.page.get_by_text("The first paid line.").wait_for()
        here.page.locator("#talk-here").scroll_into_view_if_needed()
        here.page.locator("#reply md-editor.editor-ready").wait_for()
        press_until(here, "#reply textarea[name=source]")
        here.page.keyboard.type(f"Typed only, {language}")
        press_until(here, "#reply .button-primary")
        here.page.keyboard.press("Enter")
        here.page.locator(".comment", has_text=f"Typed only, {language}").wait_for()
