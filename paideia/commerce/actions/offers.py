"""Making and changing offers. Orders keep what was agreed, so a change reaches later buyers only."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.models import Plan
from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.commerce.buyers import must_be_here
from paideia.commerce.models import PRICE_MAX, Offer
from paideia.commerce.refusals import NotPermitted, WrongOffer

TRIAL_DAYS_MAX = 365


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """All that an offer says. `price` is in minor units of `currency`."""

    name: str
    plans: Sequence[Plan]
    price: int
    currency: str
    term: str = Offer.Term.LIFETIME
    summary: str = ""
    trial_days: int = 0
    position: int = 0
    highlighted: bool = False


@transaction.atomic
def save_offer(*, viewer: Viewer, terms: OfferTerms, offer: Offer | None = None) -> Offer:
    """Make an offer, or change it. Needs money.manage. Raises WrongOffer."""
    _must_manage(viewer, offer)
    _check(viewer, terms)
    row = Offer(community=viewer.community)
    if offer is not None:
        row = Offer.objects.select_for_update().get(pk=offer.pk)
    row.name, row.summary, row.price = terms.name.strip()[:120], terms.summary.strip()[:300], terms.price
    row.currency, row.term, row.trial_days = terms.currency, Offer.Term(terms.term), terms.trial_days
    row.position, row.highlighted = terms.position, terms.highlighted
    row.save()
    row.plans.set(terms.plans)
    record(
        "offer.changed",
        community=viewer.community,
        actor=viewer.user,
        object=row,
        name=row.name,
        price=row.price,
        currency=row.currency,
        term=row.term,
    )
    return row


def archive_offer(*, viewer: Viewer, offer: Offer) -> Offer:
    """Sell it no more. Orders that were placed can still be paid. Needs money.manage. Safe to repeat."""
    return _archived(viewer, offer, True)


def restore_offer(*, viewer: Viewer, offer: Offer) -> Offer:
    """Sell an archived offer again. Needs money.manage. Safe to repeat."""
    return _archived(viewer, offer, False)


@transaction.atomic
def _archived(viewer: Viewer, offer: Offer, archived: bool) -> Offer:
    _must_manage(viewer, offer)
    row = Offer.objects.select_for_update().get(pk=offer.pk)
    if (row.archived_at is not None) != archived:
        row.archived_at = timezone.now() if archived else None
        row.save(update_fields=["archived_at"])
        record("offer.changed", community=viewer.community, actor=viewer.user, object=row, archived=archived)
    return row


def _must_manage(viewer: Viewer, offer: Offer | None) -> None:
    if offer is not None:
        must_be_here(viewer, offer)
    if not viewer.may("money.manage"):
        raise NotPermitted()


def _check(viewer: Viewer, terms: OfferTerms) -> None:
    if not terms.name.strip():
        raise WrongOffer(_("Give the offer a name."))
    if type(terms.price) is not int or not 0 <= terms.price <= PRICE_MAX:
        raise WrongOffer(_("This price is out of range."))
    if not terms.plans:
        raise WrongOffer(_("Choose at least one plan that the offer gives."))
    if any(plan.community_id != viewer.community.pk for plan in terms.plans):
        raise WrongOffer(_("An offer gives plans of its own community only."))
    if any(plan.archived_at is not None or plan.kind == Plan.Kind.CIRCLE for plan in terms.plans):
        raise WrongOffer(_("Archived plans and circles cannot be sold."))
    if not 0 <= terms.trial_days <= TRIAL_DAYS_MAX:
        raise WrongOffer(_("A trial lasts %(max)s days at most.") % {"max": TRIAL_DAYS_MAX})
