"""The page that says why, and the free read."""

import pytest
from django.test import Client
from django.utils import timezone

from paideia.access.models import FreeRead, Gate, Plan
from paideia.accounts.models import User
from paideia.commerce.models import Offer
from paideia.communities.models import Community
from paideia.content.models import Document
from paideia.content.queries import is_open
from paideia.content.why import explain_document
from tests.cast import sign_in, viewer_of

HERE = "/c/agora"


@pytest.fixture
def gate(tier: Plan) -> Gate:
    gate = Gate.objects.create(community=tier.community, name="Paid", free_reads=True)
    gate.plans.add(tier)
    return gate


@pytest.fixture
def paid(community: Community, mentor: User, gate: Gate) -> Document:
    return Document.objects.create(
        community=community,
        kind="article",
        author=mentor,
        title="Paid",
        gate=gate,
        html="<p>canary-7f3a</p>",
        text="canary-7f3a",
        published_at=timezone.now(),
    )


@pytest.fixture
def everybody(request: pytest.FixtureRequest) -> list[User | None]:
    names = ["owner", "admin", "moderator", "mentor", "member", "visitor", "stranger"]
    return [None, *[request.getfixturevalue(name) for name in names]]


def test_the_explanation_agrees_with_what_can_be_read(
    everybody: list[User | None], paid: Document, community: Community, owner: User
) -> None:
    now = timezone.now()
    works = [
        paid,
        Document.objects.create(community=community, kind="article", author=owner, published_at=now),
        Document.objects.create(community=community, kind="article", author=owner, gate=paid.gate),
        Document.objects.create(
            community=community, kind="article", author=owner, published_at=now, removed_at=now
        ),
    ]
    for visibility in ("public", "private"):
        Community.objects.update(visibility=visibility)
        for user in everybody:
            viewer = viewer_of(user)
            for work in works:
                explained = explain_document(viewer, work)
                assert explained.is_open == is_open(viewer, work)
                assert explained.is_open or len(explained.said_against) > 0
                assert not explained.is_open or len(explained.said_for) > 0


def test_a_closed_work_says_what_opens_it_and_the_cheapest_way_in(
    visitor: User, paid: Document, tier: Plan
) -> None:
    for name, price in (("Yearly", 29900), ("Monthly", 3000)):
        offer = Offer.objects.create(community=tier.community, name=name, price=price, currency="CNY")
        offer.plans.add(tier)
    page = sign_in(visitor).get(f"{HERE}/documents/{paid.pk}/why/", headers={"Accept-Language": "en"}).text
    assert "Does not hold “Full membership”." in page
    assert "The cheapest way in is “Monthly” for ¥30." in page
    assert "canary" not in page


def test_a_reader_is_told_what_opens_it_to_them(member: User, mentor: User, paid: Document) -> None:
    pages = [sign_in(user).get(f"{HERE}/documents/{paid.pk}/why/").text for user in (member, mentor)]
    assert "Holds “Full membership” for good." in pages[0]
    assert "Has written it." in pages[1]


def test_strangers_read_why_without_a_token_or_cookie(paid: Document) -> None:
    answer = Client().get(f"{HERE}/documents/{paid.pk}/why/")
    assert (answer.status_code, "csrfmiddlewaretoken" in answer.text, dict(answer.cookies)) == (
        200,
        False,
        {},
    )


def test_hidden_and_absent_works_answer_alike(visitor: User, paid: Document) -> None:
    Gate.objects.update(shows="nothing")
    client = sign_in(visitor)
    answers = [client.get(f"{HERE}/documents/{pk}/why/") for pk in (paid.pk, 10**9)]
    assert [answer.status_code for answer in answers] == [404, 404]
    posts = [client.post(f"{HERE}/documents/{pk}/free-read/") for pk in (paid.pk, 10**9)]
    assert [answer.status_code for answer in posts] == [404, 404]


def test_the_team_asks_about_anybody_at_any_time(
    admin: User, member: User, visitor: User, paid: Document
) -> None:
    client = sign_in(admin)
    page = f"{HERE}/documents/{paid.pk}/why/"
    assert "mira can read all of it." in client.get(page, {"member": "mira"}).text
    assert (
        "mira cannot read all of it." in client.get(page, {"member": "mira", "at": "2020-01-01T00:00"}).text
    )
    assert client.get(page, {"member": "nobody"}).status_code == 404
    for user in (member, visitor):
        assert sign_in(user).get(page, {"member": "mira"}).status_code == 404


def test_a_free_read_opens_the_work_where_the_preview_ended(visitor: User, paid: Document) -> None:
    Community.objects.update(free_reads_max=1)
    client = sign_in(visitor)
    answer = client.post(f"{HERE}/documents/{paid.pk}/free-read/")
    assert answer.headers["Location"] == f"{HERE}/articles/{paid.pk}/#paywall"
    assert is_open(viewer_of(visitor), paid)
    client.post(f"{HERE}/documents/{paid.pk}/free-read/")
    assert FreeRead.objects.count() == 1


def test_free_reads_are_refused_where_there_are_none(visitor: User, member: User, paid: Document) -> None:
    assert sign_in(visitor).post(f"{HERE}/documents/{paid.pk}/free-read/").status_code == 403
    Community.objects.update(free_reads_max=5)
    assert sign_in(member).post(f"{HERE}/documents/{paid.pk}/free-read/").status_code == 302
    assert Client().post(f"{HERE}/documents/{paid.pk}/free-read/").status_code == 302  # to sign in
    assert FreeRead.objects.count() == 0
