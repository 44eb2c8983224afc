"""Coupons, codes and cards, for the team."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.commerce.models import CardTerms, Coupon, CouponUse, GiftCard, RedeemBatch, RedeemCode
from paideia.commerce.queries.orders import must_see_money
from paideia.ledger.models import Account
from paideia.lib.refusal import NotFound


@dataclass(frozen=True, slots=True)
class CouponSums:
    """What a coupon did in one currency, in minor units: of orders that were paid."""

    currency: str
    off: int
    sales: int


@dataclass(frozen=True, slots=True)
class CouponRow:
    coupon: Coupon
    uses: int  # that count against its limit
    sums: list[CouponSums]


def coupons(viewer: Viewer) -> list[CouponRow]:
    """All coupons, the newest first, with what each did. Three queries."""
    must_see_money(viewer)
    rows = list(Coupon.objects.filter(community=viewer.community).prefetch_related("offers"))
    uses = CouponUse.objects.filter(coupon__community=viewer.community, released_at=None)
    counts = dict(uses.values_list("coupon").annotate(n=Count("pk")))
    sums: dict[int, dict[str, list[int]]] = {}
    paid = uses.filter(order__paid_at__isnull=False).values_list(
        "coupon_id", "amount", "order__currency", "order__total", "order__credit"
    )
    for coupon_id, off, currency, total, credit in paid:
        of_coupon = sums.setdefault(coupon_id, {}).setdefault(currency, [0, 0])
        of_coupon[0] += off
        of_coupon[1] += total + credit
    return [
        CouponRow(
            row,
            counts.get(row.pk, 0),
            [CouponSums(currency, *both) for currency, both in sorted(sums.get(row.pk, {}).items())],
        )
        for row in rows
    ]


def coupon(viewer: Viewer, pk: int) -> Coupon:
    must_see_money(viewer)
    found = Coupon.objects.filter(community=viewer.community, pk=pk).first()
    if found is None:
        raise NotFound("")
    return found


def batches(viewer: Viewer) -> QuerySet[RedeemBatch]:
    """All batches, the newest first, with how many codes were `used` and `revoked`."""
    must_see_money(viewer)
    found = RedeemBatch.objects.filter(community=viewer.community).select_related("offer")
    return found.annotate(
        used=Count("codes", filter=Q(codes__used_at__isnull=False)),
        withdrawn=Count("codes", filter=Q(codes__revoked_at__isnull=False)),
    )


def batch(viewer: Viewer, pk: int) -> RedeemBatch:
    found = batches(viewer).filter(pk=pk).first()
    if found is None:
        raise NotFound("")
    return found


def codes_used(of: RedeemBatch) -> list[RedeemCode]:
    """The last 50 codes that somebody redeemed."""
    used = RedeemCode.objects.filter(batch=of).exclude(used_at=None).select_related("used_by")
    return list(used.order_by("-used_at")[:50])


def rows_of_batch(of: RedeemBatch) -> Iterator[list[object]]:
    """The batch as a table: each code, its state, who used it and when. The first row names the columns."""
    yield [_("Code"), _("State"), _("Used by"), _("Used at")]
    codes = RedeemCode.objects.filter(batch=of).select_related("used_by").order_by("pk")
    for code in codes.iterator(chunk_size=2000):
        state = _("Used") if code.used_at else _("Revoked") if code.revoked_at else _("Unused")
        used_by = code.used_by.handle if code.used_by else ""
        yield [code.code, state, used_by, code.used_at.isoformat() if code.used_at else ""]


def cards(viewer: Viewer) -> list[GiftCard]:
    """The last 100 gift cards that were paid or given."""
    must_see_money(viewer)
    there = Q(order=None) | Q(order__paid_at__isnull=False)
    found = GiftCard.objects.filter(there, community=viewer.community)
    return list(found.select_related("order", "given_by", "redeemed_by")[:100])


def card_terms(viewer: Viewer) -> CardTerms:
    """Which cards are on sale; an unsaved row with no amounts where that was never said."""
    must_see_money(viewer)
    terms = CardTerms.objects.filter(community=viewer.community).first()
    return terms or CardTerms(community=viewer.community, currency=viewer.community.currency)


def owed_on_cards(viewer: Viewer) -> list[tuple[int, str]]:
    """What is on cards and in people's credit, by currency: it is owed in works."""
    must_see_money(viewer)
    found = Account.objects.filter(community=viewer.community, balance__gt=0).filter(
        Q(owner__startswith="card:", kind="balance") | Q(owner__startswith="user:", kind="credit")
    )
    sums: dict[str, int] = {}
    for amount, currency in found.values_list("balance", "currency"):
        sums[currency] = sums.get(currency, 0) + amount
    return [(amount, currency) for currency, amount in sorted(sums.items())]
