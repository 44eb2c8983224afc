"""Grants: given once a cause, taken back at once, their history kept by the database."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from paideia.access.actions import cut_short, give, grant, reach_milestone, revoke, shorten, take_back
from paideia.access.models import FreeRead, Gate, Grant, Milestone, Plan
from paideia.access.refusals import KeyUsed, NotPermitted, NotShorter, TrialUsed
from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.communities.models import Community
from paideia.lib.refusal import Invalid, NotFound
from tests.cast import person, viewer_of

NOW = timezone.now()


COPY = (
    "INSERT INTO access_grant (plan_id, user_id, starts_at, source, key, is_trial, revoked_because, given_at) "
    "SELECT plan_id, user_id, starts_at, {source}, {key}, false, '', now() FROM access_grant"
)


def given(user: User, plan: Plan, key: str = "order:1", **fields: object) -> Grant:
    terms = {"starts_at": NOW, **fields}
    return grant(user=user, plan=plan, key=key, source="order:1", **terms)  # type: ignore[arg-type]


def test_one_cause_gives_once(visitor: User, tier: Plan) -> None:
    assert given(visitor, tier) == given(visitor, tier, starts_at=NOW + timedelta(1))
    assert Grant.objects.filter(user=visitor).count() == 1
    facts = Fact.objects.filter(verb="grant.given", object_kind="grant").values_list(
        "actor_id", "detail__plan"
    )
    assert list(facts) == [(visitor.pk, tier.pk)]


def test_one_cause_cannot_give_two_things(visitor: User, stranger: User, tier: Plan) -> None:
    given(visitor, tier)
    with pytest.raises(KeyUsed):
        given(stranger, tier)


def test_a_plan_is_tried_once_by_each_person(visitor: User, stranger: User, tier: Plan) -> None:
    given(visitor, tier, is_trial=True)
    with pytest.raises(TrialUsed):
        given(visitor, tier, key="trial:2", is_trial=True)
    given(stranger, tier, key="trial:3", is_trial=True)
    assert Grant.objects.filter(is_trial=True).count() == 2


def test_a_revoked_grant_keeps_its_first_reason(visitor: User, owner: User, tier: Plan) -> None:
    one = given(visitor, tier)
    revoke(grant=one, because="refunded", by=owner)
    again = revoke(grant=one, because="another", by=owner)
    assert (again.revoked_because, Fact.objects.filter(verb="grant.revoked").count()) == ("refunded", 1)


def test_a_grant_ends_earlier_never_later(visitor: User, tier: Plan) -> None:
    one = given(visitor, tier, ends_at=NOW + timedelta(30))
    assert shorten(
        grant=one, ends_at=NOW + timedelta(5), because="partial refund"
    ).ends_at == NOW + timedelta(5)
    for wrong in (NOW + timedelta(6), NOW - timedelta(1)):
        with pytest.raises(NotShorter):
            shorten(grant=one, ends_at=wrong, because="")
    with pytest.raises(Invalid):
        given(visitor, tier, key="x", ends_at=NOW - timedelta(1))


def test_only_those_who_may_manage_access_give_it_by_hand(
    admin: User, moderator: User, visitor: User, tier: Plan
) -> None:
    one = give(viewer=viewer_of(admin), user=visitor, plan=tier, ends_at=NOW + timedelta(9))
    assert one.source == f"staff:{admin.pk}"
    with pytest.raises(NotPermitted):
        give(viewer=viewer_of(moderator), user=visitor, plan=tier)
    with pytest.raises(NotPermitted):
        take_back(viewer=viewer_of(moderator), grant=one, because="")
    with pytest.raises(NotPermitted):
        cut_short(viewer=viewer_of(moderator), grant=one, ends_at=NOW, because="")
    assert take_back(viewer=viewer_of(admin), grant=one, because="mistake").revoked_at is not None


def test_plans_of_another_community_are_unknown_here(admin: User, visitor: User) -> None:
    from paideia.communities.actions import create_community

    other = create_community(by=person("otto"), slug="other", name="Other", language="en")
    plan = Plan.objects.create(community=other, key="x", name="X")
    with pytest.raises(NotFound):
        give(viewer=viewer_of(admin), user=visitor, plan=plan)


def test_a_milestone_is_reached_once(visitor: User) -> None:
    first = reach_milestone(user=visitor, key="lesson:1", at=NOW - timedelta(2))
    assert reach_milestone(user=visitor, key="lesson:1") == first
    assert Milestone.objects.get().at == NOW - timedelta(2)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE access_grant SET plan_id = {other}",
        "UPDATE access_grant SET user_id = {owner}",
        "UPDATE access_grant SET starts_at = starts_at - interval '1 year'",
        "UPDATE access_grant SET ends_at = ends_at + interval '1 second'",
        "UPDATE access_grant SET ends_at = NULL",
        "UPDATE access_grant SET is_trial = NOT is_trial",
        "UPDATE access_grant SET key = 'x'",
        "UPDATE access_grant SET revoked_at = NULL WHERE revoked_at IS NOT NULL",
        "UPDATE access_grant SET revoked_because = 'x'",
        "UPDATE access_grant SET ends_at = starts_at - interval '1 second'",
        COPY.format(source="''", key="'y'"),
        COPY.format(source="'x'", key="key"),
    ],
)
def test_the_history_of_grants_cannot_be_rewritten(
    visitor: User, owner: User, tier: Plan, attack: str
) -> None:
    other = Plan.objects.create(community=tier.community, key="other", name="Other")
    given(visitor, tier, ends_at=NOW + timedelta(30))
    revoke(grant=given(visitor, tier, key="two", ends_at=NOW + timedelta(30)), because="refunded")
    before = list(Grant.objects.order_by("pk").values())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attack.format(other=other.pk, owner=owner.pk))
    assert list(Grant.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    "wrong",
    [
        lambda community, user: Gate(community=community, name="x", level_min=0),
        lambda community, user: FreeRead(community=community, user=user, document_id=1, month="2026-03-02"),
        lambda community, user: Plan(community=community, key="full", name="Again"),
        lambda community, user: Milestone(user=user, key="there"),
    ],
)
def test_the_database_refuses_rows_that_make_no_sense(
    community: Community, visitor: User, tier: Plan, wrong
) -> None:  # type: ignore[no-untyped-def]
    Milestone.objects.create(user=visitor, key="there")
    with pytest.raises(IntegrityError), transaction.atomic():
        wrong(community, visitor).save()


def test_a_gate_cannot_be_its_own_parent(community: Community) -> None:
    gate = Gate.objects.create(community=community, name="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Gate.objects.filter(pk=gate.pk).update(parent=gate)


def test_a_right_taken_away_is_gone_at_the_next_look(
    member: User, mentor: User, community: Community, tier: Plan
) -> None:
    """Stale rights: nothing of a viewer is kept between requests."""
    gate = Gate.objects.create(community=community, name="Paid")
    gate.plans.add(tier)
    roles = Gate.objects.create(community=community, name="Mentors", role_keys=["mentor"])
    community.roles.filter(key="mentor").update(permissions=[])
    assert (viewer_of(member).can_open(gate.pk), viewer_of(mentor).can_open(roles.pk)) == (True, True)
    revoke(grant=Grant.objects.get(user=member), because="charged back")
    mentor.memberships.update(role=community.roles.get(key="member"))
    assert (viewer_of(member).can_open(gate.pk), viewer_of(mentor).can_open(roles.pk)) == (False, False)
