"""What is left of something bought before, taken in payment for what replaces it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from paideia.access.models import Grant
from paideia.commerce.models import Exchange, Order, OrderLine
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
    given = list(Grant.objects.filter(source=f"order:{order.pk}"))
    grants = [one for one in given if one.revoked_at is None]
    worth = worth_of(order)
    if not grants:
        return Left(0, 0, 0, worth, now)
    ends = [one.ends_at for one in grants if one.ends_at is not None]
    if len(ends) < len(grants):
        return Left(1, 1, worth, worth, None)
    whole = sum(length_of(one) // SECOND for one in given)
    left = sum(max((one.ends_at - max(one.starts_at, now)) // SECOND, 0) for one in grants if one.ends_at)
    return Left(left, whole, worth * left // whole if whole else 0, worth, max(ends))


def length_of(given: Grant) -> timedelta:
    """How long a term lasts in all, or, where it was taken back, how long it lasted."""
    assert given.ends_at is not None or given.revoked_at is not None
    ends = [at for at in (given.ends_at, given.revoked_at) if at is not None]
    return max(min(ends) - given.starts_at, timedelta(0))


def worth_of(order: Order) -> int:
    """What was paid for it, in money or in time of an order before, and was not refunded."""
    return max(order.value + brought_in(order) - order.refunded, 0)


def brought_in(order: Order) -> int:
    """What the time of the order before is worth in this one, in minor units; 0 once it was given back."""
    if order.replaces_id is None:
        return 0
    exchange = Exchange.objects.filter(order=order).first()
    if exchange is None:  # not paid yet
        return -sum(line.amount for line in order.lines.all() if line.kind == Kind.UNUSED)
    return 0 if exchange.returned_at else exchange.amount


def taken_in_payment(order: Order) -> int:
    """How much of an order's worth is in the order that replaced it: that cannot be refunded with it."""
    after = Order.objects.filter(replaces=order, paid_at__isnull=False)
    return sum(brought_in(one) for one in after)
