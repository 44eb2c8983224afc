"""Circles: who comes in, who goes out, what others see of them."""

import pytest
from django.db import IntegrityError, transaction

from paideia.access.models import Gate, Grant, Plan
from paideia.activity.models import Fact
from paideia.communities.actions import leave_community, suspend
from paideia.communities.models import Membership
from paideia.lib.refusal import NotFound
from paideia.spaces.actions import (
    accept_space_request,
    create_space,
    decline_space_request,
    join_space,
    leave_space,
    withdraw_space_request,
)
from paideia.spaces.models import Space, SpaceRequest
from paideia.spaces.queries import circle_members, spaces_for
from paideia.spaces.refusals import AlreadyDecided, AnswersMissing, MembersOnly, NotACircle, NotPermitted


@pytest.fixture
def circle(community, owner, viewer_of):
    return create_space(viewer=viewer_of(owner), name="Readers", joining="open")


@pytest.fixture
def guarded(community, owner, viewer_of):
    return create_space(viewer=viewer_of(owner), name="Poets", joining="approval", join_questions=["Why?"])


def test_a_circle_is_locked_for_members_outside_it_and_open_to_those_in_it(
    circle, member, visitor, viewer_of
):
    join_space(viewer=viewer_of(member), space=circle)
    assert viewer_of(member).can_open(circle.gate_id)
    assert not viewer_of(visitor).can_open(circle.gate_id)
    assert [(row.name, row.locked) for row in spaces_for(viewer_of(visitor))] == [("Readers", True)]
    assert [(row.name, row.locked) for row in spaces_for(viewer_of(member))] == [("Readers", False)]


def test_joining_twice_is_joining_once(circle, member, viewer_of):
    grants = {join_space(viewer=viewer_of(member), space=circle).pk for _again in range(2)}
    assert len(grants) == 1
    assert Fact.objects.filter(verb="space.joined").count() == 1


def test_who_leaves_a_circle_is_out_at_once_and_may_come_back(circle, member, viewer_of):
    join_space(viewer=viewer_of(member), space=circle)
    leave_space(viewer=viewer_of(member), space=circle)
    assert not viewer_of(member).can_open(circle.gate_id)
    join_space(viewer=viewer_of(member), space=circle)
    assert viewer_of(member).can_open(circle.gate_id)
    assert [user.handle for user in circle_members(circle)] == ["mira"]


def test_a_stranger_cannot_join_a_circle(circle, stranger, viewer_of):
    with pytest.raises(MembersOnly):
        join_space(viewer=viewer_of(stranger), space=circle)


def test_there_is_nothing_to_join_in_a_space_for_everybody(space, member, viewer_of):
    with pytest.raises(NotACircle):
        join_space(viewer=viewer_of(member), space=space)


def test_a_circle_that_approves_asks_its_questions_first(guarded, member, viewer_of):
    with pytest.raises(AnswersMissing):
        join_space(viewer=viewer_of(member), space=guarded, answers={"Why?": "  "})
    request = join_space(viewer=viewer_of(member), space=guarded, answers={"Why?": "I write."})
    assert request.answers == {"Why?": "I write."}
    assert not viewer_of(member).can_open(guarded.gate_id)


def test_accepting_a_request_lets_in(guarded, owner, member, viewer_of):
    request = join_space(viewer=viewer_of(member), space=guarded, answers={"Why?": "I write."})
    accept_space_request(viewer=viewer_of(owner), request=request)
    assert viewer_of(member).can_open(guarded.gate_id)


def test_a_declined_request_lets_nobody_in_and_another_can_be_made(guarded, owner, member, viewer_of):
    request = join_space(viewer=viewer_of(member), space=guarded, answers={"Why?": "I write."})
    decline_space_request(viewer=viewer_of(owner), request=request)
    assert not viewer_of(member).can_open(guarded.gate_id)
    assert join_space(viewer=viewer_of(member), space=guarded, answers={"Why?": "Please."}).pk != request.pk


def test_a_request_is_decided_once(guarded, owner, admin, member, viewer_of):
    request = join_space(viewer=viewer_of(member), space=guarded, answers={"Why?": "I write."})
    accept_space_request(viewer=viewer_of(owner), request=request)
    with pytest.raises(AlreadyDecided):
        decline_space_request(viewer=viewer_of(admin), request=request)


def test_a_member_does_not_decide(guarded, member, visitor, viewer_of):
    request = join_space(viewer=viewer_of(member), space=guarded, answers={"Why?": "I write."})
    for user in (member, visitor):
        with pytest.raises(NotPermitted):
            accept_space_request(viewer=viewer_of(user), request=request)


def test_who_left_the_community_meanwhile_is_not_let_in(guarded, owner, member, community, viewer_of):
    request = join_space(viewer=viewer_of(member), space=guarded, answers={"Why?": "I write."})
    leave_community(community=community, user=member)
    with pytest.raises(MembersOnly):
        accept_space_request(viewer=viewer_of(owner), request=request)


def test_a_request_can_be_taken_back(guarded, member, viewer_of):
    join_space(viewer=viewer_of(member), space=guarded, answers={"Why?": "I write."})
    withdraw_space_request(viewer=viewer_of(member), space=guarded)
    assert SpaceRequest.objects.count() == 0


def test_a_hidden_circle_is_not_there_for_those_outside(community, owner, member, viewer_of, sign_in):
    hidden = create_space(viewer=viewer_of(owner), name="Board", joining="open", shows="nothing")
    assert [row.name for row in spaces_for(viewer_of(member))] == []
    with pytest.raises(NotFound):
        join_space(viewer=viewer_of(member), space=hidden)
    here = sign_in(member)
    same = [here.get(f"/c/agora/spaces/{slug}/membership/").status_code for slug in (hidden.slug, "no-such")]
    assert same == [404, 404]


def test_a_suspended_member_loses_sight_of_the_circle_at_once(circle, community, owner, member, viewer_of):
    join_space(viewer=viewer_of(member), space=circle)
    suspend(membership=Membership.objects.get(user=member), by=owner, reason="Spam")
    assert not viewer_of(member).can_open(circle.gate_id)
    with pytest.raises(MembersOnly):
        join_space(viewer=viewer_of(member), space=circle)


def test_a_circle_needs_a_plan_and_a_gate(community):
    with pytest.raises(IntegrityError), transaction.atomic():
        Space.objects.create(community=community, slug="x", name="X", joining="open")


def test_one_open_request_a_person(guarded, member):
    SpaceRequest.objects.create(space=guarded, user=member)
    with pytest.raises(IntegrityError), transaction.atomic():
        SpaceRequest.objects.create(space=guarded, user=member)


@pytest.mark.parametrize("accepted", [True, False])
def test_a_request_is_not_decided_by_halves(guarded, member, accepted):
    with pytest.raises(IntegrityError), transaction.atomic():
        SpaceRequest.objects.create(space=guarded, user=member, accepted=accepted)


def test_a_circle_brings_its_own_plan_and_gate(circle):
    assert Plan.objects.get(circles=circle).kind == "circle"
    assert list(Gate.objects.get(spaces=circle).plans.all()) == [circle.plan]
    assert Grant.objects.count() == 0
