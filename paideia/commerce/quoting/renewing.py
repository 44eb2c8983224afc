"""What the next period of a subscription costs: what was agreed, or was announced in time, less what was promised."""

from datetime import datetime, timedelta

from django.db.models import Max

from paideia.commerce.models import CouponUse, Offer, Order, OrderLine, Subscription
from paideia.commerce.quoting import Quote, Wish
from paideia.commerce.quoting.tax import tax

Kind = OrderLine.Kind
TOLD_AHEAD = timedelta(days=14)  # a new price counts for periods that begin so long after it was told
# What makes the price of a period; what comes off an order is for that order.
PRICE_KINDS = (Kind.PRICE, Kind.EARLY, Kind.GROUP, Kind.EXTRA)


def quote_period(subscription: Subscription, now: datetime) -> Quote:
    """The next period of a subscription, reckoned now."""
    offer = subscription.next_offer or subscription.offer
    kind = Order.Kind.INSTALMENT if subscription.instalments else Order.Kind.RENEWAL
    found = Quote(
        offer=offer,
        buyer=subscription.user,
        wish=Wish(kind=kind, currency=subscription.currency),
        now=now,
        currency=subscription.currency,
        kind=kind,
        subscription=subscription,
    )
    found.add(Kind.PRICE, price_of_period(subscription))
    _coupons(found, subscription)
    if subscription.discount_periods and subscription.next_offer_id is None:
        found.add(Kind.RETENTION, -(found.value * subscription.discount_percent // 100))
    tax(found)
    return found


def price_of_period(subscription: Subscription) -> int:
    """Before anything comes off. A price that was not told in time is not asked for."""
    if subscription.next_offer_id is not None and subscription.next_price is not None:
        return subscription.next_price
    told_at = subscription.next_price_told_at
    if (
        subscription.next_price is not None
        and told_at is not None
        and told_at + TOLD_AHEAD <= subscription.period_ends_at
    ):
        return subscription.next_price
    return subscription.price


def listed_price(offer: Offer, currency: str) -> int | None:
    """What the offer costs today in this currency; None where it is not sold in it."""
    if currency == offer.currency:
        return offer.price
    return offer.prices.filter(currency=currency).values_list("price", flat=True).first()


def price_now(offer: Offer, currency: str, now: datetime) -> int:
    """What a period of the offer costs who begins now."""
    if currency == offer.currency and offer.early_until is not None and now < offer.early_until:
        return offer.early_price or 0
    price = listed_price(offer, currency)
    return offer.price if price is None else price


def agreed_price(order: Order) -> int:
    """What a period costs from now on, as the first order agreed it."""
    return sum(line.amount for line in order.lines.all() if line.kind in PRICE_KINDS)


def _coupons(quote: Quote, subscription: Subscription) -> None:
    """Coupons of the order that began it, where they are for every period."""
    if subscription.next_offer_id is not None:
        return
    began = _began(subscription)
    uses = CouponUse.objects.filter(
        order__in=began, released_at=None, coupon__first_period_only=False
    ).select_related("coupon")
    for use in uses.order_by("pk"):
        coupon = use.coupon
        off = quote.value * coupon.percent // 100 if coupon.percent else coupon.amount or 0
        quote.add(Kind.COUPON, -off, coupon.code)


def _began(subscription: Subscription) -> list[Order]:
    """The order with which the subscription came to the offer that it has now."""
    paid = subscription.orders.filter(paid_at__isnull=False)
    other = paid.exclude(offer=subscription.offer).aggregate(last=Max("period"))["last"] or 0
    return list(paid.filter(period__gt=other).order_by("period")[:1])
