"""Seats, as docs/selling.md tells it: nobody's plans outlast the pool."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from paideia.activity.models import Fact
from paideia.commerce.models import Order, SeatOrder
from tests.concurrency.spans import Paper, Span, end_of, plans_of


@dataclass
class Pool:
    offer_of: Order
    size: int = 0
    ends: datetime | None = None
    is_closed: bool = False
    terms: list[Order] = field(default_factory=list)  # that it lasts by
    seats: dict[int, tuple[int, list[Span]]] = field(default_factory=dict)  # that are taken


NOTHING = 0, timedelta(0), False  # seats, time, that it is open


@dataclass
class Made:
    """What is left of what an order did to a pool."""

    seats: int = 0
    time: timedelta = timedelta(0)


class Pools(Paper):
    wanted: dict[int, SeatOrder]

    def __init__(self) -> None:
        super().__init__()
        self.pools: dict[int, Pool] = {}
        self.made: dict[int, Made] = {}
        self.cuts: dict[object, tuple[int, timedelta, bool]] = {}

    def seats(self, order: Order) -> None:
        assert order.paid_at is not None
        wanted, made = self.wanted[order.pk], Made()
        pool = self.pools.setdefault(wanted.pool_id or 0, Pool(order))
        self.made[order.pk] = made
        if wanted.does in ("makes", "adds"):
            made.seats = order.quantity
            pool.size += made.seats
        if wanted.does in ("makes", "renews"):
            begins = max(pool.ends or order.paid_at, order.paid_at)
            pool.ends = end_of(begins, order.term, order.ends_at)
            made.time = pool.ends - begins if pool.ends else timedelta(0)
            pool.terms.append(order)
        if wanted.does == "renews":
            self._fill(pool, order.paid_at, order)

    def take_seats(
        self, order: Order, access: str, share: tuple[int, int], now: datetime, cause: object
    ) -> None:
        """What its own order made: the pool, the seats it added, or the term it added; or that share of it."""
        wanted, made = self.wanted[order.pk], self.made[order.pk]
        pool = self.pools[wanted.pool_id or 0]
        closes = wanted.does == "makes" and access == "revoked"
        part, whole = (1, 1) if access == "revoked" else share
        seats, time, before = 0, timedelta(0), pool.ends
        if wanted.does == "adds":
            seats = made.seats * part // whole
            pool.size -= seats  # the log says who lost theirs
        elif closes:
            pool.is_closed = True
            self._end_by(pool, now, now)
        elif pool.ends is not None:
            time = min(made.time * part // whole, max(pool.ends - now, timedelta(0)))
            pool.ends -= time
            self._end_by(pool, pool.ends, now)
        made.seats, made.time = made.seats - seats, made.time - time
        self.cuts[cause] = seats, time, closes
        assert before is not None or not time

    def seats_again(self, order: Order, now: datetime, cause: object) -> None:
        wanted, made = self.wanted[order.pk], self.made[order.pk]
        pool, (seats, time, closed) = self.pools[wanted.pool_id or 0], self.cuts.get(cause, NOTHING)
        made.seats, made.time = made.seats + seats, made.time + time
        pool.size += seats
        if pool.ends is not None:
            pool.ends += time
        if closed:
            pool.is_closed = False
        self._fill(pool, now, order)

    def _seat_taken(self, fact: Fact, now: datetime) -> None:
        pool = self.pools[fact.detail["pool"]]
        pool.seats[fact.object_id or 0] = fact.actor_id or 0, []
        last = max(pool.terms, key=lambda one: (one.paid_at, one.pk))
        self._fill(pool, now, last, only=fact.object_id)

    def _seat_reclaimed(self, fact: Fact, now: datetime) -> None:
        _user, spans = self.pools[fact.detail["pool"]].seats.pop(fact.object_id or 0, (0, []))
        for span in spans:
            span.gone = span.gone or now

    def _fill(self, pool: Pool, now: datetime, order: Order, *, only: int | None = None) -> None:
        """Until the pool ends, from now or the end of what the seat gives already."""
        for seat, (user, spans) in pool.seats.items():
            if only not in (None, seat):
                continue
            for plan in plans_of(pool.offer_of):
                held = [one for one in spans if one.who[1] == plan and one.gone is None]
                starts = max([now, *(one.ends for one in held if one.ends)])
                if all(one.ends for one in held) and (pool.ends is None or starts < pool.ends):
                    spans.append(self.add((user, plan), f"order:{order.pk}", starts, pool.ends))

    def _end_by(self, pool: Pool, end: datetime, now: datetime) -> None:
        for _user, spans in pool.seats.values():
            for span in spans:
                if span.gone is None:
                    span.end_by(end, now)
