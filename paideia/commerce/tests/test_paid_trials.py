"""Trials that are paid for, where the person has subscribed meanwhile."""

from typing import Any

from paideia.access.models import Grant, Plan
from paideia.accounts.models import User
from paideia.commerce.actions import place_order
from paideia.commerce.models import Notice, Order, Refund, Subscription
from paideia.commerce.quoting import Wish
from paideia.ledger.queries import balance
from tests.cast import viewer_of

from .subscribing import Pay, clock, offer_of, subscribe

__all__ = ["clock"]


def test_a_trial_that_is_paid_after_subscribing_is_sent_back(
    clock: Any, visitor: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    offer = offer_of(tier, trial_days=7, trial_price=100)
    trial = place_order(viewer=viewer_of(visitor), offer=offer, provider="sandbox", wish=Wish(kind="trial"))
    running = subscribe(visitor, offer, paid_at_the_sandbox)
    paid_at_the_sandbox(trial)
    refund = Refund.objects.get()
    assert (trial.state, refund.amount, refund.stray_charge_id != "") == (Order.State.CREATED, 100, True)
    assert Notice.objects.get(order=trial).outcome == Notice.Outcome.PAID_TWICE
    assert list(Subscription.objects.all()) == [running]
    assert not Grant.objects.filter(source=f"order:{trial.pk}").exists()
    assert balance(trial.community, "house", "sales", "CNY") == 3000
