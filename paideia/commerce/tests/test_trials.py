"""A trial, free or paid, turns into its subscription."""

from typing import Any

import pytest

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.commerce.actions import place_order, start_trial
from paideia.commerce.actions.subscriptions import cancel, pay_period
from paideia.commerce.models import Offer, Order, Subscription
from paideia.commerce.quoting import Wish
from paideia.commerce.refusals import (
    NoTrial,
)
from tests.cast import viewer_of

from .subscribing import (
    Pay,
    at,
    clock,
    is_in,
    offer_of,
    pass_time,
    subscribe,
)

__all__ = ["clock"]


@pytest.fixture
def offer(tier: Plan) -> Offer:
    return offer_of(tier)


def test_a_free_trial_turns_into_the_subscription_that_is_paid_by_hand(
    clock: Any, visitor: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    offer = offer_of(tier, trial_days=7)
    start_trial(viewer=viewer_of(visitor), offer=offer)
    running = Subscription.objects.get()
    assert (running.state, running.charge_at, is_in(visitor, tier)) == ("trial", at(2026, 2, 7, 12), True)
    pass_time(clock, at(2026, 2, 8))
    running.refresh_from_db()
    assert (running.state, is_in(visitor, tier)) == ("past_due", False)
    paid_at_the_sandbox(pay_period(viewer=viewer_of(visitor), subscription=running, provider="sandbox"))
    running.refresh_from_db()
    assert (running.state, running.period_ends_at) == ("active", at(2026, 3, 8))  # from the payment on


def test_a_paid_trial_is_charged_by_itself_when_it_ends(
    clock: Any, visitor: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    offer = offer_of(tier, trial_days=7, trial_price=100)
    with pytest.raises(NoTrial):
        start_trial(viewer=viewer_of(visitor), offer=offer)
    running = subscribe(visitor, offer, paid_at_the_sandbox, kind="trial")
    assert (running.state, running.period, running.price, running.mandate_id != "") == (
        "trial",
        0,
        3000,
        True,
    )
    pass_time(clock, at(2026, 2, 8))
    running.refresh_from_db()
    assert (running.state, running.period_ends_at, is_in(visitor, tier)) == (
        "active",
        at(2026, 3, 7, 12),
        True,
    )
    assert [order.total for order in Order.objects.order_by("pk")] == [100, 3000]
    with pytest.raises(NoTrial):
        place_order(viewer=viewer_of(visitor), offer=offer, provider="sandbox", wish=Wish(kind="trial"))


def test_a_trial_that_is_cancelled_costs_nothing_more(
    clock: Any, visitor: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    running = subscribe(
        visitor, offer_of(tier, trial_days=7, trial_price=100), paid_at_the_sandbox, kind="trial"
    )
    cancel(viewer=viewer_of(visitor), subscription=running, reason="content")
    assert is_in(visitor, tier)
    pass_time(clock, at(2026, 2, 10))
    running.refresh_from_db()
    assert (running.state, Order.objects.count(), is_in(visitor, tier)) == ("ended", 1, False)
