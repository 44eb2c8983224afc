"""A period that follows: a renewal, or an instalment."""

from datetime import datetime
from typing import Any

from paideia.access.models import Grant
from paideia.activity.actions import record
from paideia.commerce.deliveries.grace import bridge
from paideia.commerce.deliveries.purchase import Purchase
from paideia.commerce.deliveries.stopping import OVER, end, stop_for, subscription_of
from paideia.commerce.deliveries.subscribing import RUNNING, grant_period
from paideia.commerce.models import Order, OrderLine, Subscription
from paideia.commerce.periods import end_of_all, end_of_period
from paideia.commerce.quoting.renewing import agreed_price

State = Subscription.State


class Period(Purchase):
    """Access from the end of the period before, and the time until the next charge."""

    def deliver(self, order: Order) -> list[Grant]:
        row = subscription_of(order)
        assert row is not None and order.paid_at is not None and order.offer is not None
        row.user = order.buyer
        if _another_runs(row, order):  # begun anew meanwhile: a term like any other
            if row.state not in OVER:
                end(row, "changed to another plan", order.paid_at)
            return super().deliver(order)
        _take_up(row, order)
        starts_at = row.period_ends_at
        row.period += 1
        row.period_ends_at = end_of_period(row, row.period)
        row.price, row.tries = agreed_price(order), 0
        row.next_price = row.next_price_told_at = None
        if order.lines.filter(kind=OrderLine.Kind.RETENTION).exists():
            row.discount_periods = max(row.discount_periods - 1, 0)
        ends_at: datetime | None = row.period_ends_at
        if row.instalments and row.period >= row.instalments:
            ends_at = end_of_all(row)
            row.state, row.ended_at, row.charge_at = State.PAID_OFF, order.paid_at, None
        elif row.state != State.CANCELLED:
            row.state, row.charge_at = State.ACTIVE, row.period_ends_at
        row.save()
        grants = grant_period(order, starts_at, ends_at)
        if row.state == State.ACTIVE:
            bridge(row)
        if row.state == State.PAID_OFF:
            _record(row, "subscription.paid_off")
        return grants

    def withdraw(
        self, order: Order, *, access: str, share: tuple[int, int], because: str, at: datetime
    ) -> None:
        super().withdraw(order, access=access, share=share, because=because, at=at)
        stop_for(order, access=access, because=because, at=at)


def _take_up(row: Subscription, order: Order) -> None:
    """Where the count goes on from: a plan that changes now, an end that was paid after, a trial paid late by
    hand."""
    assert order.paid_at is not None and order.offer is not None
    if order.offer_id != row.offer_id:
        _anchor(row, row.period_ends_at)
        row.offer, row.term = order.offer, order.term
        row.grace_days, row.locks_price = order.offer.grace_days, order.offer.locks_price
        row.next_offer = None
        row.discount_percent = row.discount_periods = 0
        _record(row, "subscription.changed", price=agreed_price(order))
    if row.state in OVER:
        # The money came after the end: what was paid for is given from then on, and nothing renews.
        row.state, row.ended_at = State.CANCELLED, None
        _anchor(row, max(order.paid_at, row.period_ends_at))
    elif row.period == 0 and not row.mandate_id and order.paid_at > row.period_ends_at:
        _anchor(row, order.paid_at)
    if order.provider != row.provider and order.provider != "free":
        row.provider, row.mandate_id = order.provider, ""


def _anchor(row: Subscription, at: datetime) -> None:
    row.anchor_at, row.anchor_period, row.period_ends_at = at, row.period, at


def _another_runs(row: Subscription, order: Order) -> bool:
    """Whether its owner has another subscription of what this period is of."""
    mine = Subscription.objects.filter(user=row.user, offer=order.offer, state__in=RUNNING)
    return mine.exclude(pk=row.pk).exists()


def _record(row: Subscription, verb: str, **more: Any) -> None:
    record(
        verb,
        community=row.community_id,
        actor=row.user_id,
        object=row,
        offer=row.offer.name,
        offer_id=row.offer_id,
        periods=row.period,
        **more,
    )
