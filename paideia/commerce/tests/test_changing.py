"""Another plan: at once with what is left of the old one, or when that ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from paideia.access.models import Grant, Plan
from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.commerce.actions import place_order, refund_order
from paideia.commerce.actions.subscriptions import change_next, pay_period
from paideia.commerce.models import Offer, Order, Subscription
from paideia.commerce.quoting import Wish
from paideia.commerce.quoting.unused import left_of, taken_in_payment, worth_of
from paideia.commerce.refunding import refundable
from paideia.commerce.refusals import NotRunning, SubscribedAlready, WrongWish
from tests.cast import viewer_of

from .subscribing import BEGIN, Pay, at, clock, decline, is_in, offer_of, pass_time, periods, subscribe

__all__ = ["clock"]


@pytest.fixture
def gold(tier: Plan) -> Plan:
    return Plan.objects.create(community=tier.community, key="gold", name="Gold", kind=Plan.Kind.TIER)


@pytest.fixture
def small(tier: Plan) -> Offer:
    return offer_of(tier, 2800)


@pytest.fixture
def large(gold: Plan) -> Offer:
    return offer_of(gold, 9000)


@pytest.fixture
def running(clock: Any, visitor: User, small: Offer, paid_at_the_sandbox: Pay) -> Subscription:
    return subscribe(visitor, small, paid_at_the_sandbox)


def change(user: User, offer: Offer, order: Order, *, at_end: bool = False) -> Order:
    wish = Wish(kind="change", replaces=order.number, at_end=at_end)
    return place_order(viewer=viewer_of(user), offer=offer, provider="sandbox", wish=wish)


def test_an_upgrade_takes_what_is_left_in_payment(
    running: Subscription, clock: Any, large: Offer, tier: Plan, gold: Plan, paid_at_the_sandbox: Pay
) -> None:
    clock.move_to(at(2026, 2, 7, 12))  # a quarter of 28 days is used
    order = change(running.user, large, running.orders.get())
    assert [(line.kind, line.amount) for line in order.lines.all()] == [("price", 9000), ("unused", -2100)]
    assert order.total == 6900
    paid_at_the_sandbox(order)
    running.refresh_from_db()
    assert (running.state, running.offer, running.price) == ("active", large, 9000)
    assert (running.anchor_at, running.period, running.anchor_period) == (at(2026, 2, 7, 12), 2, 1)
    assert running.period_ends_at == at(2026, 3, 7, 12)
    assert (is_in(running, tier), is_in(running, gold)) == (False, True)
    pass_time(clock, at(2026, 4, 8))
    assert [(o.period, o.total) for o in running.orders.order_by("pk")] == [
        (1, 2800),
        (2, 6900),
        (3, 9000),
        (4, 9000),
    ]
    assert Fact.objects.get(verb="subscription.changed").detail["price"] == 9000


def test_what_was_paid_for_a_change_counts_whole_at_the_next(
    running: Subscription, clock: Any, large: Offer, gold: Plan, paid_at_the_sandbox: Pay
) -> None:
    clock.move_to(at(2026, 2, 7, 12))
    order = paid_at_the_sandbox(change(running.user, large, running.orders.get()))
    assert worth_of(order) == 9000
    assert left_of(order, at(2026, 2, 21, 12)).amount == 4500


def test_nobody_is_made_to_lose_what_is_worth_more(running: Subscription, clock: Any, gold: Plan) -> None:
    cheap = offer_of(gold, 1000)
    with pytest.raises(WrongWish, match="more than this costs"):
        change(running.user, cheap, running.orders.get())


def test_a_downgrade_waits_for_the_end_of_the_period(
    running: Subscription, clock: Any, tier: Plan, gold: Plan
) -> None:
    cheap = offer_of(gold, 1000, term="quarter")
    change_next(viewer=viewer_of(running.user), subscription=running, offer=cheap)
    Offer.objects.filter(pk=cheap.pk).update(price=5000)  # what it cost when it was chosen counts
    clock.move_to(at(2026, 2, 27))
    assert (is_in(running, tier), is_in(running, gold)) == (True, False)
    pass_time(clock, at(2026, 3, 4))
    running.refresh_from_db()
    assert (running.offer, running.price, running.next_offer) == (cheap, 1000, None)
    assert (running.period, running.period_ends_at) == (2, at(2026, 5, 28, 12))
    assert (is_in(running, tier), is_in(running, gold)) == (False, True)
    pass_time(clock, at(2026, 6, 1))
    assert [o.total for o in running.orders.order_by("pk")] == [2800, 1000, 1000]


def test_what_was_chosen_for_the_next_period_can_be_undone(
    running: Subscription, clock: Any, large: Offer
) -> None:
    viewer = viewer_of(running.user)
    change_next(viewer=viewer, subscription=running, offer=large)
    change_next(viewer=viewer, subscription=running, offer=None)
    pass_time(clock, at(2026, 3, 1))
    assert [o.total for o in running.orders.order_by("pk")] == [2800, 2800]


def test_who_subscribes_to_the_next_plan_themselves_is_not_charged_for_it_twice(
    running: Subscription, clock: Any, large: Offer, gold: Plan, paid_at_the_sandbox: Pay
) -> None:
    change_next(viewer=viewer_of(running.user), subscription=running, offer=large)
    subscribe(running.user, large, paid_at_the_sandbox)
    with pytest.raises(SubscribedAlready):
        pay_period(viewer=viewer_of(running.user), subscription=running, provider="sandbox")
    pass_time(clock, at(2026, 3, 2))
    running.refresh_from_db()
    assert (running.state, running.orders.count(), is_in(running, gold)) == ("ended", 1, True)
    assert Fact.objects.get(verb="subscription.ended").detail["because"] == "changed to another plan"


def test_a_next_period_that_was_paid_beside_a_subscription_is_a_term_like_any_other(
    running: Subscription, clock: Any, large: Offer, gold: Plan, paid_at_the_sandbox: Pay
) -> None:
    viewer = viewer_of(running.user)
    change_next(viewer=viewer, subscription=running, offer=large)
    order = pay_period(viewer=viewer, subscription=running, provider="sandbox")
    other = subscribe(running.user, large, paid_at_the_sandbox)
    paid_at_the_sandbox(order)
    running.refresh_from_db()
    assert (order.state, running.state) == ("paid", "ended")
    ends_at = Grant.objects.get(source=f"order:{order.pk}").ends_at
    assert (other.period_ends_at, ends_at) == (at(2026, 2, 28, 12), at(2026, 3, 28, 12))
    assert is_in(running, gold, at(2026, 3, 20))


def test_the_next_period_is_of_something_that_renews(
    running: Subscription, lifetime: Offer, small: Offer
) -> None:
    with pytest.raises(WrongWish):
        change_next(viewer=viewer_of(running.user), subscription=running, offer=lifetime)


def test_a_term_bought_in_advance_changes_like_a_period(
    clock: Any, visitor: User, tier: Plan, gold: Plan, large: Offer, paid_at_the_sandbox: Pay
) -> None:
    term = offer_of(tier, 2800, renewal="none")
    bought = paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=term, provider="sandbox"))
    clock.move_to(at(2026, 2, 14, 12))
    order = paid_at_the_sandbox(change(visitor, large, bought))
    assert (order.total, order.subscription.state) == (7600, "active")
    assert (is_in(visitor, tier), is_in(visitor, gold)) == (False, True)


def test_another_term_can_follow_the_end(
    clock: Any, visitor: User, tier: Plan, gold: Plan, paid_at_the_sandbox: Pay
) -> None:
    term, cheap = offer_of(tier, 2800, renewal="none"), offer_of(gold, 1000, renewal="none")
    bought = paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=term, provider="sandbox"))
    order = paid_at_the_sandbox(change(visitor, cheap, bought, at_end=True))
    given = Grant.objects.get(source=f"order:{order.pk}")
    assert (order.total, given.starts_at, given.ends_at) == (1000, at(2026, 2, 28, 12), at(2026, 3, 28, 12))


def test_for_good_is_changed_by_paying_the_difference(
    clock: Any, visitor: User, lifetime: Offer, gold: Plan, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    bought = paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=lifetime, provider="sandbox"))
    both = offer_of(gold, 149900, renewal="none", term="lifetime")
    both.plans.add(tier)
    clock.move_to(at(2027, 2, 1))
    order = paid_at_the_sandbox(change(visitor, both, bought))
    assert (order.total, is_in(visitor, tier), is_in(visitor, gold)) == (50000, True, True)


def test_a_change_to_what_does_not_renew_ends_the_subscription(
    running: Subscription, clock: Any, gold: Plan, paid_at_the_sandbox: Pay
) -> None:
    once = offer_of(gold, 9000, renewal="none", term="year")
    paid_at_the_sandbox(change(running.user, once, running.orders.get()))
    running.refresh_from_db()
    assert (running.state, is_in(running, gold)) == ("ended", True)
    pass_time(clock, at(2026, 3, 10))
    assert Order.objects.filter(paid_at__isnull=False).count() == 2


def test_time_is_taken_in_payment_once(
    running: Subscription, clock: Any, large: Offer, gold: Plan, paid_at_the_sandbox: Pay
) -> None:
    first = change(running.user, large, running.orders.get())
    other = offer_of(gold, 8000)
    second = change(running.user, other, running.orders.get())
    paid_at_the_sandbox(first)
    paid_at_the_sandbox(second)
    assert second.state == "created" or Order.objects.get(pk=second.pk).paid_at is None
    assert [notice.outcome for notice in second.notices.all()] == ["paid_twice"]
    with pytest.raises(WrongWish):
        change(running.user, other, first.replaces)
    with pytest.raises(IntegrityError, match="order_replaced_once"), transaction.atomic():
        Order.objects.filter(pk=second.pk).update(paid_at=BEGIN, state="paid")


def test_what_was_taken_in_payment_is_not_refunded_with_the_old_order(
    running: Subscription, clock: Any, large: Offer, owner: User, paid_at_the_sandbox: Pay
) -> None:
    clock.move_to(at(2026, 2, 7, 12))
    old = running.orders.get()
    paid_at_the_sandbox(change(running.user, large, old))
    old.refresh_from_db()
    assert (taken_in_payment(old), refundable(old).value) == (2100, 700)


def test_a_refunded_change_ends_the_subscription(
    running: Subscription, clock: Any, large: Offer, owner: User, gold: Plan, paid_at_the_sandbox: Pay
) -> None:
    order = paid_at_the_sandbox(change(running.user, large, running.orders.get()))
    refund_order(viewer=viewer_of(owner), order=order, reason="No")
    running.refresh_from_db()
    assert (running.state, is_in(running, gold)) == ("ended", False)


def test_what_cannot_be_changed_is_refused(
    running: Subscription, clock: Any, large: Offer, small: Offer, tier: Plan, stranger: User
) -> None:
    order = running.orders.get()
    for user, offer in ((stranger, large), (running.user, small)):
        with pytest.raises(WrongWish):
            change(user, offer, order)
    with pytest.raises(WrongWish):
        change(running.user, large, order, at_end=True)  # it renews itself
    decline(running)
    pass_time(clock, at(2026, 3, 1))
    running.refresh_from_db()
    with pytest.raises(NotRunning):
        change_next(viewer=viewer_of(running.user), subscription=running, offer=large)


def test_one_does_not_change_into_what_one_has(
    running: Subscription, large: Offer, paid_at_the_sandbox: Pay
) -> None:
    subscribe(running.user, large, paid_at_the_sandbox)
    with pytest.raises(SubscribedAlready):
        change(running.user, large, running.orders.get())


def test_used_and_unused_are_together_what_was_paid(running: Subscription) -> None:
    """At every moment, and over any chain of moments: no minor unit appears or is lost."""
    import random

    rng, order = random.Random(7), running.orders.get()
    for _ in range(300):
        moment = BEGIN + timedelta(seconds=rng.randrange(0, 28 * 86400 + 1))
        left = left_of(order, moment)
        used = left.worth * (left.whole_seconds - left.seconds)
        assert left.worth == 2800
        assert 0 <= left.amount * left.whole_seconds <= left.worth * left.seconds
        assert left.worth * left.seconds - left.amount * left.whole_seconds < left.whole_seconds
        assert used + left.worth * left.seconds == left.worth * left.whole_seconds
    ends = [left_of(order, BEGIN).amount, left_of(order, at(2026, 2, 28, 12)).amount]
    assert ends == [2800, 0]
    assert periods(running) == [(1, "paid")]
