"""Offers as people compare them: per what, what is saved, what each includes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from paideia.access.models import Plan
from paideia.access.viewer import Viewer
from paideia.commerce.models import Offer
from paideia.commerce.queries import Had
from paideia.commerce.terms import MONTHS
from paideia.lib import formatting

# How people call each way of paying, switched on or not: old orders keep theirs.
PROVIDER_NAMES = {
    "alipay": gettext_lazy("Alipay"),
    "wechat": gettext_lazy("WeChat Pay"),
    "stripe": gettext_lazy("Stripe"),
    "paypal": gettext_lazy("PayPal"),
    "transfer": gettext_lazy("Bank transfer"),
    "sandbox": gettext_lazy("Test payment"),
    "free": gettext_lazy("Nothing to pay"),
}
FEW_PLACES = 20  # from here on, how many are left is said
Term, Renewal = Offer.Term, Offer.Renewal


@dataclass(frozen=True, slots=True)
class OfferCard:
    """An offer with all that its card says to one viewer."""

    offer: Offer
    plans: list[Plan]
    amount: int  # minor units, as it costs now in `currency`
    currency: str
    per: str
    was: int | None  # what it will cost later, or what the same time costs by the month
    notes: list[str]
    is_held: bool  # for good: there is nothing left to buy
    may_try: bool
    is_sold_out: bool = False

    @property
    def plan_ids(self) -> set[int]:
        return {plan.pk for plan in self.plans}


def per(offer: Offer) -> str:
    """What the price is for, as it stands beside it."""
    if offer.is_for_seats:
        return _seat_per(offer)
    if offer.renewal == Renewal.INSTALMENTS:
        return _("a month, %(n)s times") % {"n": offer.instalments}
    return {
        Term.MONTH: _("a month"),
        Term.QUARTER: _("for three months"),
        Term.YEAR: _("a year"),
        Term.LIFETIME: _("for good"),
        Term.DEADLINE: _("until the end"),
    }[Term(offer.term)]


def _seat_per(offer: Offer) -> str:
    return {
        Term.MONTH: _("a seat for a month"),
        Term.QUARTER: _("a seat for three months"),
        Term.YEAR: _("a seat for a year"),
        Term.LIFETIME: _("a seat for good"),
        Term.DEADLINE: _("a seat until the end"),
    }[Term(offer.term)]


def cards(offers: Sequence[Offer], *, had: Had, viewer: Viewer, currency: str = "") -> list[OfferCard]:
    """Cards in the order of the offers, whose plans and prices come loaded; prices in `currency` where an offer has
    one in it."""
    plans = {offer.pk: list(offer.plans.all()) for offer in offers}
    found = []
    for offer in offers:
        ids = {plan.pk for plan in plans[offer.pk]}
        may_try = viewer.user is not None and offer.trial_days > 0 and not ids & had.ever
        amount, code = _price(offer, currency)
        is_early = code == offer.currency and early_now(offer, viewer.now)
        left = getattr(offer, "places_left", None)
        now = offer.early_price if is_early and offer.early_price is not None else amount
        found.append(
            OfferCard(
                offer=offer,
                plans=plans[offer.pk],
                amount=now,
                currency=code,
                per=per(offer),
                was=amount if is_early else _by_the_month(offer, ids, offers, plans, amount, code),
                notes=_notes(
                    offer, now, code, may_try=may_try or viewer.user is None, is_early=is_early, left=left
                ),
                is_held=bool(ids) and ids <= had.for_good,
                may_try=may_try,
                is_sold_out=left == 0,
            )
        )
    return found


def early_now(offer: Offer, now: datetime) -> bool:
    return offer.early_until is not None and now < offer.early_until and not offer.is_for_seats


def currencies(offers: Sequence[Offer]) -> list[str]:
    """The currencies that something is sold in; the offers' own first."""
    own = [offer.currency for offer in offers]
    return list(dict.fromkeys([*own, *(one.currency for offer in offers for one in offer.prices.all())]))


def compared(found: Sequence[OfferCard]) -> list[tuple[Plan, list[bool]]]:
    """For each plan, which of the offers give it: the rows of the table. Nothing where all give the same."""
    if len({frozenset(card.plan_ids) for card in found}) < 2:
        return []
    plans = {plan.pk: plan for card in found for plan in card.plans}
    ordered = sorted(plans.values(), key=lambda plan: (plan.position, plan.pk))
    return [(plan, [plan.pk in card.plan_ids for card in found]) for plan in ordered]


def _price(offer: Offer, currency: str) -> tuple[int, str]:
    """The price in this currency, or in the offer's own."""
    if currency and currency != offer.currency:
        for other in offer.prices.all():
            if other.currency == currency:
                return other.price, currency
    return offer.price, offer.currency


def _by_the_month(
    offer: Offer,
    ids: set[int],
    offers: Sequence[Offer],
    plans: dict[int, list[Plan]],
    amount: int,
    currency: str,
) -> int | None:
    """What the same plans cost for the same time by the month, where that is more."""
    months = MONTHS.get(Term(offer.term), 0)
    if months < 2 or offer.is_for_seats or offer.renewal == Renewal.INSTALMENTS:
        return None
    for other in offers:
        same = {plan.pk for plan in plans[other.pk]} == ids and not other.is_for_seats
        monthly, code = _price(other, currency)
        is_monthly = other.term == Term.MONTH and other.renewal != Renewal.INSTALMENTS
        if same and code == currency and is_monthly and monthly * months > amount:
            return monthly * months
    return None


def _notes(
    offer: Offer, amount: int, currency: str, *, may_try: bool, is_early: bool, left: int | None
) -> list[str]:
    """What stands in small print, each a sentence of its own; the most pressing first."""
    notes = []
    if is_early:
        notes.append(_("Early price until %(when)s.") % {"when": formatting.datetime(offer.early_until)})
    if left is not None and 0 < left <= FEW_PLACES:
        notes.append(ngettext("%(n)s place is left.", "%(n)s places are left.", left) % {"n": left})
    if may_try and offer.trial_days:
        notes.append(_trial(offer))
    notes.append(_paid(offer, amount, currency))
    if offer.on_sale_until is not None:
        notes.append(_("On sale until %(when)s.") % {"when": formatting.datetime(offer.on_sale_until)})
    if offer.group_price is not None and currency == offer.currency:
        price = formatting.money(offer.group_price, currency)
        text = _("%(price)s each where %(n)s buy together.")
        notes.append(text % {"price": price, "n": offer.group_size})
    return [note for note in notes if note]


def _trial(offer: Offer) -> str:
    if offer.trial_price:
        text = ngettext(
            "Try it %(n)s day for %(price)s.", "Try it %(n)s days for %(price)s.", offer.trial_days
        )
        return text % {"n": offer.trial_days, "price": formatting.money(offer.trial_price, offer.currency)}
    text = ngettext(
        "The first %(n)s day costs nothing.", "The first %(n)s days cost nothing.", offer.trial_days
    )
    return text % {"n": offer.trial_days}


def _paid(offer: Offer, amount: int, currency: str) -> str:
    """How it is paid: the sum of instalments, what a month of a longer term comes to, bands of seats."""
    if offer.renewal == Renewal.INSTALMENTS:
        text = _("%(n)s × %(price)s monthly, %(total)s in all.")
        total = formatting.money(amount * offer.instalments, currency)
        return text % {"n": offer.instalments, "price": formatting.money(amount, currency), "total": total}
    if offer.is_for_seats:
        bands = list(offer.bands.all())
        if not bands:
            return ""
        best = bands[-1]
        text = _("From %(seats)s seats on, %(price)s each.")
        return text % {"seats": best.seats_min, "price": formatting.money(best.price, currency)}
    if offer.price_is_minimum:
        return _("Or more, if you like.")
    months = MONTHS.get(Term(offer.term), 0)
    if months > 1 and amount:
        return _("%(price)s a month") % {"price": formatting.money(amount // months, currency)}
    return ""
