"""Whether an offer can be bought in the way that was asked for."""

from django.utils.translation import gettext as _

from paideia.commerce.models import Offer, Order
from paideia.commerce.quoting import Quote, Wish
from paideia.commerce.quoting.pools import plain_domain
from paideia.commerce.refusals import WrongWish

Kind = Order.Kind
# What a buyer may ask for; the rest the system places.
CHOSEN = (Kind.PURCHASE, Kind.TRIAL, Kind.CHANGE, Kind.GIFT, Kind.SEATS, Kind.GROUP)


def fits(quote: Quote) -> None:
    """Raise WrongWish for seats of what is not sold by seats, for gifts of what is paid bit by bit."""
    offer, wish = quote.offer, quote.wish
    if quote.kind not in CHOSEN:
        raise WrongWish(_("This cannot be bought in this way."))
    if offer.is_for_seats != (quote.kind == Order.Kind.SEATS):
        raise WrongWish(
            _("This is sold by seats only.") if offer.is_for_seats else _("This is not sold by seats.")
        )
    if quote.kind == Order.Kind.GIFT and offer.renewal == Offer.Renewal.INSTALMENTS:
        raise WrongWish(_("What is paid in instalments cannot be given away."))
    if (wish.gift is not None) != (quote.kind == Order.Kind.GIFT):
        raise WrongWish(_("Say for whom the gift is."))


def is_the_same(order: Order, wish: Wish) -> bool:
    """Whether an order that costs the same is for the same, too: a second click, not a second wish."""
    if order.kind == Order.Kind.GIFT:
        gift, asked = order.gift, wish.gift
        return asked is not None and (
            gift.recipient_email == asked.recipient_email.strip().lower()
            and gift.recipient_name == asked.recipient_name.strip()[:120]
            and gift.message == asked.message.strip()[:500]
            and gift.deliver_at == asked.deliver_at
        )
    if order.kind == Order.Kind.SEATS:
        seats = order.seats
        if wish.pool_id is None:
            return seats.pool_id is None and (*(seats.name, seats.domain),) == (
                wish.pool_name,
                plain_domain(wish.pool_domain),
            )
        return seats.pool_id == wish.pool_id and (seats.does == seats.Does.RENEWS) == wish.renews_pool
    if order.kind == Order.Kind.GROUP:
        return wish.group in ("new", order.group_place.group.token)
    return True
