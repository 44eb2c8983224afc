"""Keeping what the nightly job reckoned."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import transaction

from paideia.books.models import RevenueMonth
from paideia.communities.models import Community


@dataclass(frozen=True, slots=True)
class Month:
    """One month of one currency; the fields of RevenueMonth."""

    month: date
    until: datetime
    opening: int
    new: int
    returned: int
    expansion: int
    contraction: int
    churn: int
    closing: int
    payers_opening: int
    payers_lost: int


@transaction.atomic
def store_months(
    *, community: Community, months: Mapping[str, Sequence[Month]], reckoned_at: datetime
) -> list[RevenueMonth]:
    """Put these months in the place of all that were stored for the community."""
    Community.objects.select_for_update(no_key=True).get(pk=community.pk)  # one reckoning at a time
    RevenueMonth.objects.filter(community=community).delete()
    rows = [
        RevenueMonth(community=community, currency=currency, reckoned_at=reckoned_at, **asdict(one))
        for currency, some in months.items()
        for one in some
    ]
    return RevenueMonth.objects.bulk_create(rows)
