"""Terms of offers as stretches of the calendar."""

import calendar
from datetime import datetime
from zoneinfo import ZoneInfo

from paideia.commerce.models import Offer

MONTHS = {Offer.Term.MONTH: 1, Offer.Term.QUARTER: 3, Offer.Term.YEAR: 12}


def end_of_term(
    starts_at: datetime, term: str, time_zone: str, *, deadline: datetime | None = None, times: int = 1
) -> datetime | None:
    """When a term, or so many of them, ends that begins at `starts_at`; None for good. `deadline` is the end of
    a term until a fixed day, which may have passed: then it ends as it begins.

    The same day and hour on the community's clock so many months later, or the month's last day where it
    has no such day: from 31 January to 28 or 29 February.
    """
    if term == Offer.Term.DEADLINE:
        assert deadline is not None
        return max(deadline, starts_at)
    months = MONTHS.get(Offer.Term(term))
    if months is None:
        return None
    here = starts_at.astimezone(ZoneInfo(time_zone))
    index = here.year * 12 + here.month - 1 + months * times
    year, month = index // 12, index % 12 + 1
    day = min(here.day, calendar.monthrange(year, month)[1])
    # An hour that the clocks skip is read an hour later; one they repeat is its first.
    return here.replace(year=year, month=month, day=day, fold=0).astimezone(starts_at.tzinfo)
