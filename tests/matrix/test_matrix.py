"""Nobody is shown a word that `explain` keeps from them: on no page, fragment, feed, file, search, mail or notice."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver

from paideia.access.models import Gate
from paideia.accounts.models import User
from paideia.communities.addresses import path_in
from paideia.content.models import Document
from paideia.notifications.jobs import send_owed
from paideia.notifications.models import Mail
from tests.matrix.routes import ALLAUTH, EVERYBODY, ROUTES
from tests.matrix.world import World, build

pytestmark = pytest.mark.django_db(transaction=True)
FRAGMENTS = {"comments", "comment", "member_threads", "why", "lesson", "search"}  # answer htmx in another way
RIGHTFUL = "owner"  # may read all: what even they do not meet, the crawl is blind to
STATUSES = {200, 204, 302, 301, 304, 400, 403, 404, 405, 409, 422, 429}


def names(urlconf: str) -> set[str]:
    def walk(resolver: Any) -> Iterator[str]:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLPattern):
                yield pattern.name or str(pattern.pattern)
            else:
                yield from walk(pattern)

    return {name for name in walk(get_resolver(urlconf)) if not name.startswith(ALLAUTH)}


def test_every_route_has_its_row_and_every_row_its_route():
    assert names("paideia.config.community_urls") | names("paideia.config.urls") == set(ROUTES)


def client_of(world: World, name: str) -> Client:
    client = Client()
    if user := world.people[name]:
        client.force_login(user)
    return client


def keys_of(world: World, kind: str) -> list[tuple[Any, ...]]:
    """What fills the address of a route: every object of the world of that kind, those of others included."""
    community = world.community
    fixed: dict[str, list[Any]] = {
        "": [()],
        "token": ["no-such-token"],
        "accent": ["0f766e"],
        "purpose": ["behaviour"],
        "picture": ["none.webp"],
        "number": [999_999_999],
        "pair": [(999_999_999, 999_999_999)],
        "handle": [user.handle for user in world.people.values() if user],
        "role": list(community.roles.values_list("pk", flat=True)),
        "membership": list(community.memberships.values_list("pk", flat=True)),
        "space_pk": list(community.spaces.values_list("pk", flat=True)),
        "revision": [(pk, number) for pk in world.ids["document"] for number in (1, 2)],
        "join_request": [999_999_999],
        "invitation": [999_999_999],
        "space_request": [999_999_999],
        "claim": [999_999_999],
        "provider": ["sandbox"],
        "grant": [999_999_999],
    }
    found = fixed.get(kind) or world.ids.get(kind) or [999_999_999]
    return [key if isinstance(key, tuple) else (key,) for key in found]


def addresses(world: World) -> Iterator[tuple[str, str]]:
    """Every route with every key, inside our community."""
    inside = names("paideia.config.community_urls")
    for name, route in ROUTES.items():
        if name in inside:
            for key in keys_of(world, route.keys):
                yield name, path_in(world.community, name, *key)


def crawl(world: World, name: str) -> Iterator[tuple[str, str]]:
    """Everything this person can get by asking: address and the text of the answer, headers included."""
    client = client_of(world, name)
    allowed = world.allowed(name)
    kept = [canary.word for canary in world.canaries if canary.word not in allowed]
    wanted = [path for _, path in addresses(world)]
    fragments = {path for route, path in addresses(world) if route in FRAGMENTS}
    wanted += [path_in(world.community, "search") + f"?q={quote(word)}" for word in kept]
    wanted += [
        f"{path}?reply={pk}"
        for path in wanted
        if path.endswith("/comments/")
        for pk in world.ids["comment"][:3]
    ]
    wanted += [
        "/",
        "/sitemap.xml",
        "/robots.txt",
        *(path_in(world.community, "home") + rest for rest in ("feed/", "sitemap.xml")),
    ]
    seen: set[str] = set()
    while wanted:
        path = wanted.pop()
        if path in seen:
            continue
        seen.add(path)
        for headers in ({}, {"HX-Request": "true"})[: 2 if path in fragments else 1]:
            answer = client.get(path, headers=headers)
            assert answer.status_code in STATUSES, f"{name} got {answer.status_code} from {path}"
            body = b"".join(answer) if answer.streaming else answer.content
            text = body.decode(errors="replace")
            yield path, _without_question(text + str(answer.headers), path)
        wanted += [found for found in _links(text, world) if found not in seen]


def _without_question(text: str, path: str) -> str:
    """What was asked for is the asker's own: a page repeats its address, and a search its words."""
    if "search/?q=" in path:
        asked = path.rpartition("=")[2]
        results = re.findall(r'<li class="list-row.*?</li>', text, re.S)
        return "\n".join(results) if results else text.replace(asked, "")
    for asked in (path, quote(path), quote(path, safe="")):
        text = text.replace(asked, "")
    return text


def _links(text: str, world: World) -> set[str]:
    """Where a page leads inside the community, apart from addresses that lead on with what leads to them."""
    here = path_in(world.community, "home")
    found = {
        link.split("#")[0].replace("&amp;", "&")
        for link in re.findall(r'(?:href|src|hx-get)="([^"]+)"', text)
    }
    endless = ("/accounts/", "/language/", "search/?q=", "/media/")
    return {link for link in found if link.startswith(here) and not any(part in link for part in endless)}


def leaks(world: World, name: str) -> tuple[list[str], set[str]]:
    allowed = world.allowed(name)
    words = {canary.word: canary for canary in world.canaries}
    pattern = re.compile("|".join(words))
    found: list[str] = []
    met: set[str] = set()
    for path, text in crawl(world, name):
        for word in set(pattern.findall(text)):
            met.add(word)
            if word not in allowed:
                found.append(f"{name} was shown the {words[word].where} at {path}")
    return found, met


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_nobody_is_shown_a_word_that_is_kept_from_them(name):
    world = build()
    found, met = leaks(world, name)
    assert sorted(set(found)) == []
    if name == RIGHTFUL:
        missed = world.allowed(name) - met
        assert sorted(c.where for c in world.canaries if c.word in missed) == [], (
            "the crawl is blind to these"
        )


def test_no_mail_and_no_notice_tells_a_kept_word():
    world = build()
    send_owed()
    from django.core import mail

    told = {user.email: name for name, user in world.people.items() if user}
    found = []
    for message in mail.outbox:
        name = told[message.to[0]]
        text = message.subject + str(message.body) + "".join(str(part) for part, _ in message.alternatives)
        allowed = world.allowed(name)
        found += [f"{name}: {c.where}" for c in world.canaries if c.word in text and c.word not in allowed]
    assert found == []
    assert Mail.objects.exclude(sent_at=None).count() == len(mail.outbox) > 0


def test_the_crawl_sees_a_planted_leak(monkeypatch):
    """The control: a list that forgets the viewer is caught."""
    from paideia.content import visibility

    monkeypatch.setattr(
        visibility.DocumentQuerySet, "listed_to", lambda rows, viewer: rows.filter(community=viewer.community)
    )
    world = build()
    found, _ = leaks(world, "anonymous")
    assert found != []


QUIET = {
    "django_session",
    "usersessions_usersession",
    "config_cache",
}  # being recognised and being counted is no effect


def snapshot() -> dict[str, str]:
    """A digest of every table that a write could change."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'procrastinate%%'"
        )
        tables = [name for (name,) in cursor.fetchall() if name not in QUIET]
        union = " UNION ALL ".join(
            f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{name}\" t"
            for name in tables
        )
        cursor.execute(union)
        return dict(cursor.fetchall())


@pytest.mark.parametrize("person", sorted(EVERYBODY))
def test_who_may_not_write_is_refused_and_changes_nothing(person):
    """A1 for writing: each door, each person, with the ids of every object of the world, one at least."""
    world = build()
    let_through: list[str] = []
    inside = names("paideia.config.community_urls")
    client = client_of(world, person)
    before = snapshot()
    for name, route in ROUTES.items():
        if name not in inside or (route.writers is not None and person in route.writers):
            continue
        for key in keys_of(world, route.keys)[:3]:
            path = path_in(world.community, name, *key)
            answer = client.post(
                path, {"title": "x", "source": "x", "kind": "up", "name": "x", "accept": "1"}
            )
            to_login = answer.status_code == 302 and "/login/" in answer["Location"]
            if not to_login and answer.status_code not in {400, 403, 404, 405, 422}:
                let_through.append(f"{person} got {answer.status_code} from POST {path}")
    after = snapshot()
    changed = sorted(table for table in after if after[table] != before[table])
    assert changed == []
    assert let_through == []


def test_absent_and_forbidden_look_alike():
    """A3: what one may not know of answers as what does not exist, to the letter."""
    world = build()
    gate = Gate.objects.get(name="Hidden")
    hidden = Document.objects.filter(gate=gate, kind="article").get()
    absent = hidden.pk + 5_000
    for name in ("anonymous", "stranger", "visitor", "other_owner"):
        client = client_of(world, name)
        for route in ("article", "why", "comments", "revisions"):
            one, other = (client.get(path_in(world.community, route, pk)) for pk in (hidden.pk, absent))
            assert one.status_code == other.status_code, (name, route)
            if one.status_code == 404:
                token = re.compile(r'(csrf-token" content=|csrfmiddlewaretoken" value=)"[^"]*"')
                pages = [
                    token.sub("", a.text).replace(str(pk), "N")
                    for a, pk in ((one, hidden.pk), (other, absent))
                ]
                assert pages[0] == pages[1], (name, route)


def test_a_right_that_is_taken_is_gone_at_the_next_request():
    """A9: roles, grants and memberships end with the row, whatever session is open."""
    world = build()
    owner, author = world.people["owner"], world.people["author"]
    assert isinstance(owner, User) and isinstance(author, User)
    client = client_of(world, "author")
    draft = Document.objects.get(title__startswith="draft")
    assert client.get(path_in(world.community, "manage_works")).status_code == 200
    membership = author.memberships.get(community=world.community)
    membership.role = world.community.roles.get(key="member")
    membership.save()
    assert client.get(path_in(world.community, "article_new")).status_code in {403, 404}
    assert client.post(path_in(world.community, "publication", draft.pk)).status_code in {403, 404}
    reader = client_of(world, "member")
    article = Document.objects.get(title__startswith="tier ")
    body = next(c.word for c in world.canaries if c.where == "body of article tier")
    assert body in reader.get(path_in(world.community, "article", article.pk)).text
    world.people["member"].grants.update(revoked_at="2020-01-01T00:00Z", revoked_because="refund")  # type: ignore[union-attr]
    assert body not in reader.get(path_in(world.community, "article", article.pk)).text


@pytest.mark.parametrize("change", ["/", "//", "%2e", ";x", "%00", ".json", "?_method=DELETE"])
def test_odd_paths_decide_as_the_plain_one(change):
    """A6: variants of a protected path never show more."""
    world = build()
    client = client_of(world, "visitor")
    article = Document.objects.get(title__startswith="tier ")
    body = next(c.word for c in world.canaries if c.where == "body of article tier")
    path = path_in(world.community, "article", article.pk)
    for variant in (path + change, path.rstrip("/") + change, path.upper(), path.replace("/c/", "//c/")):
        for ask in (client.get, client.head, client.options):
            for headers in (
                {},
                {"X-Original-URL": path, "X-HTTP-Method-Override": "GET", "X-Forwarded-Host": "evil.example"},
            ):
                assert body not in ask(variant, headers=headers).text
