"""Behaviour is kept of those who said yes, about what they may know of, and in range."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from paideia.access.models import Gate
from paideia.accounts.actions import give_consent
from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.communities.models import Community
from paideia.content.models import Document
from tests.cast import person, sign_in

WHERE = "/c/agora/behaviour/"
BEHAVIOUR = ["page.opened", "page.read", "video.watched"]


@pytest.fixture(autouse=True)
def _fresh_limits(db: None) -> None:
    cache.clear()


@pytest.fixture
def reader(visitor: User) -> Client:
    give_consent(user=visitor, purpose="behaviour", given=True)
    return sign_in(visitor)


@pytest.fixture
def document(community: Community, owner: User) -> Document:
    return Document.objects.create(
        community=community, kind="article", author=owner, title="Open", published_at=timezone.now()
    )


def tell(client: Client, *told: object) -> int:
    return client.post(WHERE, {"happenings": json.dumps(told)}).status_code


def read(document: Document, **other: object) -> dict[str, Any]:
    base = {"verb": "page.read", "subject": f"document:{document.pk}", "path": "/c/agora/articles/1/"}
    return {**base, "at": timezone.now().isoformat(), "seconds": 20, "depth": 0.456, **other}


def kept() -> list[Fact]:
    return list(Fact.objects.filter(verb__in=BEHAVIOUR).order_by("id"))


def test_a_batch_is_kept_as_facts(reader: Client, visitor: User, document: Document) -> None:
    opened = read(document, verb="page.opened", referrer="/c/agora/", width=1280, seconds=9)
    watched = read(document, verb="video.paused", position=61, length=300)
    assert tell(reader, opened, read(document), watched) == 204
    assert [(fact.verb, fact.actor_id, fact.object_kind, fact.object_id, fact.detail) for fact in kept()] == [
        (verb, visitor.pk, "document", document.pk, {"path": "/c/agora/articles/1/", **detail})
        for verb, detail in [
            ("page.opened", {"referrer": "/c/agora/", "width": 1280}),
            ("page.read", {"seconds": 20, "depth": 0.46}),
            ("video.watched", {"what": "paused", "position": 61, "length": 300}),
        ]
    ]


def test_nothing_is_kept_without_consent_nor_after_it_was_taken_back(
    reader: Client, visitor: User, member: User, document: Document
) -> None:
    assert tell(sign_in(member), read(document)) == 204
    assert tell(Client(), read(document)) == 204
    give_consent(user=visitor, purpose="behaviour", given=False)
    assert tell(reader, read(document)) == 204
    assert kept() == []


def test_nothing_is_kept_about_what_the_reader_may_not_know_of(
    reader: Client, document: Document, community: Community, owner: User
) -> None:
    hidden = Gate.objects.create(community=community, name="Team", role_keys=["admin"], shows="nothing")
    from paideia.communities.actions import create_community

    other = create_community(by=person("otto"), slug="other", name="Other", language="en")
    now = timezone.now()
    unknown = [
        Document.objects.create(
            community=community, kind="article", author=owner, gate=hidden, published_at=now
        ),
        Document.objects.create(community=other, kind="article", author=owner, published_at=now),
        Document.objects.create(community=community, kind="article", author=owner),
        Document(pk=10**12),
    ]
    assert tell(reader, *[read(one) for one in unknown], read(document)) == 204
    assert [fact.object_id for fact in kept()] == [document.pk]


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        ({"seconds": 10**9, "depth": 7}, {"seconds": 3600, "depth": 1}),
        ({"seconds": -5, "depth": -1}, {"seconds": 0, "depth": 0}),
        ({"seconds": "20", "depth": None}, {"seconds": 0, "depth": 0}),
        ({"seconds": True, "depth": [1]}, {"seconds": 0, "depth": 0}),
        ({"path": "javascript:alert(1)", "extra": "x", "community_id": 9}, {"seconds": 20, "depth": 0.46}),
        ({"path": "/" + "x" * 500}, {"seconds": 20, "depth": 0.46, "path": "/" + "x" * 199}),
        ({"path": "/a\x00b"}, {"seconds": 20, "depth": 0.46, "path": "/ab"}),
    ],
)
def test_values_are_brought_into_range_and_unknown_ones_dropped(
    reader: Client, document: Document, said: dict[str, object], detail: dict[str, object]
) -> None:
    tell(reader, read(document, **said))
    (fact,) = kept()
    assert (
        fact.detail == {"path": "/c/agora/articles/1/", **detail}
        if "path" not in said
        else fact.detail == detail
    )


def test_not_a_number_is_nothing(reader: Client, document: Document) -> None:
    body = json.dumps([read(document, seconds=float("nan"), depth=float("inf"))])
    assert reader.post(WHERE, {"happenings": body}).status_code == 204
    assert [(fact.detail["seconds"], fact.detail["depth"]) for fact in kept()] == [(0, 1)]


@pytest.mark.parametrize(
    "one",
    [
        {"verb": "order.settled", "subject": "document:1"},
        {"verb": ["page.read"]},
        {"verb": None},
        "page.read",
        None,
        7,
        {},
    ],
)
def test_other_verbs_are_not_the_browsers_to_tell(reader: Client, one: object) -> None:
    assert tell(reader, one) == 204
    assert kept() == []


def test_a_clock_that_is_wrong_tells_now(reader: Client, document: Document) -> None:
    now = timezone.now()
    recent = now - timedelta(hours=2)
    for at in (
        recent.isoformat(),
        (now + timedelta(hours=1)).isoformat(),
        "1970-01-01T00:00:00Z",
        "yesterday",
        "2026-13-99T00:00Z",
        None,
    ):
        tell(reader, read(document, at=at))
    times = [fact.occurred_at for fact in kept()]
    assert times[0] == recent
    assert all(now <= at <= timezone.now() for at in times[1:])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"happenings": "no json"}, 400),
        ({"happenings": "{}"}, 400),
        ({}, 400),
        ({"happenings": json.dumps([{"verb": "page.read"}] * 51)}, 400),
        ({"happenings": "x" * 40_000}, 413),
    ],
)
def test_what_is_no_batch_is_refused(reader: Client, body: dict[str, str], status: int) -> None:
    assert reader.post(WHERE, body).status_code == status
    assert kept() == []


def test_a_browser_gone_mad_is_told_to_stop(reader: Client, document: Document) -> None:
    answers = [tell(reader, read(document)) for _ in range(70)]
    assert 429 in answers
    assert len(kept()) == answers.count(204) <= 60


def test_a_batch_needs_the_token_of_our_own_pages(visitor: User, document: Document) -> None:
    give_consent(user=visitor, purpose="behaviour", given=True)
    client = Client(enforce_csrf_checks=True)
    client.force_login(visitor)
    assert tell(client, read(document)) == 403
    assert kept() == []


def test_pages_bring_the_beacon_to_those_who_said_yes_only(
    reader: Client, visitor: User, member: User
) -> None:
    pages = [
        client.get("/c/agora/").text.count("<reading-beacon")
        for client in (reader, sign_in(member), Client())
    ]
    assert pages == [1, 0, 0]
