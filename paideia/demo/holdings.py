"""Who holds which plan when, as settling orders will give it: one sum for the script and the bulk."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from paideia.commerce.terms import end_of_term

Span = tuple[datetime, datetime | None]


class Holdings:
    """Plans by person and key. Terms of one plan follow one another, so that renewing early loses no day."""

    def __init__(self, time_zone: str) -> None:
        self.time_zone = time_zone
        self.spans: dict[tuple[int, str], list[Span]] = defaultdict(list)

    def give(self, person: int, plan: str, term: str, paid_at: datetime) -> Span:
        spans = self.spans[person, plan]
        ends = [ends_at for _starts, ends_at in spans if ends_at is not None and ends_at > paid_at]
        starts_at = max(ends, default=paid_at)
        spans.append((starts_at, end_of_term(starts_at, term, self.time_zone)))
        return spans[-1]

    def holds(self, person: int, plan: str, at: datetime) -> bool:
        return any(
            starts <= at and (ends is None or ends > at)
            for starts, ends in self.spans.get((person, plan), ())
        )

    def since(self, person: int, plans: tuple[str, ...], at: datetime) -> datetime | None:
        """When the first of those plans that are held at `at` was first held."""
        held = [plan for plan in plans if self.holds(person, plan, at)]
        return min((self.spans[person, plan][0][0] for plan in held), default=None)
