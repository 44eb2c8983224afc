"""Plans and gates as the team edits them."""

import pytest

from paideia.access.actions import (
    GateTerms,
    archive_plan,
    remove_gate,
    remove_plan,
    restore_plan,
    save_gate,
    save_plan,
)
from paideia.access.models import Gate, Plan
from paideia.access.refusals import GateInUse, NotPermitted, PlanInUse
from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.communities.models import Community
from paideia.lib.refusal import Invalid, NotFound
from tests.cast import person, viewer_of


@pytest.fixture
def elsewhere(db: None) -> Community:
    from paideia.communities.actions import create_community

    return create_community(by=person("otto"), slug="other", name="Other", language="en")


def test_a_plan_gets_a_key_of_its_own(admin: User) -> None:
    plans = [save_plan(viewer=viewer_of(admin), name=name) for name in ("Gold", "Gold", "年度会员")]
    assert [plan.key for plan in plans] == ["gold", "gold-2", "plan"]
    assert Fact.objects.filter(verb="plan.changed").count() == 3


def test_a_plan_is_renamed_and_keeps_its_key_and_kind(admin: User, tier: Plan) -> None:
    plan = save_plan(viewer=viewer_of(admin), plan=tier, name="Everything", kind="work", summary="All of it")
    assert (plan.pk, plan.key, plan.name, plan.kind, plan.summary) == (
        tier.pk,
        "full",
        "Everything",
        "tier",
        "All of it",
    )


def test_an_archived_plan_stays_held(admin: User, member: User, tier: Plan) -> None:
    archive_plan(viewer=viewer_of(admin), plan=tier)
    assert viewer_of(member).plans == frozenset({tier.pk})
    assert restore_plan(viewer=viewer_of(admin), plan=tier).archived_at is None


def test_a_plan_that_is_held_is_not_removed(admin: User, member: User, tier: Plan) -> None:
    with pytest.raises(PlanInUse):
        remove_plan(viewer=viewer_of(admin), plan=tier)
    unused = save_plan(viewer=viewer_of(admin), name="Unused")
    remove_plan(viewer=viewer_of(admin), plan=unused)
    assert list(Plan.objects.all()) == [tier]


def test_a_gate_takes_all_its_terms_at_once(admin: User, member: User, tier: Plan) -> None:
    outer = save_gate(viewer=viewer_of(admin), terms=GateTerms("Members"))
    terms = GateTerms(
        "Paid", plans=[tier], role_keys=["mentor", "mentor"], level_min=3, parent=outer, shows="title"
    )
    gate = save_gate(viewer=viewer_of(admin), terms=terms)
    assert (gate.role_keys, gate.level_min, gate.parent, gate.shows) == (["mentor"], 3, outer, "title")
    assert viewer_of(member).can_open(gate.pk)
    save_gate(viewer=viewer_of(admin), gate=gate, terms=GateTerms("Paid", role_keys=["mentor"]))
    assert not viewer_of(member).can_open(gate.pk)


def test_a_change_of_a_gate_is_a_change_of_the_community(
    admin: User, tier: Plan, community: Community
) -> None:
    """Anonymous pages are kept by the community's version, which grows at commit."""
    gate = save_gate(viewer=viewer_of(admin), terms=GateTerms("Paid", plans=[tier]))
    before = Community.objects.get(pk=community.pk).version
    save_gate(viewer=viewer_of(admin), gate=gate, terms=GateTerms("Paid"))
    from django.db import connection

    connection.check_constraints()
    assert Community.objects.get(pk=community.pk).version > before


def test_gates_stand_in_no_ring_and_not_too_deep(admin: User) -> None:
    viewer, gates = viewer_of(admin), list[Gate]()
    for depth in range(5):
        parent = gates[-1] if gates else None
        gates.append(save_gate(viewer=viewer, terms=GateTerms(f"{depth}", parent=parent)))
    with pytest.raises(Invalid, match="5 deep"):
        save_gate(viewer=viewer, terms=GateTerms("deeper", parent=gates[-1]))
    with pytest.raises(Invalid, match="below itself"):
        save_gate(viewer=viewer, gate=gates[0], terms=GateTerms("0", parent=gates[3]))


@pytest.mark.parametrize(
    "terms",
    [
        lambda here, there: GateTerms(" "),
        lambda here, there: GateTerms("x", plans=[Plan.objects.create(community=there, key="t", name="T")]),
        lambda here, there: GateTerms("x", role_keys=["emperor"]),
        lambda here, there: GateTerms("x", level_min=0),
        lambda here, there: GateTerms("x", parent=Gate.objects.create(community=there, name="T")),
    ],
)
def test_terms_that_make_no_sense_are_refused(
    admin: User, community: Community, elsewhere: Community, terms
) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Invalid):
        save_gate(viewer=viewer_of(admin), terms=terms(community, elsewhere))
    assert Gate.objects.filter(community=community).count() == 0


def test_a_gate_with_something_behind_it_stays(admin: User) -> None:
    viewer = viewer_of(admin)
    outer = save_gate(viewer=viewer, terms=GateTerms("outer"))
    inner = save_gate(viewer=viewer, terms=GateTerms("inner", parent=outer))
    with pytest.raises(GateInUse):
        remove_gate(viewer=viewer, gate=outer)
    remove_gate(viewer=viewer, gate=inner)
    remove_gate(viewer=viewer, gate=outer)
    assert Gate.objects.count() == 0


def test_others_change_nothing_and_other_communities_are_unknown(
    moderator: User, admin: User, tier: Plan, elsewhere: Community
) -> None:
    viewer = viewer_of(moderator)
    gate = Gate.objects.create(community=tier.community, name="x")
    theirs = Gate.objects.create(community=elsewhere, name="x")
    for attempt in (
        lambda: save_plan(viewer=viewer, name="x"),
        lambda: archive_plan(viewer=viewer, plan=tier),
        lambda: remove_plan(viewer=viewer, plan=tier),
        lambda: save_gate(viewer=viewer, terms=GateTerms("x")),
        lambda: remove_gate(viewer=viewer, gate=gate),
    ):
        with pytest.raises(NotPermitted):
            attempt()
    with pytest.raises(NotFound):
        save_gate(viewer=viewer_of(admin), gate=theirs, terms=GateTerms("x"))
    with pytest.raises(NotFound):
        remove_gate(viewer=viewer_of(admin), gate=theirs)
