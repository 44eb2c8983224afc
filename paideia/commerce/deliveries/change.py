"""A change of plan: what is left of the old one is taken in payment, or the new one follows its end."""

from datetime import datetime

from paideia.access.actions import revoke, shorten
from paideia.access.models import Grant
from paideia.activity.actions import record
from paideia.commerce.deliveries.grace import bridge, take_down
from paideia.commerce.deliveries.purchase import Purchase
from paideia.commerce.deliveries.stopping import OVER, close_open_orders, end, stop_for, subscription_of
from paideia.commerce.deliveries.subscribing import RUNNING, begin, grant_period
from paideia.commerce.models import Offer, Order, OrderLine, Subscription
from paideia.commerce.periods import end_of_period
from paideia.commerce.quoting import Quote
from paideia.commerce.quoting.renewing import agreed_price
from paideia.commerce.quoting.unused import is_replaceable, left_of
from paideia.commerce.refusals import AlreadyPaid, SubscribedAlready
from paideia.commerce.terms import end_of_term

State = Subscription.State


class Change(Purchase):
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
        _cut(before, order.paid_at)
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
        stop_for(order, access=access, because=because, at=at)


def _cut(before: Order, at: datetime) -> None:
    """What was taken in payment ends."""
    for given in Grant.objects.filter(source=f"order:{before.pk}", revoked_at=None):
        if given.starts_at >= at:
            revoke(grant=given, because="changed to another plan")
        elif given.ends_at is None or given.ends_at > at:
            shorten(grant=given, ends_at=at, because="changed to another plan")


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
