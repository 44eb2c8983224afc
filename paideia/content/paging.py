"""Lists that page by key: what was published while somebody reads moves nothing."""

from dataclasses import dataclass

from django.db.models import F, Q, QuerySet, Subquery

from paideia.content.models import Document

PAGE_ROWS = 20


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, newest first, and the key of the last one where more follow."""

    rows: list[Document]
    after: int | None

    def __bool__(self) -> bool:
        return bool(self.rows)


def page_after(documents: QuerySet[Document], after: str | int | None, *, rows: int = PAGE_ROWS) -> Page:
    """The rows of `documents` published before the one with id `after` (a key from the address; one that is
    none starts at the top). One query."""
    if after and str(after).isdecimal() and len(str(after)) < 19:
        key = Document.objects.filter(pk=int(after)).values("published_at")
        documents = documents.filter(
            Q(published_at__lt=Subquery(key)) | Q(published_at=Subquery(key), pk__lt=int(after))
        )
    found = list(documents.order_by(F("published_at").desc(nulls_first=True), "-pk")[: rows + 1])
    more = len(found) > rows
    return Page(found[:rows], found[rows - 1].pk if more else None)
