"""What an offer may say, and what does not go together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from paideia.access.models import Plan
from paideia.access.viewer import Viewer
from paideia.commerce.models import PRICE_MAX, Offer
from paideia.commerce.refusals import WrongOffer
from paideia.commerce.terms import MONTHS

TRIAL_DAYS_MAX = 365
GRACE_DAYS_MAX = 60
INSTALMENTS = range(2, 37)
GROUP_SIZE = range(2, 1001)
ROWS_MAX = 12  # of other currencies, and of bands of seats
Renewal, Term = Offer.Renewal, Offer.Term


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """All that an offer says. Prices are in minor units of `currency`, but those of `prices`, by currency; `bands`
    are pairs of seats and the price of one seat from so many on."""

    name: str
    plans: Sequence[Plan]
    price: int
    currency: str
    term: str = Offer.Term.LIFETIME
    summary: str = ""
    ends_at: datetime | None = None
    price_is_minimum: bool = False
    prices: Mapping[str, int] = field(default_factory=dict)
    renewal: str = Offer.Renewal.NONE
    instalments: int = 0
    locks_price: bool = True
    grace_days: int = 3
    trial_days: int = 0
    trial_price: int = 0
    early_price: int | None = None
    early_until: datetime | None = None
    on_sale_from: datetime | None = None
    on_sale_until: datetime | None = None
    quantity_max: int | None = None
    group_size: int = 0
    group_price: int | None = None
    is_for_seats: bool = False
    bands: Sequence[tuple[int, int]] = ()
    is_hidden: bool = False
    position: int = 0
    highlighted: bool = False


def check(viewer: Viewer, terms: OfferTerms) -> None:
    """Raise WrongOffer, with what is wrong and what to do, for terms that make no sense."""
    if not terms.name.strip():
        raise WrongOffer(_("Give the offer a name."))
    _plans(viewer, terms)
    _prices(terms)
    _time(terms)
    _trial(terms)
    _early(terms)
    if terms.is_for_seats:
        _seats(terms)
    elif terms.bands:
        raise WrongOffer(_("Prices by seats are for offers that are sold by seats."))
    _group(terms)


def _plans(viewer: Viewer, terms: OfferTerms) -> None:
    if not terms.plans:
        raise WrongOffer(_("Choose at least one plan that the offer gives."))
    if any(plan.community_id != viewer.community.pk for plan in terms.plans):
        raise WrongOffer(_("An offer gives plans of its own community only."))
    if any(plan.archived_at is not None or plan.kind == Plan.Kind.CIRCLE for plan in terms.plans):
        raise WrongOffer(_("Archived plans and circles cannot be sold."))


def _prices(terms: OfferTerms) -> None:
    prices = [terms.price, terms.trial_price, *terms.prices.values(), *(price for _n, price in terms.bands)]
    prices += [one for one in (terms.early_price, terms.group_price) if one is not None]
    if any(type(one) is not int or not 0 <= one <= PRICE_MAX for one in prices):
        raise WrongOffer(_("This price is out of range."))
    if terms.currency in terms.prices:
        raise WrongOffer(_("The price in the offer's own currency stands above. Choose another currency."))
    if len(terms.prices) > ROWS_MAX or len(terms.bands) > ROWS_MAX:
        raise WrongOffer(_("No more than %(max)s rows.") % {"max": ROWS_MAX})
    if terms.quantity_max is not None and terms.quantity_max < 1:
        raise WrongOffer(_("Sell at least one place, or leave the number of places empty."))


def _time(terms: OfferTerms) -> None:
    if (terms.term == Term.DEADLINE) != (terms.ends_at is not None):
        raise WrongOffer(_("A fixed day belongs to the term “until a fixed day”, and to no other."))
    if terms.renewal == Renewal.AUTOMATIC and Term(terms.term) not in MONTHS:
        raise WrongOffer(_("Only a month, three months or a year can be renewed by themselves."))
    is_split = terms.renewal == Renewal.INSTALMENTS
    if is_split and terms.instalments not in INSTALMENTS:
        raise WrongOffer(_("Choose from 2 to 36 instalments."))
    if not is_split and terms.instalments:
        raise WrongOffer(_("The number of instalments is for offers that are paid in instalments."))
    if terms.renewal != Renewal.NONE and not terms.price:
        raise WrongOffer(_("What is free needs no renewal and no instalments."))
    if is_split and terms.price_is_minimum:
        raise WrongOffer(_("Instalments have a fixed price."))
    if not 0 <= terms.grace_days <= GRACE_DAYS_MAX:
        raise WrongOffer(_("There are %(max)s grace days at most.") % {"max": GRACE_DAYS_MAX})
    if terms.on_sale_from and terms.on_sale_until and terms.on_sale_from >= terms.on_sale_until:
        raise WrongOffer(_("The sale has to begin before it ends."))


def _trial(terms: OfferTerms) -> None:
    if not 0 <= terms.trial_days <= TRIAL_DAYS_MAX:
        raise WrongOffer(_("A trial lasts %(max)s days at most.") % {"max": TRIAL_DAYS_MAX})
    if terms.trial_price and not terms.trial_days:
        raise WrongOffer(_("A price for the trial needs days of trial."))


def _early(terms: OfferTerms) -> None:
    if (terms.early_price is None) != (terms.early_until is None):
        raise WrongOffer(_("An early price needs the day until which it counts."))
    if terms.early_price is not None and terms.early_price >= terms.price:
        raise WrongOffer(_("The early price has to be lower than the price."))


def _group(terms: OfferTerms) -> None:
    if (terms.group_price is None) != (terms.group_size == 0):
        raise WrongOffer(_("A group price needs the number of buyers who get it together."))
    if terms.group_price is None:
        return
    if terms.group_size not in GROUP_SIZE:
        raise WrongOffer(_("A group is from 2 to 1000 buyers."))
    if terms.group_price >= terms.price:
        raise WrongOffer(_("The group price has to be lower than the price."))
    if terms.renewal != Renewal.NONE or terms.is_for_seats:
        raise WrongOffer(_("A group price is for what one person pays once."))


def _seats(terms: OfferTerms) -> None:
    if terms.renewal != Renewal.NONE or terms.trial_days or terms.price_is_minimum or terms.prices:
        raise WrongOffer(
            _(
                "Seats are paid once, at a fixed price in one currency, without a trial. Change the other parts."
            )
        )
    seats = [least for least, _price in terms.bands]
    if any(least < 2 for least in seats) or seats != sorted(set(seats)):
        raise WrongOffer(_("Let each band of seats begin at a higher number than the one before, from 2 on."))
