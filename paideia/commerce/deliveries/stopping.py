"""Ending a subscription: by itself, by a refund, by a change."""

from datetime import datetime

from django.utils import timezone

from paideia.access.actions import revoke
from paideia.access.models import Grant
from paideia.activity.actions import record
from paideia.commerce.deliveries.grace import take_down
from paideia.commerce.life import advance
from paideia.commerce.models import Order, Refund, Subscription
from paideia.commerce.soon import ask_after_soon

State = Subscription.State
OVER = (State.ENDED, State.PAID_OFF)


def subscription_of(order: Order) -> Subscription | None:
    """The subscription that an order is a period or the trial of, held for this transaction."""
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("community", "offer", "user")
    if order.subscription_id is not None:
        return rows.get(pk=order.subscription_id)
    if order.kind == Order.Kind.TRIAL:
        mine = rows.filter(user=order.buyer, offer=order.offer, period=0)
        return mine.exclude(state__in=OVER).first()
    return None


def end(row: Subscription, because: str, at: datetime | None = None) -> None:
    """Nothing is charged any more. What was paid for stays until its own end. The caller holds the row."""
    take_down(row, because)
    close_open_orders(row)
    row.state, row.ended_at, row.charge_at = State.ENDED, at or timezone.now(), None
    row.next_offer = row.next_price = row.next_price_told_at = None
    row.save()
    record(
        "subscription.ended",
        community=row.community_id,
        actor=row.user_id,
        object=row,
        offer=row.offer.name,
        offer_id=row.offer_id,
        because=because,
        reason=row.cancel_reason,
        periods=row.period,
    )


def stop(row: Subscription) -> None:
    """Let it end with what is paid. The caller holds the row."""
    take_down(row, "not renewed")
    close_open_orders(row)
    row.state, row.charge_at, row.tries = State.CANCELLED, None, 0
    row.next_offer = row.next_price = row.next_price_told_at = None
    row.cancelled_at = row.cancelled_at or timezone.now()
    row.save()


def stop_for(order: Order, *, access: str, because: str, at: datetime) -> None:
    """What a refund that takes access away means for the subscription: the current period's ends it. Of
    instalments, which are one purchase, any does, with all that they gave."""
    row = subscription_of(order)
    if row is None:
        return
    revoked = access == Refund.Access.REVOKED
    if row.instalments and revoked:
        sources = [f"order:{pk}" for pk in row.orders.values_list("pk", flat=True)]
        for given in Grant.objects.filter(source__in=sources, revoked_at=None):
            revoke(grant=given, because=because)
        take_down(row, because)  # also of who had just paid the last
    if row.state in OVER or ((order.period or 0) < row.period and not row.instalments):
        return
    if revoked:
        end(row, because, at)
    elif not row.instalments:
        left = Grant.objects.filter(source=f"order:{order.pk}", revoked_at=None, ends_at__isnull=False)
        last = left.order_by("-ends_at").values_list("ends_at", flat=True).first()
        row.period_ends_at = min(row.period_ends_at, last or at)
        stop(row)


def close_open_orders(row: Subscription) -> None:
    """Nobody is asked any more for a period that will not be. What a provider was asked for and has not answered
    is asked after: money that came all the same must not go unnoticed."""
    unpaid = row.orders.select_for_update(of=("self",), no_key=True).filter(
        state__in=[Order.State.CREATED, Order.State.AWAITING]
    )
    for order in unpaid.order_by("pk"):
        if order.state == Order.State.AWAITING:
            ask_after_soon(order.pk)
        advance(order, Order.State.EXPIRED)
        record(
            "order.expired",
            community=order.community_id,
            actor=order.buyer_id,
            object=order,
            number=order.number,
        )
