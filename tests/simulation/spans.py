"""What the twin speaks of: facts, stretches of time in somebody's hands, and what was cut off them."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from paideia.commerce.models import Offer
from paideia.commerce.terms import end_of_term

MONTH = Offer.Term.MONTH
VERBS = (
    *("order.settled", "order.refunded", "refund.failed", "order.disputed", "dispute.closed"),
    *("subscription.started", "subscription.cancelled", "subscription.resumed", "subscription.ended"),
    *("trial.started", "gift.claimed", "code.redeemed", "pool.made", "seat.taken", "seat.reclaimed"),
    "member.suspended",
)
HEARS = {verb: f"_{verb.replace('.', '_')}" for verb in VERBS}
FACTS = """
SELECT id, verb, object_id, actor_id, occurred_at, detail FROM activity_fact
WHERE recorded_at >= %s AND id > %s AND verb = ANY (%s) ORDER BY id
"""


@dataclass(frozen=True)
class Fact:
    """What was recorded of one thing that happened."""

    id: int
    verb: str
    object_id: int
    actor_id: int
    occurred_at: datetime
    detail: dict[str, Any]


@dataclass
class Stretch:
    """A plan in somebody's hands, from a time until a time (None: for good)."""

    user: int
    plan: int
    source: str
    starts: datetime
    ends: datetime | None
    trial: bool = False
    seat: int | None = None

    @property
    def lasts(self) -> timedelta:
        assert self.ends is not None
        return self.ends - self.starts

    @property
    def is_grace(self) -> bool:
        return self.source.startswith("grace:")


@dataclass
class Running:
    """Periods that follow each other from an anchor."""

    user: int
    offer: Offer
    anchor: datetime
    anchor_period: int = 0
    period: int = 0
    paid_until: datetime | None = None
    charges_itself: bool = True
    is_cancelled: bool = False
    is_over: bool = False

    def end_of(self, period: int) -> datetime:
        term = MONTH if self.offer.instalments else self.offer.term
        end = end_of_term(
            self.anchor, term, self.offer.community.time_zone, times=period - self.anchor_period
        )
        assert end is not None
        return end


@dataclass
class Pool:
    order: int
    offer: Offer
    starts: datetime
    ends: datetime
    is_closed: bool = False
    taken: timedelta = timedelta()  # off its term
    seats: dict[int, int] = field(default_factory=dict)  # who sits on each


@dataclass
class Cut:
    """What was taken off a stretch, or off a pool."""

    stretch: Stretch | None
    since: datetime
    until: datetime | None
    pool: Pool | None = None


def facts_after(heard: int, since: datetime) -> list[Fact]:
    with connection.cursor() as cursor:
        cursor.execute(FACTS, [since, heard, list(HEARS)])
        return [Fact(*row, json.loads(detail)) for *row, detail in cursor.fetchall()]


def founded_at() -> datetime:
    """By the database's own clock, which no course moves: where to look for facts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT transaction_timestamp() - interval '1 hour'")
        return cursor.fetchone()[0]


def differences(
    held: Iterable[Stretch], unclear: set[tuple[int, int]], rows: list[tuple[Any, ...]]
) -> list[str]:
    """Where what stands (user, plan, source, from, until) is not what the twin says."""
    real = Counter(row for row in rows if row[:2] not in unclear)
    told = Counter(
        (one.user, one.plan, one.source, one.starts, one.ends)
        for one in held
        if (one.user, one.plan) not in unclear
    )
    there = [f"{_said(row)} stands, and was not given" for row in real - told]
    return there + [f"{_said(row)} was given, and does not stand" for row in told - real]


def _said(row: tuple[Any, ...]) -> str:
    user, plan, source, starts, ends = row
    return f"user {user}'s plan {plan} by {source} from {starts} until {ends}"
