"""Words of people never run: not in a page, a fragment, a mail or a description for machines."""

import io
import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from django.core import mail
from django.test import Client

from paideia.accounts.models import User
from paideia.content import actions as content
from paideia.discussions import actions as talk
from paideia.notifications.jobs import send_owed
from tests.cast import let_in, person
from tests.hostile.payloads import MIXED, PLAIN, Next, bodies
from tests.journeys.addresses import addresses
from tests.journeys.place import Place, furnish
from tests.journeys.site import NEEDS_BROWSER, Site, Visit

pytestmark = [*NEEDS_BROWSER, pytest.mark.xdist_group("hostile")]
HOOKS = """(() => {
  const hear = (what) => console.error('RAN ' + what);
  for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => hear(name);
  document.addEventListener('securitypolicyviolation', (event) =>
    console.error('REFUSED ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));
})()"""
# What would run if it were touched, and what would steer the page: none of it may come from people.
ARMED = """() => [...document.querySelectorAll('*')].flatMap((each) => [...each.attributes].filter(({name, value}) =>
    /^on/i.test(name) || name === 'srcdoc' || /^(hx-|data-hx-)/.test(name) && each.closest('.prose') ||
    /^(href|src|action|formaction|data|xlink:href|poster|background)$/i.test(name) && (
      /^[\\s\\x00-\\x20]*(javascript|vbscript|livescript|data:text|data:image.svg)/i.test(value)))
    .map(({name, value}) => each.tagName + ' ' + name + '=' + value))
  .concat([...document.querySelectorAll('.prose :is(script, style, base, meta, object, embed, form, link)')]
    .map((each) => each.outerHTML.slice(0, 200)))
  .concat([...document.querySelectorAll('script:not([src]):not([type="application/ld+json"]), base')]
    .map((each) => each.outerHTML.slice(0, 200)))"""


class Hooked(Visit):
    """A visit in which whatever runs, or is refused, is heard."""

    def __init__(self, *given: Any, **rest: Any) -> None:
        super().__init__(*given, **rest)
        self.context.add_init_script(HOOKS)
        self.context.route(re.compile(r"^https?://[^/]*evil\.test"), lambda route: route.abort())
        self.ran: list[str] = []
        self.page.on("console", self._hear_run)
        self.page.on("dialog", lambda dialog: dialog.dismiss())

    def _hear_run(self, line: Any) -> None:
        if line.text.startswith(("RAN ", "REFUSED ")) or "Content Security Policy" in line.text:
            self.ran.append(f"{self.page.url}: {line.text}")

    def look(self, path: str) -> None:
        self.page.goto(path, wait_until="domcontentloaded")
        self.ran += [f"{path}: {each}" for each in self.page.evaluate(ARMED)]


@pytest.fixture(scope="module")
def hooked(browser: Any, site: Site) -> Iterator[Any]:
    made: list[Hooked] = []

    def visit(**rest: Any) -> Hooked:
        made.append(Hooked(browser, site, **rest))
        return made[-1]

    yield visit
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def word(site: Site) -> Next:
    return Next()


@pytest.fixture(scope="module")
def place(site: Site, word: Next) -> Place:
    """Every text that a person can write holds a payload, and one thread holds all of them."""
    place = furnish("agora", word=word)
    for user in place.people.values():
        user.bio, user.occupation, user.goals = (f"{word}"[:120] for _field in range(3))
        user.interests = [f"{word}"[:40]]
        user.save()
    crowd = [let_in(place.community, person(f"crowd{n}", name=text[:80])) for n, text in enumerate(PLAIN)]
    _all_bodies(place, crowd)
    _files(place)
    return place


def _all_bodies(place: Place, crowd: list[User]) -> None:
    from paideia.access.viewer import look

    thread = talk.open_thread(
        viewer=place.viewer("member"), space=place.rows["hall"], title=MIXED[0], source=bodies()[0]
    )
    for writer, body in zip(crowd, bodies(), strict=False):
        talk.post_comment(viewer=look(place.community, writer), root=thread.document, source=body)
    for text in PLAIN[:12]:
        talk.open_thread(
            viewer=place.viewer("member"), space=place.rows["hall"], title=text[:200], source="x"
        )
    article = content.save_article(
        community=place.community,
        author=place.people["owner"],
        title=MIXED[1][:200],
        summary=MIXED[2][:400],
        source="\n\n".join(bodies()),
        by=place.people["owner"],
    )
    content.publish(document=article, by=place.people["owner"])
    place.rows |= {"all_thread": thread, "all_article": article}


def _files(place: Place) -> None:
    for number, text in enumerate(PLAIN[:8]):
        content.store_media(
            community=place.community,
            uploader=place.people["owner"],
            file=io.BytesIO(f"words {number}".encode()),
            name=f"{text[:100]}.txt",
            document=place.rows["all_article"],
        )


def html_pages(place: Place, name: str) -> list[str]:
    client = Client()
    client.force_login(place.people[name])
    answers = {path: client.get(path) for _route, path in addresses(place)}
    return [
        path
        for path, answer in answers.items()
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
    ]


def test_nothing_that_people_wrote_runs_on_any_page(place: Place, hooked: Any, word: Next) -> None:
    here = hooked(user=place.people["owner"])
    for path in html_pages(place, "owner"):
        here.look(path)
    for path in (
        f"threads/{place.rows['all_thread'].pk}/",
        f"articles/{place.rows['all_article'].pk}/",
        f"documents/{place.rows['all_article'].pk}/revisions/1/",
    ):
        here.look(place.root + path)
    assert here.ran == []
    assert len(word.used) + len(PLAIN) + 8 * len(bodies()) >= 300


def test_nothing_runs_for_strangers(place: Place, hooked: Any) -> None:
    here = hooked()
    for path in (
        "",
        "about/",
        "rules/",
        "members/",
        "pricing/",
        "spaces/",
        "threads/",
        "articles/",
        "courses/",
    ):
        here.look(place.root + path)
    for name in ("article", "course", "lesson", "thread", "asked", "all_article", "all_thread"):
        kind = {"asked": "thread", "all_article": "article", "all_thread": "thread"}.get(name, name)
        here.look(f"{place.root}{kind}s/{place.rows[name].pk}/")
    assert here.ran == []


@pytest.mark.parametrize("asked", ["search/?q=", "articles/?tag=", "pricing/?next=", "accounts/login/?next="])
def test_nothing_that_an_address_says_runs(place: Place, hooked: Any, asked: str) -> None:
    here = hooked()
    for text in PLAIN[:14]:
        here.look(place.root + asked + quote(text))
    assert here.ran == []


def test_an_order_leads_back_to_pages_of_ours_only(place: Place, hooked: Any) -> None:
    here = hooked(user=place.people["visitor"])
    offer = place.rows["offer"].pk
    for text in [
        "javascript:alert(1)",
        "//evil.test/x",
        "/\\evil.test",
        "https://evil.test",
        '/"><svg onload=alert(1)>',
    ]:
        here.look(f"{place.root}offers/{offer}/checkout/?next={quote(text)}")
        given = here.page.locator("input[name=next]").first.get_attribute("value") or ""
        assert given == "" or (given.startswith("/") and "evil" not in given)
    assert here.ran == []


def test_the_preview_of_the_editor_shows_nothing_that_runs(place: Place, hooked: Any) -> None:
    here = hooked(user=place.people["member"])
    here.page.goto(f"{place.root}spaces/hall/threads/new/")
    here.page.locator("md-editor.editor-ready textarea").fill("\n\n".join([*PLAIN, *MIXED]))
    with here.page.expect_response("**/preview/"):
        here.page.locator(".editor-tabs button").last.click()
    here.page.locator(".editor-preview > *").first.wait_for(state="attached")
    assert here.page.evaluate(ARMED) == []
    assert here.ran == []


def test_mails_hold_nothing_that_runs(place: Place, hooked: Any) -> None:
    send_owed()
    here = hooked()
    assert len(mail.outbox) > 3
    here.page.goto(f"{place.root}rules/")
    for message in mail.outbox:
        assert "\n" not in message.subject and "\r" not in message.subject
        for body, kind in message.alternatives:
            if kind == "text/html":
                here.page.set_content(str(body))
                here.ran += here.page.evaluate(ARMED)
    assert here.ran == []


def test_descriptions_for_machines_stay_descriptions(place: Place, hooked: Any) -> None:
    here = hooked()
    for name, kind in (
        ("article", "articles"),
        ("column", "columns"),
        ("course", "courses"),
        ("all_article", "articles"),
    ):
        here.look(f"{place.root}{kind}/{place.rows[name].pk}/")
        (text,) = here.page.locator("script[type='application/ld+json']").all_text_contents()
        title = getattr(place.rows[name], "title", "") or place.rows[name].document.title
        assert json.loads(text)["headline"] == title
        assert (
            here.page.locator("meta[property='og:title']").get_attribute("content").strip() == title.strip()
        )
    assert here.ran == []


def test_a_file_is_loaded_and_never_shown(place: Place) -> None:
    client = Client()
    client.force_login(place.people["owner"])
    for media in place.community.media.filter(kind="file"):
        answer = client.get(f"{place.root}media/{media.pk}/{quote(media.name, safe='')}")
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def _plant(headers: dict[str, str], body: str, route: Any) -> None:
    route.fulfill(headers=headers, body=body)


def test_the_hooks_hear_a_planted_sink(place: Place, hooked: Any) -> None:
    """The controls: a page that shows words as they are, without the policy and with it."""
    for policy, heard in (("", "RAN alert"), ("script-src 'self'", "REFUSED script-src")):
        here = hooked()
        headers = {"Content-Type": "text/html", **({"Content-Security-Policy": policy} if policy else {})}
        body = f"<p class=prose>{PLAIN[0]}<a href='javascript:alert(1)'>x</a></p>"
        here.context.route("**/planted/", partial(_plant, headers, body))
        here.look("/planted/")
        here.page.locator("a").wait_for()
        assert any(heard in each for each in here.ran)
        assert any("javascript:" in each for each in here.ran)
