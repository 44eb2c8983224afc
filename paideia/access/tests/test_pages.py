"""The team's pages about plans, gates and who holds what."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from paideia.access.models import Gate, Grant, Plan
from paideia.accounts.models import User
from paideia.communities.models import Community
from tests.cast import person, sign_in, viewer_of

HERE = "/c/agora/manage"
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def paid(tier: Plan) -> Gate:
    gate = Gate.objects.create(community=tier.community, name="Paid")
    gate.plans.add(tier)
    return gate


@pytest.fixture
def elsewhere(db: None) -> Community:
    from paideia.communities.actions import create_community

    return create_community(by=person("otto"), slug="other", name="Other", language="en")


def test_the_pages_are_for_those_who_manage_access(
    admin: User, moderator: User, member: User, paid: Gate, tier: Plan
) -> None:
    pages = ["plans/", "plans/new/", f"plans/{tier.pk}/", "gates/", "gates/new/", f"gates/{paid.pk}/"]
    for page in [*pages, "access/", "access/mira/"]:
        answers = [sign_in(user).get(f"{HERE}/{page}").status_code for user in (admin, moderator, member)]
        assert (page, answers) == (page, [200, 404, 404])
        assert Client().get(f"{HERE}/{page}").status_code == 302
    posts = [f"plans/{tier.pk}/archive/", f"plans/{tier.pk}/removal/", f"gates/{paid.pk}/removal/"]
    grant = Grant.objects.get(user=member)
    for page in [*posts, "access/mira/grants/", f"grants/{grant.pk}/revocation/"]:
        for user in (moderator, member):
            assert sign_in(user).post(f"{HERE}/{page}", {"because": "x", "plan": tier.pk}).status_code == 404
    assert (Plan.objects.count(), Gate.objects.count(), Grant.objects.count()) == (1, 1, 1)


def test_a_plan_is_made_changed_archived_and_removed(admin: User) -> None:
    client = sign_in(admin)
    client.post(f"{HERE}/plans/new/", {"name": "Gold", "kind": "tier", "summary": "Everything"})
    plan = Plan.objects.get()
    client.post(f"{HERE}/plans/{plan.pk}/", {"name": "Golden", "position": "3"})
    plan.refresh_from_db()
    assert (plan.key, plan.name, plan.position) == ("gold", "Golden", 3)
    client.post(f"{HERE}/plans/{plan.pk}/archive/")
    assert Plan.objects.get().archived_at is not None
    client.post(f"{HERE}/plans/{plan.pk}/archive/", {"restore": "1"})
    assert Plan.objects.get().archived_at is None
    client.post(f"{HERE}/plans/{plan.pk}/removal/")
    assert Plan.objects.count() == 0


def test_a_plan_that_is_held_says_so_instead_of_going(admin: User, member: User, tier: Plan) -> None:
    answer = sign_in(admin).post(f"{HERE}/plans/{tier.pk}/removal/", headers=ENGLISH)
    assert (answer.status_code, "Archive it instead" in answer.text) == (409, True)


def test_a_gate_is_made_and_changed_with_all_it_says(admin: User, visitor: User, tier: Plan) -> None:
    client = sign_in(admin)
    form = {"name": "Paid", "plans": [tier.pk], "role_keys": ["mentor"], "shows": "title", "free_reads": "on"}
    assert client.post(f"{HERE}/gates/new/", form).status_code == 302
    gate = Gate.objects.get()
    assert (list(gate.plans.all()), gate.role_keys, gate.shows, gate.free_reads) == (
        [tier],
        ["mentor"],
        "title",
        True,
    )
    later = {
        "name": "Paid",
        "level_min": "1",
        "shows": "preview",
        "delay_days": "0",
        "opens_at": "2020-01-01T10:00",
    }
    client.post(f"{HERE}/gates/{gate.pk}/", later)
    assert viewer_of(visitor).can_open(gate.pk)
    assert client.post(f"{HERE}/gates/{gate.pk}/removal/").status_code == 302
    assert Gate.objects.count() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"plans": ["999999"]},
        {"role_keys": ["emperor"]},
        {"level_min": "0"},
        {"parent": "999999"},
        {"shows": "all"},
        {"opens_at": "soon"},
        {"delay_days": "-1"},
    ],
)
def test_a_gate_that_makes_no_sense_is_shown_again(admin: User, wrong: dict[str, Any]) -> None:
    answer = sign_in(admin).post(f"{HERE}/gates/new/", {"name": "x", "shows": "title", **wrong})
    assert (answer.status_code, Gate.objects.count()) == (422, 0)


def test_what_belongs_to_another_community_cannot_be_chosen_nor_seen(
    admin: User, elsewhere: Community, visitor: User
) -> None:
    plan = Plan.objects.create(community=elsewhere, key="x", name="X")
    gate = Gate.objects.create(community=elsewhere, name="X")
    client = sign_in(admin)
    assert client.get(f"{HERE}/plans/{plan.pk}/").status_code == 404
    assert client.get(f"{HERE}/gates/{gate.pk}/").status_code == 404
    assert client.get(f"{HERE}/access/otto/").status_code == 404
    assert client.post(f"{HERE}/access/vera/grants/", {"plan": plan.pk}).status_code == 422
    assert (
        client.post(f"{HERE}/gates/new/", {"name": "x", "shows": "title", "plans": [plan.pk]}).status_code
        == 422
    )
    theirs = Grant.objects.create(plan=plan, user=visitor, starts_at=timezone.now(), source="x", key="x")
    assert client.post(f"{HERE}/grants/{theirs.pk}/revocation/", {"because": "x"}).status_code == 404


def test_a_member_is_found_and_their_access_explained(
    admin: User, member: User, visitor: User, paid: Gate
) -> None:
    client = sign_in(admin)
    found = client.get(f"{HERE}/access/", {"q": "mir"}).text
    assert ("/access/mira/" in found, "/access/vera/" in found) == (True, False)
    page = client.get(f"{HERE}/access/mira/", {"gate": paid.pk}, headers=ENGLISH).text
    assert "Holds “Full membership” for good." in page
    page = client.get(
        f"{HERE}/access/mira/", {"gate": paid.pk, "at": "2020-01-01T00:00"}, headers=ENGLISH
    ).text
    assert "“Full membership” begins on" in page
    page = client.get(f"{HERE}/access/vera/", {"gate": paid.pk}, headers=ENGLISH).text
    assert "Does not hold “Full membership”." in page


def test_a_plan_is_given_shortened_and_taken_back_by_hand(
    admin: User, visitor: User, paid: Gate, tier: Plan
) -> None:
    client = sign_in(admin)
    until = (timezone.now() + timedelta(days=30)).replace(second=0, microsecond=0)
    client.post(f"{HERE}/access/vera/grants/", {"plan": tier.pk, "ends_at": until.strftime("%Y-%m-%dT%H:%M")})
    grant = Grant.objects.get()
    assert (grant.user, grant.ends_at, viewer_of(visitor).can_open(paid.pk)) == (visitor, until, True)
    sooner = until - timedelta(days=10)
    where = f"{HERE}/grants/{grant.pk}/revocation/"
    client.post(where, {"because": "refund", "ends_at": sooner.strftime("%Y-%m-%dT%H:%M")})
    assert Grant.objects.get().ends_at == sooner
    assert client.post(where, {"because": ""}).status_code == 422
    client.post(where, {"because": "mistake"})
    assert (Grant.objects.get().revoked_because, viewer_of(visitor).can_open(paid.pk)) == ("mistake", False)


def test_a_gift_that_has_ended_already_is_no_gift(admin: User, visitor: User, tier: Plan) -> None:
    answer = sign_in(admin).post(
        f"{HERE}/access/vera/grants/", {"plan": tier.pk, "ends_at": "2020-01-01T00:00"}
    )
    assert (answer.status_code, Grant.objects.count()) == (422, 0)


def test_a_role_taken_away_shuts_the_pages_at_the_next_request(admin: User, community: Community) -> None:
    client = sign_in(admin)
    assert client.get(f"{HERE}/plans/").status_code == 200
    admin.memberships.update(role=community.roles.get(key="member"))
    assert client.get(f"{HERE}/plans/").status_code == 404
    assert client.post(f"{HERE}/plans/new/", {"name": "x", "kind": "tier"}).status_code == 404
    assert Plan.objects.count() == 0


@pytest.mark.parametrize(("page", "most"), [("plans/", 7), ("gates/", 7), ("access/vera/", 12)])
def test_pages_ask_no_more_when_there_is_more(
    admin: User,
    visitor: User,
    community: Community,
    page: str,
    most: int,
    django_assert_max_num_queries: Any,
) -> None:
    client = sign_in(admin)

    def make(names: range) -> None:
        for name in names:
            plan = Plan.objects.create(community=community, key=f"p{name}", name=f"P{name}")
            Gate.objects.create(community=community, name=f"G{name}").plans.add(plan)
            Grant.objects.create(
                plan=plan, user=visitor, starts_at=timezone.now(), source="x", key=f"x{name}"
            )

    make(range(1))
    client.get(f"{HERE}/{page}")
    with django_assert_max_num_queries(most) as few:
        client.get(f"{HERE}/{page}")
    make(range(1, 30))
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(f"{HERE}/{page}")


def test_where_access_comes_from_is_said_in_words_and_leads_there(
    admin: User, visitor: User, community: Community, tier: Plan, space: Any
) -> None:
    sources = [f"staff:{admin.pk}", f"circle:{space.pk}", "order:999", "import:x"]
    for source in sources:
        Grant.objects.create(plan=tier, user=visitor, starts_at=timezone.now(), source=source, key=source)
    page = sign_in(admin).get(f"{HERE}/access/vera/", headers=ENGLISH).text
    assert f'<a href="/c/agora/members/adam/">Given by {admin.shown_name}.</a>' in page
    assert '<a href="/c/agora/spaces/general/">From the circle “General”.</a>' in page
    assert [words in page for words in ("From an order.", "Given by this installation.")] == [True, True]
    assert not any(source in page for source in sources)
