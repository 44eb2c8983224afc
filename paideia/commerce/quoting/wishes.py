"""Whether an offer can be bought in the way that was asked for."""

from django.utils.translation import gettext as _

from paideia.commerce.models import Offer, Order
from paideia.commerce.quoting import Quote
from paideia.commerce.refusals import WrongWish


def fits(quote: Quote) -> None:
    """Raise WrongWish for seats of what is not sold by seats, for gifts of what is paid bit by bit."""
    offer, wish = quote.offer, quote.wish
    if offer.is_for_seats != (quote.kind == Order.Kind.SEATS):
        raise WrongWish(
            _("This is sold by seats only.") if offer.is_for_seats else _("This is not sold by seats.")
        )
    if quote.kind == Order.Kind.GIFT and offer.renewal == Offer.Renewal.INSTALMENTS:
        raise WrongWish(_("What is paid in instalments cannot be given away."))
    if (wish.gift is not None) != (quote.kind == Order.Kind.GIFT):
        raise WrongWish(_("Say for whom the gift is."))
