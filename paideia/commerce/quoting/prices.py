"""The price itself: by currency, early, by seats, chosen by the buyer."""

from django.utils.translation import gettext as _

from paideia.commerce.models import PRICE_MAX, Offer, Order, OrderLine
from paideia.commerce.quoting import Quote
from paideia.commerce.refusals import WrongWish
from paideia.lib import formatting

Kind = OrderLine.Kind
SEATS_MAX = 100_000


def price(quote: Quote) -> None:
    """What the offer asks for now."""
    offer, wish = quote.offer, quote.wish
    if quote.kind == Order.Kind.TRIAL:
        quote.add(Kind.PRICE, offer.trial_price)
        return
    each = _listed(offer, quote.currency)
    if offer.is_for_seats:
        _seats(quote, each)
        return
    if wish.quantity != 1:
        raise WrongWish(_("This is sold one at a time."))
    quote.add(Kind.PRICE, each)
    if quote.kind == Order.Kind.GROUP:
        return  # commerce.quoting.groups goes on
    if quote.currency == offer.currency and is_early(offer, quote) and offer.early_price is not None:
        quote.add(Kind.EARLY, offer.early_price - each)
    if wish.chosen_price is not None:
        _chosen(quote, wish.chosen_price)


def is_early(offer: Offer, quote: Quote) -> bool:
    return offer.early_until is not None and quote.now < offer.early_until


def _listed(offer: Offer, currency: str) -> int:
    if currency == offer.currency:
        return offer.price
    for other in offer.prices.all():
        if other.currency == currency:
            return other.price
    raise WrongWish(
        _("This has no price in %(currency)s. Choose another currency.") % {"currency": currency[:3]}
    )


def _seats(quote: Quote, each: int) -> None:
    seats = quote.wish.quantity
    if type(seats) is not int or not 1 <= seats <= SEATS_MAX:
        raise WrongWish(_("Choose how many seats, from 1 to %(max)s.") % {"max": SEATS_MAX})
    if quote.currency != quote.offer.currency:
        raise WrongWish(_("Seats are sold in %(currency)s only.") % {"currency": quote.offer.currency})
    if each * seats > PRICE_MAX:
        raise WrongWish(_("This is more than one order can hold. Ask the team."))
    quote.add(Kind.PRICE, each * seats)
    reached = [band for band in quote.offer.bands.all() if band.seats_min <= seats]
    if reached:
        best = max(reached, key=lambda band: band.seats_min)
        quote.add(Kind.BAND, (best.price - each) * seats)


def _chosen(quote: Quote, chosen: int) -> None:
    """What the buyer pays on top. The least is what it costs for everybody."""
    if not quote.offer.price_is_minimum:
        raise WrongWish(_("The price of this is fixed."))
    if type(chosen) is not int or not quote.value <= chosen <= PRICE_MAX:
        least = formatting.money(quote.value, quote.currency)
        raise WrongWish(_("Choose a price of at least %(price)s.") % {"price": least})
    quote.add(Kind.EXTRA, chosen - quote.value)
