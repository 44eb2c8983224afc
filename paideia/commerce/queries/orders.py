"""What was ordered and paid."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Greatest

from paideia.access.models import Grant
from paideia.access.viewer import Viewer
from paideia.commerce.models import Notice, Order, Refund
from paideia.commerce.refusals import NotPermitted
from paideia.lib.refusal import NotFound


def must_see_money(viewer: Viewer) -> None:
    if not viewer.may("money.view"):
        raise NotPermitted()


def orders_of(viewer: Viewer) -> QuerySet[Order]:
    """A buyer's own orders here, newest first."""
    own = Order.objects.filter(community=viewer.community, buyer_id=viewer.user_id)
    return own.select_related("offer").order_by("-created_at", "-pk")


def order_of(viewer: Viewer, number: str) -> Order:
    """One's own order, or any for those who may see the community's money. NotFound alike for all others'."""
    order = (
        Order.objects.filter(community=viewer.community, number=number)
        .select_related("offer", "buyer")
        .first()
    )
    if order is None or not (order.buyer_id == viewer.user_id or viewer.may("money.view")):
        raise NotFound("")
    return order


def orders_searched(viewer: Viewer, words: str = "", state: str = "") -> QuerySet[Order]:
    """All orders, newest first, for those who may see money. `words`: a number, a buyer or an offer."""
    must_see_money(viewer)
    found = Order.objects.filter(community=viewer.community)
    if state in Order.State.values:
        found = found.filter(state=state)
    elif state == "open_notices":
        found = found.filter(Exists(_open_notices().filter(order=OuterRef("pk"))))
    elif state == "refunds":
        found = found.filter(Exists(_refunds_under_way().filter(order=OuterRef("pk"))))
    if words := words.strip():
        found = found.filter(
            Q(number__istartswith=words)
            | Q(buyer__handle__icontains=words)
            | Q(buyer__name__icontains=words)
            | Q(buyer__email__iexact=words)
            | Q(offer__name__icontains=words)
            | Q(charge_id=words)
        )
    return found.select_related("offer", "buyer").order_by("-created_at", "-pk")


def open_notices(viewer: Viewer) -> QuerySet[Notice]:
    """Payments that settled nothing and wait for the team, newest first."""
    must_see_money(viewer)
    found = _open_notices().filter(community=viewer.community)
    return found.select_related("order__buyer", "order__offer").order_by("-received_at", "-pk")


def _refunds_under_way() -> QuerySet[Refund]:
    return Refund.objects.filter(state__in=[Refund.State.AGREED, Refund.State.SENT])


def _open_notices() -> QuerySet[Notice]:
    return Notice.objects.filter(outcome__in=Notice.OPEN_OUTCOMES, resolved_at=None)


def grants_of(order: Order) -> list[Grant]:
    """What an order gave, with the plans."""
    given = Grant.objects.filter(source=f"order:{order.pk}", user_id=order.buyer_id)
    return list(given.select_related("plan").order_by("pk"))


@dataclass(frozen=True, slots=True)
class Sales:
    """What was paid in one currency: in the last 30 days and in all, in minor units."""

    currency: str
    month: int
    orders: int
    total: int


def sales(viewer: Viewer) -> list[Sales]:
    """Paid orders by currency, without what was refunded, the larger first."""
    must_see_money(viewer)
    since = viewer.now - timedelta(days=30)
    rows = (
        Order.objects.filter(community=viewer.community, paid_at__isnull=False)
        .exclude(state=Order.State.DISPUTED)
        .values("currency")
        .annotate(
            all=Sum(Greatest(F("total") - F("refunded"), 0)),
            count=Count("pk"),
            recent=Coalesce(Sum(Greatest(F("total") - F("refunded"), 0), filter=Q(paid_at__gte=since)), 0),
        )
        .order_by("-all")
    )
    return [Sales(row["currency"], row["recent"], row["count"], row["all"]) for row in rows]
