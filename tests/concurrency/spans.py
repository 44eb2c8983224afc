"""Plans held from a time until a time: the paper on which the twin writes."""

import calendar
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from paideia.commerce.models import Order

MONTHS = {"month": 1, "quarter": 3, "year": 12}
Key = tuple[int, int]  # a person and a plan


@dataclass(eq=False)
class Span:
    """A plan that somebody holds from then until then (None: for good), unless it was taken back before."""

    who: Key
    source: str
    starts: datetime
    ends: datetime | None
    kind: str = ""  # "trial", "grace"
    gone: datetime | None = None

    @property
    def length(self) -> timedelta:
        """Of a term, or, where it was taken back, how long it lasted."""
        ends = [at for at in (self.ends, self.gone) if at is not None]
        return max(min(ends) - self.starts, timedelta(0))

    def holds(self, at: datetime) -> bool:
        is_there = self.starts <= at and (self.ends is None or at < self.ends)
        return is_there and (self.gone is None or at < self.gone)

    def end_by(self, end: datetime, now: datetime) -> None:
        """Let it last no longer than this."""
        if self.starts >= end or end <= now:
            self.gone = now
        elif self.ends is None or self.ends > end:
            self.ends = end


class Paper:
    """All that anybody holds or held. The community of these tests lives on UTC."""

    def __init__(self) -> None:
        self.spans: dict[Key, list[Span]] = defaultdict(list)

    def holds(self, who: Key, at: datetime) -> bool:
        return any(span.holds(at) for span in self.spans[who])

    def add(self, who: Key, source: str, starts: datetime, ends: datetime | None, kind: str = "") -> Span:
        self.spans[who].append(Span(who, source, starts, ends, kind))
        return self.spans[who][-1]

    def standing(self, who: Key) -> list[Span]:
        return [one for one in self.spans[who] if one.gone is None]

    def of(self, source: str) -> list[Span]:
        return [
            one for some in self.spans.values() for one in some if one.source == source and one.gone is None
        ]

    def free(self, user: int, plan: int, at: datetime) -> datetime:
        """When another term can begin: after what was paid for, trials and days of grace aside."""
        paid = [one.ends for one in self.standing((user, plan)) if not one.kind and one.ends is not None]
        return max([at, *paid])

    def term(self, who: Key, source: str, at: datetime, term: str, deadline: datetime | None) -> None:
        """One term after what is still held of it: no day is lost."""
        starts = self.free(*who, at)
        self.add(who, source, starts, end_of(starts, term, deadline))

    def give(self, user: int, order: Order, at: datetime) -> None:
        for plan in plans_of(order):
            self.term((user, plan), f"order:{order.pk}", at, order.term, order.ends_at)


def end_of(starts: datetime, term: str, deadline: datetime | None) -> datetime | None:
    if deadline is not None:
        return max(deadline, starts)
    return months_after(starts, MONTHS[term]) if term in MONTHS else None


def months_after(at: datetime, months: int) -> datetime:
    """The same day so many months later, or that month's last."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))


def plans_of(order: Order) -> list[int]:
    assert order.offer is not None
    return sorted(plan.pk for plan in order.offer.plans.all())
