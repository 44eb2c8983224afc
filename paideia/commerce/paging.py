"""Lists page by key: what is added while somebody looks moves nothing."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet, Subquery

PAGE_ROWS = 30
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, newest first, and the key of the last where more follow."""

    rows: list[Row]
    after: int | None


def page_after(
    found: QuerySet[Row], after: str | None, *, by: str = "created_at", rows: int = PAGE_ROWS
) -> Page[Row]:
    """The rows older than the one with id `after`, by the moment `by` and then by id; from the top when `after` is
    no id."""
    if after and after.isdecimal() and len(after) < 19:
        key = Subquery(found.model._default_manager.filter(pk=int(after)).values(by))
        found = found.filter(Q(**{f"{by}__lt": key}) | Q(**{by: key, "pk__lt": int(after)}))
    some = list(found.order_by(f"-{by}", "-pk")[: rows + 1])
    return Page(some[:rows], some[rows - 1].pk if len(some) > rows else None)
