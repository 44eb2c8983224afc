"""What a paywall offers: whatever opens all that is closed, the cheapest first."""

from datetime import timedelta

import pytest
from django.utils import timezone

from paideia.access.models import FreeRead, Gate, Plan
from paideia.accounts.models import User
from paideia.commerce.models import Offer
from paideia.commerce.queries import offers_for_gate, ways_in
from paideia.communities.models import Community
from tests.cast import viewer_of


@pytest.fixture
def course(tier: Plan) -> Offer:
    """An offer for another plan."""
    plan = Plan.objects.create(community=tier.community, key="course", name="Course", kind="work")
    offer = Offer.objects.create(community=tier.community, name="The course", price=500, currency="CNY")
    offer.plans.add(plan)
    return offer


def test_the_cheapest_comes_first(
    visitor: User, gate: Gate, lifetime: Offer, monthly: Offer, course: Offer
) -> None:
    ways = ways_in(viewer_of(visitor), gate)
    assert ([offer.name for offer in ways.offers], ways.opens_with) == (
        ["Monthly", "For good"],
        ("Full membership",),
    )
    assert (ways.cheapest, offers_for_gate(gate)) == (monthly, [monthly, lifetime])
    gate.plans.add(course.plans.get())
    assert ways_in(viewer_of(visitor), gate).cheapest == course


def test_archived_offers_are_no_way_in(visitor: User, gate: Gate, monthly: Offer) -> None:
    Offer.objects.update(archived_at=timezone.now())
    assert ways_in(viewer_of(visitor), gate).offers == ()


def test_an_offer_must_open_every_closed_gate_on_the_way(
    visitor: User, gate: Gate, monthly: Offer, course: Offer
) -> None:
    inner = Gate.objects.create(community=gate.community, name="Course", parent=gate)
    inner.plans.add(course.plans.get())
    assert ways_in(viewer_of(visitor), inner).offers == ()
    course.plans.add(*gate.plans.all())
    assert ways_in(viewer_of(visitor), inner).offers == (course,)


def test_what_the_viewer_holds_already_is_not_asked_again(
    member: User, gate: Gate, monthly: Offer, course: Offer
) -> None:
    inner = Gate.objects.create(community=gate.community, name="Course", parent=gate)
    inner.plans.add(course.plans.get())
    assert ways_in(viewer_of(member), inner).offers == (course,)


def test_a_timed_gate_below_is_sold_like_the_one_above(visitor: User, gate: Gate, monthly: Offer) -> None:
    later = timezone.now() + timedelta(3)
    inner = Gate.objects.create(
        community=gate.community, name="Week 2", parent=gate, opens_at=later, after_milestone="lesson:1"
    )
    ways = ways_in(viewer_of(visitor), inner)
    assert (ways.offers, ways.opens_at, ways.waits_for_lesson) == ((monthly,), later, True)


def test_what_is_for_members_is_joined(stranger: User, visitor: User, community: Community) -> None:
    gate = Gate.objects.create(community=community, name="Members")
    assert [ways_in(viewer_of(user), gate).needs_joining for user in (None, stranger, visitor)] == [
        True,
        True,
        False,
    ]


def test_free_reads_left_are_told_where_they_would_open_it(
    visitor: User, gate: Gate, community: Community
) -> None:
    assert ways_in(viewer_of(visitor), gate).free_reads_left is None
    Community.objects.update(free_reads_max=2)
    Gate.objects.update(free_reads=True)
    month = timezone.now().date().replace(day=1)
    FreeRead.objects.create(community=community, user=visitor, document_id=1, month=month)
    FreeRead.objects.create(community=community, user=visitor, document_id=2, month=month.replace(year=2020))
    assert ways_in(viewer_of(visitor), gate).free_reads_left == 1
    Gate.objects.update(opens_at=timezone.now() + timedelta(1))
    assert ways_in(viewer_of(visitor), gate).free_reads_left is None


def test_it_costs_one_query(visitor: User, gate: Gate, monthly: Offer, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    viewer = viewer_of(visitor)
    with django_assert_num_queries(1):
        ways_in(viewer, gate)
