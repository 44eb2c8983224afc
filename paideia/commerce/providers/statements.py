"""Statements of a whole account, cut to one community and one day."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, timedelta

from paideia.commerce.models import Order
from paideia.commerce.providers.news import StatementLine
from paideia.communities.models import Community

AT_ONCE = 1000


def of_day(lines: Iterable[StatementLine], day: date) -> Iterator[StatementLine]:
    """Those lines whose moment lies within the day (UTC)."""
    return (line for line in lines if line.at.astimezone(UTC).date() == day)


def of_community(lines: Iterable[StatementLine], community: Community) -> Iterator[StatementLine]:
    """The lines without those of other communities' orders. What belongs to no order on record stays: whoever
    looks should see it."""
    waiting = list(lines)
    for start in range(0, len(waiting), AT_ONCE):
        some = waiting[start : start + AT_ONCE]
        numbers = {line.order_number for line in some} - {""}
        others = set(
            Order.objects.filter(number__in=numbers)
            .exclude(community=community)
            .values_list("number", flat=True)
        )
        yield from (line for line in some if line.order_number not in others)


def china_days(day: date) -> tuple[date, date]:
    """The days on China's calendar that a day of UTC lies in."""
    return day, day + timedelta(days=1)
