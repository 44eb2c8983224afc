"""What renews itself: one order a period, counted from the anchor, until somebody ends it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from paideia.access.models import Grant, Plan
from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.commerce.actions import place_order, refund_order
from paideia.commerce.actions.renewing import ask_after, renew_due
from paideia.commerce.actions.subscriptions import cancel, pay_period, resume, save_retention, stay
from paideia.commerce.models import Coupon, Offer, Order, Refund, SandboxCharge, Subscription
from paideia.commerce.refusals import (
    NoRetention,
    NotRunning,
    SubscribedAlready,
)
from paideia.communities.actions import leave_community
from paideia.communities.models import Membership
from paideia.ledger.queries import balance
from paideia.lib.refusal import Invalid, NotFound
from tests.cast import viewer_of

from .subscribing import (
    BEGIN,
    Pay,
    at,
    by_hand,
    clock,
    decline,
    is_in,
    offer_of,
    pass_time,
    periods,
    subscribe,
)

__all__ = ["clock"]


@pytest.fixture
def offer(tier: Plan) -> Offer:
    return offer_of(tier)


@pytest.fixture
def running(clock: Any, visitor: User, offer: Offer, paid_at_the_sandbox: Pay) -> Subscription:
    return subscribe(visitor, offer, paid_at_the_sandbox)


def test_the_first_payment_begins_it(running: Subscription, tier: Plan) -> None:
    assert (running.state, running.period, running.price) == ("active", 1, 3000)
    assert (running.anchor_at, running.period_ends_at, running.charge_at) == (
        BEGIN,
        at(2026, 2, 28, 12),
        at(2026, 2, 28, 12),
    )
    assert running.mandate_id.startswith("sm_")
    assert (is_in(running, tier), periods(running)) == (True, [(1, "paid")])
    assert Fact.objects.get(verb="subscription.started").detail["offer"] == running.offer.name


def test_periods_are_counted_from_the_anchor(running: Subscription, clock: Any, tier: Plan) -> None:
    pass_time(clock, at(2026, 5, 1))
    running.refresh_from_db()
    ends = (
        Grant.objects.filter(source__startswith="order:")
        .order_by("starts_at")
        .values_list("ends_at", flat=True)
    )
    assert list(ends) == [at(2026, 2, 28, 12), at(2026, 3, 31, 12), at(2026, 4, 30, 12), at(2026, 5, 31, 12)]
    assert periods(running) == [(n, "paid") for n in (1, 2, 3, 4)]
    assert (running.state, running.tries, is_in(running, tier)) == ("active", 0, True)
    assert balance(running.community, "house", "sales", "CNY") == 4 * 3000


def test_access_goes_on_while_the_job_is_late(running: Subscription, clock: Any, tier: Plan) -> None:
    clock.move_to(at(2026, 3, 2))
    assert is_in(running, tier)
    renew_due()
    assert (is_in(running, tier), is_in(running, tier, at(2026, 3, 31, 11))) == (True, True)
    assert not is_in(running, tier, at(2026, 4, 4))


def test_a_declined_charge_is_tried_again_in_the_grace_and_then_it_ends(
    running: Subscription, clock: Any, tier: Plan
) -> None:
    decline(running)
    clock.move_to(at(2026, 2, 28, 12))
    renew_due()
    running.refresh_from_db()
    assert (running.state, running.tries, running.charge_at) == ("past_due", 1, at(2026, 2, 28, 18))
    assert is_in(running, tier)
    pass_time(clock, at(2026, 3, 3, 11), timedelta(hours=1))
    assert is_in(running, tier)
    pass_time(clock, at(2026, 3, 3, 13), timedelta(hours=1))
    running.refresh_from_db()
    assert (running.state, running.ended_at, is_in(running, tier)) == ("ended", at(2026, 3, 3, 12), False)
    assert periods(running) == [(1, "paid")] + [(2, "failed")] * 5
    told = Fact.objects.filter(verb="subscription.past_due").order_by("pk")
    assert [fact.detail["tries"] for fact in told] == [1, 2, 3, 4]
    assert Fact.objects.get(verb="subscription.ended").detail["because"] == "not paid"


def test_a_charge_that_succeeds_in_the_grace_loses_no_day(running: Subscription, clock: Any) -> None:
    decline(running)
    pass_time(clock, at(2026, 3, 1))
    decline(running, "pay")
    pass_time(clock, at(2026, 3, 2))
    running.refresh_from_db()
    assert (running.state, running.period, running.period_ends_at) == ("active", 2, at(2026, 3, 31, 12))
    given = Grant.objects.filter(source__startswith="order:").latest("pk")
    assert (given.starts_at, given.ends_at) == (at(2026, 2, 28, 12), at(2026, 3, 31, 12))


def test_an_answer_that_is_lost_is_asked_for_and_not_charged_again(running: Subscription, clock: Any) -> None:
    decline(running, "silent")
    clock.move_to(at(2026, 2, 28, 12))
    renew_due()
    running.refresh_from_db()
    assert (running.state, running.charge_at) == ("active", at(2026, 2, 28, 13))
    pass_time(clock, at(2026, 2, 28, 14), timedelta(minutes=30))
    running.refresh_from_db()
    assert (running.state, running.period, periods(running)) == ("active", 2, [(1, "paid"), (2, "paid")])
    assert SandboxCharge.objects.filter(state="paid").count() == 2


def test_what_cannot_be_charged_is_paid_by_hand_as_an_equal(
    running: Subscription, clock: Any, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    by_hand(running)
    pass_time(clock, at(2026, 3, 1))
    running.refresh_from_db()
    assert (running.state, is_in(running, tier)) == ("past_due", True)
    assert [fact.detail["by_hand"] for fact in Fact.objects.filter(verb="subscription.past_due")] == [True]
    order = pay_period(viewer=viewer_of(running.user), subscription=running, provider="sandbox")
    paid_at_the_sandbox(order)
    running.refresh_from_db()
    assert (running.state, running.period_ends_at) == ("active", at(2026, 3, 31, 12))
    assert running.mandate_id.startswith("sm_")  # paid so, it can be charged from now on
    pass_time(clock, at(2026, 4, 1))
    assert periods(running) == [(1, "paid"), (2, "paid"), (3, "paid")]


def test_who_does_not_pay_by_hand_is_out_after_the_grace(
    running: Subscription, clock: Any, tier: Plan
) -> None:
    by_hand(running)
    pass_time(clock, at(2026, 3, 4))
    running.refresh_from_db()
    assert (running.state, is_in(running, tier)) == ("ended", False)
    assert periods(running) == [(1, "paid"), (2, "expired")]


def test_paying_ahead_by_hand_moves_the_next_charge(
    running: Subscription, clock: Any, paid_at_the_sandbox: Pay
) -> None:
    clock.move_to(at(2026, 2, 10))
    paid_at_the_sandbox(pay_period(viewer=viewer_of(running.user), subscription=running, provider="sandbox"))
    running.refresh_from_db()
    assert (running.period, running.charge_at) == (2, at(2026, 3, 31, 12))
    pass_time(clock, at(2026, 4, 1))
    assert periods(running) == [(1, "paid"), (2, "paid"), (3, "paid")]


def test_money_that_comes_after_the_end_gives_a_period_and_renews_nothing(
    running: Subscription, clock: Any, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    by_hand(running)
    clock.move_to(at(2026, 3, 1))
    order = pay_period(viewer=viewer_of(running.user), subscription=running, provider="sandbox")
    pass_time(clock, at(2026, 3, 10))
    assert not is_in(running, tier)
    paid_at_the_sandbox(order)
    running.refresh_from_db()
    assert (running.state, running.period_ends_at) == ("cancelled", at(2026, 4, 10))
    assert is_in(running, tier)
    pass_time(clock, at(2026, 4, 11))
    running.refresh_from_db()
    assert (running.state, is_in(running, tier)) == ("ended", False)


def test_two_orders_of_a_period_cannot_both_be_paid(
    running: Subscription, clock: Any, paid_at_the_sandbox: Pay
) -> None:
    clock.move_to(at(2026, 2, 10))
    first = pay_period(viewer=viewer_of(running.user), subscription=running, provider="sandbox")
    pass_time(clock, at(2026, 2, 10, 2))
    assert Order.objects.get(pk=first.pk).state == "expired"
    second = pay_period(viewer=viewer_of(running.user), subscription=running, provider="sandbox")
    paid_at_the_sandbox(second)
    paid_at_the_sandbox(first)
    assert periods(running) == [(1, "paid"), (2, "expired"), (2, "paid")]
    assert [notice.outcome for notice in first.notices.all()] == ["paid_twice"]
    with pytest.raises(IntegrityError, match="order_period_once"), transaction.atomic():
        Order.objects.filter(pk=first.pk).update(state="created")


def test_one_cannot_subscribe_twice(running: Subscription, offer: Offer) -> None:
    with pytest.raises(SubscribedAlready):
        place_order(viewer=viewer_of(running.user), offer=offer, provider="sandbox")
    with pytest.raises(IntegrityError, match="subscription_one_each"), transaction.atomic():
        running.pk = None
        running.save(force_insert=True)


def test_a_locked_price_stays(running: Subscription, clock: Any, offer: Offer) -> None:
    Offer.objects.update(price=9900)
    pass_time(clock, at(2026, 3, 1))
    assert [order.total for order in running.orders.order_by("pk")] == [3000, 3000]


def test_a_price_that_is_not_locked_counts_once_it_was_told_in_time(
    clock: Any, visitor: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    from paideia.commerce.actions.reminding import tell_prices

    running = subscribe(visitor, offer_of(tier, locks_price=False), paid_at_the_sandbox)
    Offer.objects.update(price=9900)
    clock.move_to(at(2026, 2, 20))
    assert tell_prices(running.community) == 0  # too late for this period
    pass_time(clock, at(2026, 3, 2))
    assert (tell_prices(running.community), tell_prices(running.community)) == (1, 0)
    told = Fact.objects.get(verb="subscription.price_told").detail
    assert (told["before"], told["price"], told["at"][:10]) == (3000, 9900, "2026-03-31")
    pass_time(clock, at(2026, 4, 1))
    assert [order.total for order in running.orders.order_by("pk")] == [3000, 3000, 9900]


def test_a_coupon_for_every_period_comes_off_every_period(
    clock: Any, visitor: User, offer: Offer, paid_at_the_sandbox: Pay
) -> None:
    always = {"community": offer.community, "percent": 10, "first_period_only": False}
    Coupon.objects.create(code="ALWAYS", **always)
    running = subscribe(visitor, offer, paid_at_the_sandbox, codes=["ALWAYS"])
    pass_time(clock, at(2026, 3, 1))
    assert [order.total for order in running.orders.order_by("pk")] == [2700, 2700]


def test_cancelled_it_runs_to_the_end_of_what_is_paid(running: Subscription, clock: Any, tier: Plan) -> None:
    viewer = viewer_of(running.user)
    clock.move_to(at(2026, 2, 10))
    cancel(viewer=viewer, subscription=running, reason="price", words="Too much")
    running.refresh_from_db()
    assert (running.state, running.cancel_reason, running.cancel_words) == ("cancelled", "price", "Too much")
    assert (is_in(running, tier, at(2026, 2, 28, 11)), is_in(running, tier, at(2026, 3, 1))) == (True, False)
    pass_time(clock, at(2026, 3, 1))
    running.refresh_from_db()
    assert (running.state, running.ended_at, periods(running)) == (
        "ended",
        at(2026, 2, 28, 12),
        [(1, "paid")],
    )


def test_resumed_before_the_end_it_goes_on(running: Subscription, clock: Any, tier: Plan) -> None:
    viewer = viewer_of(running.user)
    for _ in range(2):
        cancel(viewer=viewer, subscription=running, reason="time")
        resume(viewer=viewer, subscription=running)
    pass_time(clock, at(2026, 3, 5))
    running.refresh_from_db()
    assert (running.state, running.period, is_in(running, tier)) == ("active", 2, True)
    assert is_in(running, tier, at(2026, 4, 2))  # the grace is back too


def test_after_the_end_nothing_is_resumed(running: Subscription, clock: Any) -> None:
    viewer = viewer_of(running.user)
    cancel(viewer=viewer, subscription=running, reason="time")
    clock.move_to(at(2026, 2, 28, 12))
    with pytest.raises(NotRunning):
        resume(viewer=viewer, subscription=running)


def test_cancelled_while_a_payment_is_due_it_ends_at_once(
    running: Subscription, clock: Any, tier: Plan
) -> None:
    decline(running)
    pass_time(clock, at(2026, 3, 1))
    cancel(viewer=viewer_of(running.user), subscription=running, reason="done")
    running.refresh_from_db()
    assert (running.state, is_in(running, tier)) == ("ended", False)


def test_money_that_was_charged_before_the_end_is_found_and_gives_its_period(
    running: Subscription, clock: Any, tier: Plan
) -> None:
    decline(running, "silent")
    clock.move_to(at(2026, 2, 28, 12))
    renew_due()  # charged, but the answer is lost
    cancel(viewer=viewer_of(running.user), subscription=running, reason="time")
    assert periods(running) == [(1, "paid"), (2, "expired")]
    ask_after(running.orders.latest("pk").pk)
    running.refresh_from_db()
    assert (running.state, periods(running)) == ("cancelled", [(1, "paid"), (2, "paid")])
    assert is_in(running, tier)


def test_only_oneself_can_cancel_and_with_a_reason(running: Subscription, owner: User) -> None:
    with pytest.raises(NotFound):
        cancel(viewer=viewer_of(owner), subscription=running, reason="time")
    with pytest.raises(Invalid):
        cancel(viewer=viewer_of(running.user), subscription=running, reason="because")
    running.refresh_from_db()
    assert running.state == "active"


def test_who_stays_pays_less_for_so_many_periods_once(running: Subscription, clock: Any, owner: User) -> None:
    viewer = viewer_of(running.user)
    with pytest.raises(NoRetention):
        stay(viewer=viewer, subscription=running)
    save_retention(viewer=viewer_of(owner), percent=33, periods=2, win_back_percent=0, win_back_periods=1)
    stay(viewer=viewer, subscription=running)
    with pytest.raises(NoRetention):
        stay(viewer=viewer, subscription=running)
    pass_time(clock, at(2026, 5, 1))
    assert [order.total for order in running.orders.order_by("pk")] == [3000, 2010, 2010, 3000]


def test_a_refund_of_the_current_period_ends_it(
    running: Subscription, clock: Any, owner: User, tier: Plan
) -> None:
    pass_time(clock, at(2026, 3, 10))
    first, second = running.orders.order_by("pk")
    refund_order(viewer=viewer_of(owner), order=first, reason="Kind")
    running.refresh_from_db()
    assert (running.state, is_in(running, tier)) == ("active", True)  # its time was over
    refund_order(viewer=viewer_of(owner), order=second, reason="Sorry")
    running.refresh_from_db()
    assert (running.state, is_in(running, tier), running.charge_at) == ("ended", False, None)


def test_a_part_refunded_of_the_current_period_ends_it_earlier(
    running: Subscription, clock: Any, owner: User, tier: Plan
) -> None:
    refund_order(viewer=viewer_of(owner), order=running.orders.get(), reason="Half", amount=1500)
    running.refresh_from_db()
    assert (running.state, running.period_ends_at) == ("cancelled", at(2026, 2, 14, 12))
    assert (is_in(running, tier, at(2026, 2, 14)), is_in(running, tier, at(2026, 2, 15))) == (True, False)


def test_access_that_is_kept_keeps_it_running(running: Subscription, owner: User) -> None:
    refund_order(
        viewer=viewer_of(owner),
        order=running.orders.get(),
        reason="Goodwill",
        amount=100,
        access=Refund.Access.KEPT,
    )
    running.refresh_from_db()
    assert running.state == "active"


def test_nobody_is_charged_for_what_they_hold_for_good(
    running: Subscription, clock: Any, lifetime: Offer, paid_at_the_sandbox: Pay
) -> None:
    paid_at_the_sandbox(place_order(viewer=viewer_of(running.user), offer=lifetime, provider="sandbox"))
    pass_time(clock, at(2026, 3, 1))
    running.refresh_from_db()
    assert (running.state, periods(running)) == ("ended", [(1, "paid")])


def test_who_left_the_community_is_not_charged_into_it_again(running: Subscription, clock: Any) -> None:
    leave_community(community=running.community, user=running.user)
    pass_time(clock, at(2026, 3, 1))
    running.refresh_from_db()
    assert (running.state, periods(running)) == ("ended", [(1, "paid")])
    assert Membership.objects.get(user=running.user).left_at is not None


def test_terms_bought_in_advance_and_renewals_stack(
    clock: Any, visitor: User, monthly: Offer, offer: Offer, paid_at_the_sandbox: Pay, tier: Plan
) -> None:
    paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox"))
    running = subscribe(visitor, offer, paid_at_the_sandbox)
    assert (running.anchor_at, running.period_ends_at) == (at(2026, 2, 28, 12), at(2026, 3, 28, 12))
    clock.move_to(at(2026, 3, 20))
    paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox"))
    pass_time(clock, at(2026, 4, 1))
    last = Grant.objects.filter(source__startswith="order:").latest("ends_at")
    assert last.ends_at == at(2026, 4, 28, 12) + timedelta(days=31)  # three months and the fourth
