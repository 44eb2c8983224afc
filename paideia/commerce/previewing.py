"""The card of an offer before it is saved."""

from typing import Any

from django.db.models import Model, QuerySet

from paideia.access.models import Plan
from paideia.access.viewer import Viewer
from paideia.commerce.actions.offers import OfferTerms, write_terms
from paideia.commerce.models import Offer, OfferPrice, SeatBand
from paideia.commerce.offer_rules import check
from paideia.commerce.presentation import OfferCard, cards
from paideia.commerce.queries import Had


def preview_of(viewer: Viewer, offer: Offer | OfferTerms) -> OfferCard:
    """What somebody who holds nothing would see. Raises WrongOffer for terms that make no sense."""
    if isinstance(offer, OfferTerms):
        check(viewer, offer)
        offer = _unsaved(viewer, offer)
    return cards([offer], had=Had(), viewer=viewer)[0]


def _unsaved(viewer: Viewer, terms: OfferTerms) -> Offer:
    row = Offer(pk=0, community=viewer.community)
    write_terms(row, terms)
    prices = [OfferPrice(currency=code, price=price) for code, price in terms.prices.items()]
    bands = [SeatBand(seats_min=seats, price=price) for seats, price in terms.bands]
    row._prefetched_objects_cache = {  # type: ignore[attr-defined]
        "plans": loaded(Plan, list(terms.plans)),
        "prices": loaded(OfferPrice, prices),
        "bands": loaded(SeatBand, bands),
    }
    return row


def loaded(model: type[Model], rows: list[Any]) -> QuerySet[Any]:
    found = model._default_manager.none()
    found._result_cache = rows
    return found
