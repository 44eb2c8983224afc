"""Less for who comes back, where the community offers it and said so."""

from datetime import timedelta

from paideia.commerce.models import Offer, Order, OrderLine, Reminder, RetentionOffer
from paideia.commerce.quoting import Quote

VALID = timedelta(days=30)  # after it was said
STEP = "win-back"


def win_back(quote: Quote) -> None:
    """Take the percentage off the first period, as the one who left was told."""
    if quote.buyer is None or quote.kind != Order.Kind.PURCHASE:
        return
    if quote.offer.renewal == Offer.Renewal.AUTOMATIC and (terms := terms_for(quote)) is not None:
        quote.add(OrderLine.Kind.RETENTION, -(quote.value * terms.win_back_percent // 100))


def terms_for(quote: Quote) -> RetentionOffer | None:
    """What this buyer was promised for this offer, once for each time they left."""
    terms = RetentionOffer.objects.filter(
        community_id=quote.offer.community_id, win_back_percent__gt=0
    ).first()
    if terms is None:
        return None
    told = Reminder.objects.filter(
        user=quote.buyer,
        plan_id__in=quote.offer.plans.values("pk"),
        step=STEP,
        at__gt=quote.now - VALID,
    ).order_by("-at")
    last = told.first()
    if last is None:
        return None
    used = Order.objects.filter(
        buyer=quote.buyer,
        community_id=quote.offer.community_id,
        paid_at__gte=last.at,
        lines__kind=OrderLine.Kind.RETENTION,
        kind=Order.Kind.PURCHASE,
    )
    return None if used.exists() else terms
