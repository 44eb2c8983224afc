"""Sentences about access that every change has to keep."""

import pytest

from paideia.access.actions import GateTerms, add_policy, remove_policy, save_gate
from paideia.access.models import Gate, Plan, Policy
from paideia.access.policies import broken, must_hold, offer_changed
from paideia.access.refusals import NotPermitted, PolicyBroken
from paideia.lib.refusal import NotFound
from tests.cast import viewer_of


@pytest.fixture
def gold(tier: Plan) -> Plan:
    return Plan.objects.create(community=tier.community, key="gold", name="Gold")


@pytest.fixture
def archive(gold: Plan) -> Gate:
    gate = Gate.objects.create(community=gold.community, name="Archive")
    gate.plans.add(gold)
    return gate


@pytest.fixture
def never(owner, tier: Plan, archive: Gate) -> Policy:
    """Whoever has the tier alone must never open the archive."""
    return add_policy(
        viewer=viewer_of(owner), demand="never", gate=archive, subject_name=tier.name, subject_plans=[tier]
    )


def terms(gate: Gate, **other) -> GateTerms:
    return GateTerms(**{"name": gate.name, "plans": list(gate.plans.all()), **other})


def test_a_gate_is_not_opened_to_whom_a_policy_keeps_out(owner, tier, gold, archive, never):
    with pytest.raises(PolicyBroken) as refused:
        save_gate(viewer=viewer_of(owner), terms=terms(archive, plans=[gold, tier]), gate=archive)
    assert refused.value.message == (
        "This would break a policy: Whoever has “Full membership” must never be able to open “Archive”. "
        "“Archive” opens to “Full membership”. Change the policy first if this is meant."
    )
    assert list(archive.plans.all()) == [gold]


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"role_keys": ["member"]}, "“Archive” opens to every member."),
        ({"level_min": 3}, "“Archive” opens to every member who reaches level 3."),
        ({"plans": []}, "“Archive” opens to every member."),
    ],
)
def test_other_ways_in_are_counter_examples_too(owner, archive, never, change, because):
    with pytest.raises(PolicyBroken, match=because):
        save_gate(viewer=viewer_of(owner), terms=terms(archive, **change), gate=archive)


def test_a_role_of_the_team_breaks_nothing(owner, archive, never):
    save_gate(viewer=viewer_of(owner), terms=terms(archive, role_keys=["moderator"]), gate=archive)
    assert broken(archive.community) == []


def test_a_gate_above_keeps_the_policy(owner, tier, gold, archive, never):
    outer = save_gate(viewer=viewer_of(owner), terms=GateTerms(name="Gold only", plans=[gold]))
    viewer = viewer_of(owner)
    save_gate(viewer=viewer, terms=terms(archive, plans=[gold, tier], parent=outer), gate=archive)
    assert broken(archive.community) == []
    with pytest.raises(PolicyBroken, match=r"“Gold only” opens to “Full m.*“Archive” opens to “Full m"):
        save_gate(viewer=viewer, terms=GateTerms(name="Gold only", plans=[gold, tier]), gate=outer)


def test_what_must_open_stays_open(owner, tier, gold):
    gate = Gate.objects.create(community=tier.community, name="Basics")
    gate.plans.add(tier)
    viewer = viewer_of(owner)
    add_policy(viewer=viewer, demand="must", gate=gate, subject_name=tier.name, subject_plans=[tier])
    with pytest.raises(
        PolicyBroken, match=r"“Basics” would stay closed: it opens to none of what they have[.]"
    ):
        save_gate(viewer=viewer, terms=terms(gate, plans=[gold]), gate=gate)
    with pytest.raises(PolicyBroken):
        save_gate(viewer=viewer, terms=terms(gate, plans=[], level_min=2), gate=gate)


def test_time_breaks_no_promise(owner, tier):
    gate = Gate.objects.create(community=tier.community, name="Drip", delay_days=30)
    gate.plans.add(tier)
    add_policy(
        viewer=viewer_of(owner), demand="must", gate=gate, subject_name=tier.name, subject_plans=[tier]
    )
    assert broken(tier.community) == []


def test_a_member_without_a_plan_is_a_subject(owner, archive):
    add_policy(viewer=viewer_of(owner), demand="never", gate=archive)
    with pytest.raises(PolicyBroken, match="A member without a plan must never be able to open “Archive”"):
        save_gate(viewer=viewer_of(owner), terms=terms(archive, plans=[]), gate=archive)


def test_a_policy_that_is_untrue_is_refused_with_the_counter_example(owner, gold, archive):
    with pytest.raises(PolicyBroken, match=r"“Archive” opens to “Gold”[.]"):
        add_policy(
            viewer=viewer_of(owner), demand="never", gate=archive, subject_name="Gold", subject_plans=[gold]
        )
    assert Policy.objects.count() == 0


def test_an_offer_that_gives_more_breaks_its_policy(owner, tier, gold, archive):
    add_policy(
        viewer=viewer_of(owner),
        demand="never",
        gate=archive,
        subject_name="Monthly",
        subject_plans=[tier],
        offer_id=7,
    )
    offer_changed(tier.community, offer_id=7, name="Monthly plus", plans=[tier, gold])
    with pytest.raises(PolicyBroken, match="Whoever has “Monthly plus” must never"):
        must_hold(tier.community)


def test_only_the_team_writes_policies_and_only_its_own(owner, member, archive, never):
    with pytest.raises(NotPermitted):
        add_policy(viewer=viewer_of(member), demand="never", gate=archive)
    with pytest.raises(NotPermitted):
        remove_policy(viewer=viewer_of(member), policy=never)
    elsewhere = Policy(community_id=0, gate=archive)
    with pytest.raises(NotFound):
        remove_policy(viewer=viewer_of(owner), policy=elsewhere)
    remove_policy(viewer=viewer_of(owner), policy=never)
    assert Policy.objects.count() == 0


def test_the_check_asks_as_often_for_many_policies(owner, tier, archive, django_assert_num_queries):
    viewer = viewer_of(owner)
    for _ in range(5):
        add_policy(viewer=viewer, demand="never", gate=archive, subject_name="x", subject_plans=[tier])
    with django_assert_num_queries(4):
        assert broken(tier.community) == []
