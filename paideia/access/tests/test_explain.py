"""`look` and `explain` and a plain twin of the rules agree about any person, gates and moment."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone, translation
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from paideia.access.explaining import Rule, explain
from paideia.access.models import Gate, Grant, Milestone, Plan
from paideia.access.tests.twin import Door, Given, Person, Twin
from paideia.access.viewer import Viewer, look
from paideia.accounts.models import User
from paideia.communities.models import Community, Membership, Suspension
from paideia.lib.refusal import NotFound
from tests.cast import let_in, person, viewer_of

NOW = timezone.now().replace(microsecond=0)
# Whole days meet the edges when somebody asks about NOW itself; the half hours lie beside them.
moments = st.integers(-6, 6).map(lambda n: NOW + timedelta(days=n // 2, minutes=30 * (n % 2)))
rarely = st.sampled_from([False, False, False, True]).flatmap(lambda yes: moments if yes else st.none())
suspensions = st.tuples(moments, rarely, rarely)
ROLES = ["member", "mentor", "volunteer"]
KEYS = ["lesson:1", "lesson:2"]


@st.composite
def givens(draw: Any) -> Given:
    starts_at = draw(moments)
    ends_at = draw(st.none() | st.integers(0, 5).map(lambda days: starts_at + timedelta(days=days)))
    return Given(draw(st.integers(0, 1)), starts_at, ends_at, draw(rarely))


@st.composite
def doors(draw: Any, number: int) -> Door:
    return Door(
        plans=draw(st.lists(st.integers(0, 1), unique=True, max_size=2)),
        roles=draw(st.sampled_from([[], [], ["mentor"], ["mentor", "volunteer"]])),
        level_min=draw(st.sampled_from([None, None, 3])),
        above=draw(st.sampled_from([None, *range(number)])),
        shows=draw(st.sampled_from(["preview", "title", "nothing"])),
        opens_at=draw(rarely),
        delay_days=draw(st.sampled_from([0, 0, 0, 1, 2])),
        milestone=draw(st.sampled_from(["", "", "", *KEYS])),
    )


@st.composite
def people(draw: Any) -> Person:
    return Person(
        role=draw(st.sampled_from([None, *ROLES, *ROLES])),
        reads_all=draw(st.sampled_from([False] * 6 + [True])),
        level=draw(st.integers(1, 3)),
        joined_at=draw(moments),
        left_at=draw(rarely),
        suspended=draw(
            st.sampled_from([0, 0, 1]).flatmap(lambda n: st.lists(suspensions, min_size=n, max_size=n))
        ),
        grants=draw(st.lists(givens(), min_size=1, max_size=4)),
        milestones=draw(st.dictionaries(st.sampled_from(KEYS), moments)),
    )


@st.composite
def worlds(draw: Any) -> tuple[Person, list[Door], bool, bool]:
    chosen = [draw(doors(number)) for number in range(draw(st.integers(2, 5)))]
    return draw(people()), chosen, draw(st.sampled_from([True, True, True, False])), draw(st.booleans())


def build(community: Community, user: User, one: Person, chosen: list[Door], is_public: bool) -> list[Gate]:
    """The rows of a world. Returns its gates, in the order of the doors."""
    community.visibility = "public" if is_public else "private"
    plans = Plan.objects.bulk_create(Plan(community=community, key=f"p{n}", name=f"P{n}") for n in (0, 1))
    if one.role is not None:
        role = community.roles.get(key=one.role)
        permissions = ["content.read_all"] if one.reads_all else []
        community.roles.filter(pk=role.pk).update(permissions=permissions)
        membership = Membership.objects.create(
            community=community,
            user=user,
            role=role,
            level=one.level,
            joined_at=one.joined_at,
            left_at=one.left_at,
        )
        for at, until, lifted_at in one.suspended:
            Suspension.objects.create(
                membership=membership, reason="", at=at, until=until, lifted_at=lifted_at
            )
    else:
        one.suspended = []
    Grant.objects.bulk_create(
        Grant(
            plan=plans[each.plan],
            user=user,
            starts_at=each.starts_at,
            ends_at=each.ends_at,
            revoked_at=each.revoked_at,
            source="test",
            key=f"test:{n}",
        )
        for n, each in enumerate(one.grants)
    )
    Milestone.objects.bulk_create(Milestone(user=user, key=key, at=at) for key, at in one.milestones.items())
    gates: list[Gate] = []
    for door in chosen:
        gate = Gate.objects.create(
            community=community,
            name="gate",
            parent=gates[door.above] if door.above is not None else None,
            role_keys=door.roles,
            level_min=door.level_min,
            shows=door.shows,
            opens_at=door.opens_at,
            delay_days=door.delay_days,
            after_milestone=door.milestone,
        )
        gate.plans.set([plans[n] for n in door.plans])
        gates.append(gate)
    return gates


def shown_by(viewer: Viewer, gate: Gate) -> str:
    if gate.pk in viewer.preview_gates:
        return "preview"
    return "title" if gate.pk in viewer.title_gates else "nothing"


def agree(world: Any, community: Community, stranger: User, *, explained: bool = True) -> None:
    one, chosen, is_public, is_past = world
    with transaction.atomic():
        gates = build(community, stranger, one, chosen, is_public)
        at = NOW if is_past else None
        viewer = look(community, stranger, at=at)
        twin = Twin(one, chosen, is_public=is_public, now=viewer.now, is_past=is_past)
        asked = viewer if is_past else look(community, stranger)
        for number, gate in enumerate(gates):
            assert viewer.can_open(gate.pk) == twin.may_read(number)
            if viewer.may_enter and not twin.is_open(number):
                assert shown_by(viewer, gate) == twin.shown(number)
            if not explained:
                continue
            explanation = explain(asked, gate, at=at)
            assert explanation.is_open == twin.may_read(number)
            against = explanation.reasons_against
            assert explanation.is_open or len(against) > 0  # a closed gate always says why
        transaction.set_rollback(True)


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(world=worlds())
def test_look_and_explain_and_the_twin_agree(world: Any, community: Community, stranger: User) -> None:
    agree(world, community, stranger)


PLANTED = {
    "a revoked plan still opens": ("AND (g.revoked_at IS NULL OR %(past)s AND g.revoked_at > %(now)s)", ""),
    "an ended plan still opens": ("HAVING bool_or(g.ends_at IS NULL OR g.ends_at > %(now)s)", ""),
    "a plan opens before it starts": ("AND g.starts_at <= %(now)s", ""),
    "the suspended still hold": ("AND NOT EXISTS (SELECT 1 FROM shut)\n    GROUP BY", "GROUP BY"),
    "a gate above is not asked": ("own.is_open AND c.is_open", "own.is_open"),
    "a date is not waited for": ("(t.opens_at IS NULL OR t.opens_at <= %(now)s)", "true"),
    "a milestone is not waited for": ("t.after_milestone = ''", "true"),
    "a delay is not waited for": ("delay = interval '0' OR since + delay <= %(now)s", "true"),
    "who left still enters": ("m.left_at IS NULL OR", "true OR"),
    "a level is one too low": ("me.level >= gate.level_min", "me.level + 1 >= gate.level_min"),
    "any member has any role": ("me.key = ANY(gate.role_keys)", "gate.role_keys <> '{}'"),
    "too much is shown": ("least(o.shown, c.shown)", "greatest(o.shown, c.shown)"),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_the_twin_finds_a_planted_bug(
    community: Community, stranger: User, monkeypatch: pytest.MonkeyPatch, bug: str
) -> None:
    from paideia.access import viewer

    before, after = PLANTED[bug]
    assert viewer.LOOK.count(before) == 1
    monkeypatch.setattr(viewer, "LOOK", viewer.LOOK.replace(before, after))
    phases = [Phase.generate]
    search = settings(max_examples=400, suppress_health_check=list(HealthCheck), phases=phases, database=None)
    with pytest.raises(AssertionError):
        search(given(world=worlds())(lambda world: agree(world, community, stranger, explained=False)))()


def test_a_stranger_sees_what_the_twin_says_of_nobody(community: Community) -> None:
    gate = Gate.objects.create(community=community, name="Members")
    explanation = explain(viewer_of(None), gate)
    assert (explanation.is_open, [(r.rule, r.text) for r in explanation.reasons]) == (
        False,
        [(Rule.MEMBERSHIP, "Is not a member.")],
    )
    assert [(way.rule, way.text) for way in explanation.ways] == [(Rule.MEMBERSHIP, "Join the community")]


@pytest.fixture
def paid(community: Community, tier: Plan) -> Gate:
    gate = Gate.objects.create(community=community, name="Paid")
    gate.plans.add(tier)
    return gate


def test_a_paying_member_is_told_what_holds_the_gate_open(member: User, paid: Gate) -> None:
    explanation = explain(viewer_of(member), paid)
    assert (explanation.is_open, [r.text for r in explanation.reasons]) == (
        True,
        ["Holds “Full membership” for good."],
    )


def test_a_closed_gate_names_its_ways_in(visitor: User, paid: Gate, tier: Plan) -> None:
    paid.level_min = 3
    paid.save()
    explanation = explain(viewer_of(visitor), paid)
    assert [r.text for r in explanation.reasons_against] == [
        "Does not hold “Full membership”.",
        "Is at level 1; it opens at level 3.",
    ]
    assert [(w.rule, w.plan_id) for w in explanation.ways] == [(Rule.PLAN, tier.pk), (Rule.LEVEL, None)]


def test_a_lapsed_plan_says_when_it_ended(visitor: User, paid: Gate, tier: Plan) -> None:
    with translation.override("en"):
        Grant.objects.create(
            plan=tier,
            user=visitor,
            starts_at=NOW - timedelta(90),
            ends_at=NOW - timedelta(60),
            source="x",
            key="x",
        )
        before = explain(viewer_of(visitor), paid, at=NOW - timedelta(70))
        after = explain(viewer_of(visitor), paid)
    assert (before.is_open, after.is_open) == (True, False)
    assert after.reasons_against[0].text.startswith("“Full membership” ended on ")


def test_the_past_is_told_as_it_stood(visitor: User, paid: Gate, tier: Plan) -> None:
    Grant.objects.create(
        plan=tier,
        user=visitor,
        starts_at=NOW - timedelta(9),
        revoked_at=NOW - timedelta(3),
        revoked_because="refunded",
        source="x",
        key="x",
    )
    Membership.objects.filter(user=visitor).update(joined_at=NOW - timedelta(10))
    told = [explain(viewer_of(visitor), paid, at=NOW - timedelta(days)).is_open for days in (10, 8, 4, 2)]
    assert told == [False, True, True, False]


def test_one_of_another_community_is_not_found(owner: User, community: Community) -> None:
    from paideia.communities.actions import create_community

    other = create_community(by=person("otto"), slug="other", name="Other", language="en")
    with pytest.raises(NotFound):
        explain(viewer_of(owner), Gate.objects.create(community=other, name="Theirs"))


def test_a_renewal_does_not_begin_a_drip_anew(visitor: User, paid: Gate, tier: Plan) -> None:
    for n in (3, 2, 1):
        Grant.objects.create(
            plan=tier,
            user=visitor,
            starts_at=NOW - timedelta(10 * n),
            ends_at=NOW - timedelta(10 * (n - 1)) + timedelta(days=1),
            source="x",
            key=f"x{n}",
        )
    paid.delay_days = 25
    paid.save()
    assert viewer_of(visitor).can_open(paid.pk)


def test_a_timed_gate_below_another_counts_from_what_opened_that(
    visitor: User, paid: Gate, tier: Plan
) -> None:
    """A lesson that opens a week after buying its course, for somebody who joined long ago."""
    Membership.objects.filter(user=visitor).update(joined_at=NOW - timedelta(365))
    lesson = Gate.objects.create(community=paid.community, name="Week 2", parent=paid, delay_days=7)
    Grant.objects.create(plan=tier, user=visitor, starts_at=NOW - timedelta(6), source="x", key="x")
    assert not viewer_of(visitor).can_open(lesson.pk)
    assert look(paid.community, visitor, at=NOW + timedelta(2)).can_open(lesson.pk)


def test_a_role_that_reads_all_is_the_reason_given(moderator: User, paid: Gate) -> None:
    explanation = explain(viewer_of(moderator), paid)
    assert explanation.is_open
    assert explanation.reasons[0].text == "Has the role “Moderator”, which reads everything."


def test_gates_in_a_ring_are_closed_and_say_so(community: Community, visitor: User) -> None:
    one = Gate.objects.create(community=community, name="one")
    two = Gate.objects.create(community=community, name="two", parent=one)
    Gate.objects.filter(pk=one.pk).update(parent=two)
    one.refresh_from_db()
    explanation = explain(viewer_of(visitor), one)
    assert (explanation.is_open, viewer_of(visitor).can_open(one.pk)) == (False, False)
    assert explanation.reasons_against[-1].text == "The gate above it leads nowhere."


def test_private_communities_and_suspensions_come_before_any_gate(
    community: Community, owner: User, visitor: User, stranger: User, paid: Gate
) -> None:
    Suspension.objects.create(membership=visitor.memberships.get(), reason="spam", by=owner)
    assert explain(viewer_of(visitor), paid).reasons[0].rule == Rule.SUSPENDED
    community.visibility = "private"
    community.save()
    assert [r.rule for r in explain(viewer_of(stranger), paid).reasons][:1] == [Rule.PRIVATE]
    let_in(community, stranger)
    assert explain(viewer_of(stranger), paid).reasons[0].rule == Rule.PLAN
