"""Lists of orders page by key: what is ordered while somebody looks moves nothing."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet, Subquery

from paideia.commerce.models import Order

PAGE_ROWS = 30


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders, newest first, and the key of the last where more follow."""

    rows: list[Order]
    after: int | None


def page_after(orders: QuerySet[Order], after: str | None, *, rows: int = PAGE_ROWS) -> Page:
    """The orders older than the one with id `after`; from the top when that is no id."""
    if after and after.isdecimal() and len(after) < 19:
        key = Order.objects.filter(pk=int(after)).values("created_at")
        orders = orders.filter(
            Q(created_at__lt=Subquery(key)) | Q(created_at=Subquery(key), pk__lt=int(after))
        )
    found = list(orders[: rows + 1])
    return Page(found[:rows], found[rows - 1].pk if len(found) > rows else None)
