"""Making coupons, changing and archiving them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.activity.saying import said_of
from paideia.commerce.buyers import must_be_here
from paideia.commerce.models import PRICE_MAX, Coupon, Offer
from paideia.commerce.quoting.coupons import plain
from paideia.commerce.refusals import NotPermitted, WrongCoupon

COLUMNS = (
    *("percent", "amount", "currency", "price_min", "first_period_only", "stacks"),
    *("uses_max", "uses_each_max", "starts_at", "ends_at"),
)


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """All that a coupon says: a percentage, or an amount in minor units of a currency."""

    code: str
    percent: int | None = None
    amount: int | None = None
    currency: str = ""
    offers: Sequence[Offer] = ()
    price_min: int = 0
    first_period_only: bool = True
    stacks: bool = False
    uses_max: int | None = None
    uses_each_max: int | None = 1
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@transaction.atomic
def save_coupon(*, viewer: Viewer, terms: CouponTerms, coupon: Coupon | None = None) -> Coupon:
    """Make a coupon, or change one; orders that were placed keep what it took off. Needs money.manage. Raises
    WrongCoupon."""
    _must_manage(viewer, coupon)
    _check(viewer, terms)
    row = Coupon(community=viewer.community)
    if coupon is not None:
        row = Coupon.objects.select_for_update().get(pk=coupon.pk)
    before = said_of(coupon and row, "code", *COLUMNS)
    row.code = plain(terms.code)
    for name in COLUMNS:
        setattr(row, name, getattr(terms, name))
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise _refusal(error) from error
    row.offers.set(terms.offers)
    record(
        "coupon.changed",
        community=viewer.community,
        actor=viewer.user,
        object=row,
        code=row.code,
        before=before,
        after=said_of(row, "code", *COLUMNS),
    )
    return row


@transaction.atomic
def archive_coupon(*, viewer: Viewer, coupon: Coupon, archived: bool = True) -> Coupon:
    """Let it count no more, or again. Needs money.manage. Safe to repeat."""
    _must_manage(viewer, coupon)
    row = Coupon.objects.select_for_update().get(pk=coupon.pk)
    if (row.archived_at is not None) != archived:
        row.archived_at = timezone.now() if archived else None
        row.save(update_fields=["archived_at"])
        record(
            "coupon.changed",
            community=viewer.community,
            actor=viewer.user,
            object=row,
            archived=archived,
            before={"archived": not archived},
            after={"archived": archived},
        )
    return row


def _must_manage(viewer: Viewer, coupon: Coupon | None) -> None:
    if coupon is not None:
        must_be_here(viewer, coupon)
    if not viewer.may("money.manage"):
        raise NotPermitted()


def _check(viewer: Viewer, terms: CouponTerms) -> None:
    if (terms.percent is None) == (terms.amount is None):
        raise WrongCoupon(_("Give a percentage or an amount, not both."))
    if terms.percent is not None and not 1 <= terms.percent <= 100:
        raise WrongCoupon(_("A percentage is from 1 to 100."))
    if terms.amount is not None and not 1 <= terms.amount <= PRICE_MAX:
        raise WrongCoupon(_("This amount is out of range."))
    if any(offer.community_id != viewer.community.pk for offer in terms.offers):
        raise WrongCoupon(_("A coupon is for offers of its own community only."))
    if terms.starts_at is not None and terms.ends_at is not None and terms.ends_at <= terms.starts_at:
        raise WrongCoupon(_("It would end before it begins."))


def _refusal(error: IntegrityError) -> WrongCoupon:
    if "coupon_once" in str(error):
        return WrongCoupon(_("There is a coupon with this code already."))
    if "coupon_code_plain" in str(error):
        return WrongCoupon(_("A code has 3 to 40 letters, digits or hyphens."))
    raise error
