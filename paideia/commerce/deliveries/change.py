"""A change of plan: what is left of the old one is taken in payment, or the new one follows its end."""

from datetime import datetime
from typing import Any

from paideia.access.models import Grant
from paideia.activity.actions import record
from paideia.commerce.deliveries import exchanging
from paideia.commerce.deliveries.grace import bridge, take_down
from paideia.commerce.deliveries.purchase import Purchase
from paideia.commerce.deliveries.resting import give_grants_again
from paideia.commerce.deliveries.stopping import OVER, close_open_orders, end, stop_for, subscription_of
from paideia.commerce.deliveries.subscribing import RUNNING, begin, grant_period
from paideia.commerce.models import Offer, Order, OrderLine, Refund, Subscription
from paideia.commerce.periods import end_of_period
from paideia.commerce.quoting import Quote
from paideia.commerce.quoting.renewing import agreed_price
from paideia.commerce.quoting.unused import is_replaceable, left_of
from paideia.commerce.refusals import AlreadyPaid, SubscribedAlready
from paideia.commerce.terms import end_of_term

State = Subscription.State


class Change(Purchase):
    """Taken back, it returns what it took in payment of the order before (`exchanging`)."""

    def prepare(self, order: Order, quote: Quote) -> None:
        if order.offer is not None and _runs(order):
            raise SubscribedAlready()

    def deliver(self, order: Order) -> list[Grant]:
        """Raises AlreadyPaid where what was to be replaced is gone meanwhile: the money goes back."""
        before = order.replaces
        assert before is not None and order.paid_at is not None and order.offer is not None
        if not is_replaceable(before, by=order) or _runs(order):
            raise AlreadyPaid(order.number, order.charge_id or "")
        if not order.lines.filter(kind=OrderLine.Kind.UNUSED).exists():
            return self._after(order, before)
        exchanging.take_in(order, before)
        row = subscription_of(before)
        row = row if row is not None and row.state not in OVER else None
        if row is not None:
            take_down(row, "changed to another plan")
            close_open_orders(row)
        if order.renewal == Offer.Renewal.NONE:
            if row is not None:
                end(row, "changed to another plan", order.paid_at)
            return self._grants(order, order.paid_at)
        return begin(order, order.paid_at) if row is None else _move(row, order)

    def _after(self, order: Order, before: Order) -> list[Grant]:
        assert order.paid_at is not None
        ends_at = left_of(before, order.paid_at).ends_at
        starts_at = max(ends_at or order.paid_at, order.paid_at)
        if order.renewal == Offer.Renewal.NONE:
            return self._grants(order, starts_at)
        return begin(order, starts_at)

    def _grants(self, order: Order, starts_at: datetime) -> list[Grant]:
        zone = order.community.time_zone
        return grant_period(
            order, starts_at, end_of_term(starts_at, order.term, zone, deadline=order.ends_at)
        )

    def withdraw(
        self, order: Order, *, access: str, share: tuple[int, int], because: str, at: datetime
    ) -> None:
        super().withdraw(order, access=access, share=share, because=because, at=at)
        if access == Refund.Access.REVOKED:
            exchanging.give_back(order, at)
        stop_for(order, access=access, because=because, at=at)

    def give_again(self, order: Order, *, taken: list[dict[str, Any]], key: str, at: datetime) -> None:
        give_grants_again(order, exchanging.take_again(order, taken, at), key=key, at=at)


def _move(row: Subscription, order: Order) -> list[Grant]:
    """The subscription goes on with the other plan, counted from the change."""
    assert order.offer is not None and order.paid_at is not None
    row.user = order.buyer
    row.offer, row.term = order.offer, order.term
    row.grace_days, row.locks_price = order.offer.grace_days, order.offer.locks_price
    row.price, row.currency = agreed_price(order), order.currency
    row.anchor_at, row.anchor_period = order.paid_at, row.period
    row.period += 1
    row.charge_at = row.period_ends_at = end_of_period(row, row.period)
    row.state, row.tries, row.cancelled_at = State.ACTIVE, 0, None
    row.discount_percent = row.discount_periods = 0
    row.next_offer = row.next_price = row.next_price_told_at = None
    if order.provider not in (row.provider, "free"):
        row.provider, row.mandate_id = order.provider, ""
    row.save()
    order.subscription, order.period = row, row.period
    order.save(update_fields=["subscription", "period"])
    grants = grant_period(order, order.paid_at, row.period_ends_at)
    bridge(row)
    record(
        "subscription.changed",
        community=row.community_id,
        actor=row.user_id,
        object=row,
        offer=row.offer.name,
        offer_id=row.offer_id,
        price=row.price,
        periods=row.period,
    )
    return grants


def _runs(order: Order) -> bool:
    """Whether the buyer has a subscription of the new offer already."""
    running = Subscription.objects.filter(user=order.buyer, offer=order.offer, state__in=RUNNING)
    return order.renewal != Offer.Renewal.NONE and running.exists()
