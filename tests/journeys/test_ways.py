"""Other ways through the house: invited, taught, answered, interrupted."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cast import let_in, person
from tests.journeys.place import Place
from tests.journeys.site import NEEDS_BROWSER
from tests.journeys.steps import button, link, say, sign_up, write

pytestmark = [*NEEDS_BROWSER, pytest.mark.xdist_group("journeys")]
LANGUAGES = ["zh-hans", "en"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_owner_passes_a_link_on_and_who_follows_it_is_in(
    place: Place, visiting: Callable[..., Any], language: str
) -> None:
    handle = f"guest-{language[:2]}"
    with visiting(language=language, user=place.people["owner"]) as owner:
        owner.page.goto(f"{place.root}manage/invitations/")
        button(owner, "Invite").click()
        address = owner.page.get_by_label(say(owner, "Link"), exact=True).input_value()
    with visiting(language=language) as guest:
        guest.page.goto(address)
        assert guest.page.get_by_text(place.people["owner"].shown_name).first.is_visible()
        link(guest, "Sign up").click()
        sign_up(guest, handle)
        guest.page.wait_for_url(f"**{place.root}**")
        if "/invitations/" in guest.page.url and button(guest, "Accept and join").count():
            button(guest, "Accept and join").click()
        guest.page.goto(f"{place.root}members/")
        guest.page.locator("main").get_by_text(handle).first.wait_for()
    assert place.community.memberships.filter(user__handle=handle, left_at=None).count() == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_learner_takes_a_lesson_and_its_quiz_and_sees_how_far_they_are(
    place: Place, visiting: Callable[..., Any], language: str
) -> None:
    learner = let_in(place.community, person(f"learner-{language[:2]}"))
    course = place.rows["course"].pk
    with visiting(language=language, user=learner) as here:
        here.page.goto(f"{place.root}courses/{course}/")
        here.page.get_by_role("link", name="Why Plain").first.click()
        button(here, "Done, go on").click()
        here.page.wait_for_url(f"**/lessons/{place.rows['quiz'].pk}/**")
        here.page.get_by_label("Three Plain").check()
        button(here, "Check my answers").click()
        here.page.get_by_text(say(here, "%(right)s of %(all)s right", right=0, all=1)).wait_for()
        link(here, "Try again").click()
        here.page.get_by_label("Four Plain").check()
        button(here, "Check my answers").click()
        here.page.get_by_text(say(here, "%(right)s of %(all)s right", right=1, all=1)).wait_for()
        here.page.get_by_text("Count them Plain").wait_for()
        here.page.goto(f"{place.root}courses/{course}/")
        progress = say(here, "%(done)s of %(all)s lessons done", done=2, all=3)
        here.page.locator(".course-progress:visible").get_by_text(progress).wait_for()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_is_asked_answered_and_accepted(
    place: Place, visiting: Callable[..., Any], language: str
) -> None:
    asker = let_in(place.community, person(f"asker-{language[:2]}"))
    title = f"Which way {language}?"
    with visiting(language=language, user=asker) as here:
        here.page.goto(f"{place.root}spaces/ask/threads/new/")
        here.page.locator("md-editor.editor-ready").wait_for()
        here.page.locator("[name=title]").fill(title)
        here.page.locator("textarea[name=source]").fill("I am lost.")
        button(here, "Ask").click()
        here.page.get_by_role("heading", name=title).wait_for()
        address = here.page.url
    with visiting(language=language, user=place.people["member"]) as helper:
        helper.page.goto(address)
        write(helper, "Go north.")
        button(helper, "Post answer").click()
        helper.page.locator(".comment", has_text="Go north.").wait_for()
    with visiting(language=language, user=asker) as here:
        here.page.goto(address)
        link(here, "More about this comment").click()
        button(here, "Accept this answer").click()
        here.page.goto(address)
        accepted = here.page.locator(".comment", has_text="Go north.")
        accepted.get_by_text(say(here, "Accepted answer")).wait_for()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_being_written_is_there_again_after_the_tab_was_closed(
    place: Place, visiting: Callable[..., Any], language: str
) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    writer = let_in(place.community, person(f"writer-{language[:2]}"))
    address = f"{place.root}spaces/hall/threads/new/"
    with visiting(language=language, user=writer) as here:
        here.page.goto(address)
        here.page.locator("md-editor.editor-ready textarea").press_sequentially("Half a thought")
        with here.page.expect_response("**/drafts/"):
            here.page.evaluate("document.activeElement.blur()")
        here.page.close()
    with visiting(language=language, user=writer) as later:  # another browser: nothing local is left
        later.page.goto(address)
        text = later.page.locator("md-editor.editor-ready textarea")
        sync_api.expect(text).to_have_value("Half a thought", timeout=30_000)


def test_a_stranger_and_a_member_change_the_language(place: Place, visiting: Callable[..., Any]) -> None:
    switcher = let_in(place.community, person("switcher"))
    for user in (None, switcher):
        with visiting(language="en", user=user) as here:
            here.page.goto(f"{place.root}articles/")
            assert here.page.locator("html").get_attribute("lang") == "en"
            here.page.get_by_role("button", name="简体中文").click()
            here.page.locator("html[lang=zh-hans]").wait_for(state="attached")
            assert here.page.url.endswith(f"{place.root}articles/")
            here.page.get_by_role("button", name="English").click()
            here.page.locator("html[lang=en]").wait_for(state="attached")
    switcher.refresh_from_db()
    assert switcher.language == "en"
