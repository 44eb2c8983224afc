"""Offers as people compare them: per what, what is saved, what each includes."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from paideia.access.models import Plan
from paideia.access.viewer import Viewer
from paideia.commerce.models import Offer
from paideia.commerce.queries import Had
from paideia.commerce.terms import MONTHS
from paideia.lib import formatting


@dataclass(frozen=True, slots=True)
class OfferCard:
    """An offer with all that its card says to one viewer."""

    offer: Offer
    plans: list[Plan]
    per: str
    was: int | None  # what the same time costs by the month
    note: str
    is_held: bool  # for good: there is nothing left to buy
    may_try: bool

    @property
    def plan_ids(self) -> set[int]:
        return {plan.pk for plan in self.plans}


def per(offer: Offer) -> str:
    """What the price is for, as it stands beside it."""
    return {
        Offer.Term.MONTH: _("a month"),
        Offer.Term.QUARTER: _("for three months"),
        Offer.Term.YEAR: _("a year"),
        Offer.Term.LIFETIME: _("for good"),
        Offer.Term.DEADLINE: _("until the end"),
    }[Offer.Term(offer.term)]


def cards(offers: Sequence[Offer], *, had: Had, viewer: Viewer) -> list[OfferCard]:
    """Cards in the order of the offers, whose plans come loaded."""
    plans = {offer.pk: list(offer.plans.all()) for offer in offers}
    found = []
    for offer in offers:
        ids = {plan.pk for plan in plans[offer.pk]}
        may_try = viewer.user is not None and offer.trial_days > 0 and not ids & had.ever
        found.append(
            OfferCard(
                offer=offer,
                plans=plans[offer.pk],
                per=per(offer),
                was=_by_the_month(offer, ids, offers, plans),
                note=_note(offer, may_try=may_try or viewer.user is None),
                is_held=bool(ids) and ids <= had.for_good,
                may_try=may_try,
            )
        )
    return found


def compared(found: Sequence[OfferCard]) -> list[tuple[Plan, list[bool]]]:
    """For each plan, which of the offers give it: the rows of the table. Nothing where all give the same."""
    if len({frozenset(card.plan_ids) for card in found}) < 2:
        return []
    plans = {plan.pk: plan for card in found for plan in card.plans}
    ordered = sorted(plans.values(), key=lambda plan: (plan.position, plan.pk))
    return [(plan, [plan.pk in card.plan_ids for card in found]) for plan in ordered]


def _by_the_month(
    offer: Offer, ids: set[int], offers: Sequence[Offer], plans: dict[int, list[Plan]]
) -> int | None:
    """What the same plans cost for the same time by the month, where that is more."""
    months = MONTHS.get(Offer.Term(offer.term), 0)
    if months < 2:
        return None
    for other in offers:
        same = {plan.pk for plan in plans[other.pk]} == ids and other.currency == offer.currency
        if same and other.term == Offer.Term.MONTH and other.price * months > offer.price:
            return other.price * months
    return None


def _note(offer: Offer, *, may_try: bool) -> str:
    if may_try and offer.trial_days:
        text = ngettext(
            "The first %(n)s day costs nothing.", "The first %(n)s days cost nothing.", offer.trial_days
        )
        return text % {"n": offer.trial_days}
    months = MONTHS.get(Offer.Term(offer.term), 0)
    if months > 1 and offer.price:
        return _("%(price)s a month") % {"price": formatting.money(offer.price // months, offer.currency)}
    return ""
