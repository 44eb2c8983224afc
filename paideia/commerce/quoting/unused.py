"""What is left of something bought before, taken in payment for what replaces it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from paideia.access.models import Grant
from paideia.commerce.models import Order, OrderLine
from paideia.commerce.quoting import Quote
from paideia.commerce.refusals import WrongWish
from paideia.lib import formatting

Kind = OrderLine.Kind
SECOND = timedelta(seconds=1)
REPLACEABLE = (Order.State.PAID, Order.State.PARTLY_REFUNDED)
REPLACEABLE_KINDS = (Order.Kind.PURCHASE, Order.Kind.TRIAL, Order.Kind.RENEWAL, Order.Kind.CHANGE)


@dataclass(frozen=True, slots=True)
class Left:
    """How much of what an order gave is still to come, in whole seconds, and what that is worth. What was used
    and what is left are together exactly what was paid."""

    seconds: int
    whole_seconds: int
    amount: int  # minor units
    worth: int  # minor units, of all of it
    ends_at: datetime | None  # None: for good


def unused(quote: Quote) -> None:
    """Take what is left of the replaced order off the price, where the change is at once."""
    wish = quote.wish
    if quote.kind != Order.Kind.CHANGE:
        return
    quote.replaces = replaced(quote)
    left = left_of(quote.replaces, quote.now)
    if wish.at_end:
        _must_end(quote.replaces, left)
        return
    if left.amount > quote.value:
        worth = formatting.money(left.amount, quote.currency)
        raise WrongWish(
            _(
                "What is left of your present plan is worth %(worth)s, more than this costs. Change when it ends, "
                "or choose a longer term."
            )
            % {"worth": worth}
        )
    # Written even where it is worth nothing: this line says that the change is at once.
    quote.lines.append(OrderLine(kind=Kind.UNUSED, amount=-left.amount, note=quote.replaces.number))


def _must_end(order: Order, left: Left) -> None:
    """What follows something needs its end."""
    if left.ends_at is None:
        raise WrongWish(_("You have this for good: it does not end."))
    row = order.subscription
    if row is not None and row.is_live:
        raise WrongWish(_("This renews itself. Choose there what the next period is to be."))


def replaced(quote: Quote) -> Order:
    """The order that the buyer wants to change for this offer. Raises WrongWish."""
    order = Order.objects.filter(
        number=quote.wish.replaces, buyer=quote.buyer, community_id=quote.offer.community_id
    ).first()
    if order is None or not is_replaceable(order):
        raise WrongWish(_("This cannot be changed any more. Look at your membership for what you have."))
    if order.currency != quote.currency:
        raise WrongWish(
            _("You paid for this in %(currency)s. Choose an offer with a price in it.")
            % {"currency": order.currency}
        )
    if quote.offer.renewal == quote.offer.Renewal.INSTALMENTS or quote.offer.is_for_seats:
        raise WrongWish(_("You cannot change to this. Buy it when your present plan ends."))
    if order.offer_id == quote.offer.pk:
        raise WrongWish(_("This is what you have already."))
    return order


def is_replaceable(order: Order, by: Order | None = None) -> bool:
    """Whether what the order gave can still be changed for something else: it was paid, is the last period of
    its subscription, and its time was not taken in payment before by another order than `by`."""
    taken = Order.objects.filter(replaces=order, paid_at__isnull=False)
    return (
        order.state in REPLACEABLE
        and order.kind in REPLACEABLE_KINDS
        and not (order.subscription and order.subscription.instalments)
        and (order.subscription is None or order.subscription.period == order.period)
        and not taken.exclude(pk=by.pk if by else 0).exists()
    )


def left_of(order: Order, now: datetime) -> Left:
    """What is left of an order: by whole seconds, rounded down to a minor unit; all of it, where it is for good."""
    grants = list(Grant.objects.filter(source=f"order:{order.pk}", revoked_at=None))
    worth = worth_of(order)
    if not grants:
        return Left(0, 0, 0, worth, now)
    ends = [one.ends_at for one in grants if one.ends_at is not None]
    if len(ends) < len(grants):
        return Left(1, 1, worth, worth, None)
    times = [(one.starts_at, end) for one, end in zip(grants, ends, strict=True)]
    whole = sum((end - start) // SECOND for start, end in times)
    left = sum(max((end - max(start, now)) // SECOND, 0) for start, end in times)
    return Left(left, whole, worth * left // whole if whole else 0, worth, max(ends))


def worth_of(order: Order) -> int:
    """What was paid for it, in money or in time of an order before, and was not refunded."""
    taken = sum(line.amount for line in order.lines.all() if line.kind == Kind.UNUSED)
    return max(order.value - taken - order.refunded, 0)


def taken_in_payment(order: Order) -> int:
    """How much of an order's worth went into the order that replaced it: that cannot be refunded with it."""
    lines = OrderLine.objects.filter(
        order__replaces=order, order__paid_at__isnull=False, kind=Kind.UNUSED, note=order.number
    )
    return -sum(lines.values_list("amount", flat=True))
