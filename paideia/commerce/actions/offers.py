"""Making and changing offers. Orders keep what was agreed, so a change reaches later buyers only."""

import secrets
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from paideia.access import policies
from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.commerce.buyers import must_be_here
from paideia.commerce.models import Offer, OfferPrice, SeatBand
from paideia.commerce.offer_rules import TRIAL_DAYS_MAX, OfferTerms, check
from paideia.commerce.refusals import NotPermitted

# What stands in a column of the same name.
COLUMNS = (
    *("price", "currency", "term", "ends_at", "price_is_minimum", "renewal", "instalments", "locks_price"),
    *("grace_days", "trial_days", "trial_price", "early_price", "early_until", "on_sale_from"),
    *(
        "on_sale_until",
        "quantity_max",
        "group_size",
        "group_price",
        "is_for_seats",
        "position",
        "highlighted",
    ),
)


@transaction.atomic
def save_offer(*, viewer: Viewer, terms: OfferTerms, offer: Offer | None = None) -> Offer:
    """Make an offer, or change it. Needs money.manage. Raises WrongOffer, PolicyBroken."""
    _must_manage(viewer, offer)
    check(viewer, terms)
    row = Offer(community=viewer.community)
    if offer is not None:
        row = Offer.objects.select_for_update().get(pk=offer.pk)
    before = said(row) if offer is not None else None
    write_terms(row, terms)
    row.save()
    row.plans.set(terms.plans)
    row.prices.all().delete()
    prices = [OfferPrice(offer=row, currency=code, price=price) for code, price in terms.prices.items()]
    OfferPrice.objects.bulk_create(prices)
    row.bands.all().delete()
    SeatBand.objects.bulk_create(
        [SeatBand(offer=row, seats_min=seats, price=price) for seats, price in terms.bands]
    )
    policies.offer_changed(viewer.community, offer_id=row.pk, name=row.name, plans=terms.plans)
    policies.must_hold(viewer.community)
    _record(viewer, row, before)
    return row


def write_terms(row: Offer, terms: OfferTerms) -> None:
    """Fill in a row, which the caller saves or only shows."""
    row.name, row.summary = terms.name.strip()[:120], terms.summary.strip()[:300]
    for name in COLUMNS:
        setattr(row, name, getattr(terms, name))
    if terms.is_hidden != row.is_hidden:
        row.hidden_key = new_link_key() if terms.is_hidden else ""


@transaction.atomic
def renew_link(*, viewer: Viewer, offer: Offer) -> Offer:
    """Give a hidden offer a new link; the old one opens nothing any more. Needs money.manage."""
    _must_manage(viewer, offer)
    row = Offer.objects.select_for_update().get(pk=offer.pk)
    if row.is_hidden:
        row.hidden_key = new_link_key()
        row.save(update_fields=["hidden_key"])
        record(
            "offer.changed",
            community=viewer.community,
            actor=viewer.user,
            object=row,
            link="renewed",
            before={"link": "old"},
            after={"link": "new"},
        )
    return row


def archive_offer(*, viewer: Viewer, offer: Offer) -> Offer:
    """Sell it no more. Orders that wait can still be paid. Needs money.manage. Safe to repeat."""
    return _archived(viewer, offer, True)


def restore_offer(*, viewer: Viewer, offer: Offer) -> Offer:
    """Sell an archived offer again. Needs money.manage. Safe to repeat."""
    return _archived(viewer, offer, False)


def new_link_key() -> str:
    return secrets.token_urlsafe(24)


def said(offer: Offer) -> dict[str, Any]:
    """What an offer says, as the facts keep it. The key of a hidden link is not for them."""
    columns = {name: getattr(offer, name) for name in COLUMNS}
    return {
        "name": offer.name,
        "summary": offer.summary,
        **{name: one.isoformat() if isinstance(one, datetime) else one for name, one in columns.items()},
        "is_hidden": offer.is_hidden,
        "plans": sorted(offer.plans.values_list("pk", flat=True)),
        "prices": dict(offer.prices.order_by("currency").values_list("currency", "price")),
        "bands": [list(band) for band in offer.bands.values_list("seats_min", "price")],
    }


def _record(viewer: Viewer, row: Offer, before: dict[str, Any] | None) -> None:
    """Who changed what: of a change, only what is another now."""
    after = said(row)
    old = before or {}
    changed = {name: one for name, one in after.items() if before is None or old[name] != one}
    record(
        "offer.changed",
        community=viewer.community,
        actor=viewer.user,
        object=row,
        name=row.name,
        price=row.price,
        currency=row.currency,
        term=row.term,
        before={name: old[name] for name in changed} if before is not None else None,
        after=changed,
    )


@transaction.atomic
def _archived(viewer: Viewer, offer: Offer, archived: bool) -> Offer:
    _must_manage(viewer, offer)
    row = Offer.objects.select_for_update().get(pk=offer.pk)
    if (row.archived_at is not None) != archived:
        row.archived_at = timezone.now() if archived else None
        row.save(update_fields=["archived_at"])
        record(
            "offer.changed",
            community=viewer.community,
            actor=viewer.user,
            object=row,
            archived=archived,
            before={"archived": not archived},
            after={"archived": archived},
        )
    return row


def _must_manage(viewer: Viewer, offer: Offer | None) -> None:
    if offer is not None:
        must_be_here(viewer, offer)
    if not viewer.may("money.manage"):
        raise NotPermitted()


__all__ = [
    "TRIAL_DAYS_MAX",
    "OfferTerms",
    "archive_offer",
    "renew_link",
    "restore_offer",
    "save_offer",
    "write_terms",
]
