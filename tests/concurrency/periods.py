"""What renews or is paid off, as docs/subscriptions.md tells it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from paideia.activity.models import Fact
from paideia.commerce.models import Offer, Order, Subscription
from tests.concurrency.spans import MONTHS, Paper, end_of, months_after, plans_of


@dataclass
class Periods:
    """Period n ends so many months after the anchor, on the calendar, counted from there each time."""

    row: Subscription
    offer: Offer
    months: int
    anchor: datetime
    before: int = 0  # periods before the anchor
    paid: int = 0
    state: str = "runs"  # "cancelled", "over"
    ends: datetime | None = None

    def next(self) -> datetime:
        self.paid += 1
        self.ends = months_after(self.anchor, self.months * (self.paid - self.before))
        return self.ends

    def anchor_at(self, at: datetime) -> None:
        self.anchor, self.before, self.ends = at, self.paid, at


class Renewals(Paper):
    orders: dict[int, Order]

    def __init__(self) -> None:
        super().__init__()
        self.periods: dict[int, Periods] = {}

    def runs(self, order: Order) -> bool:
        """Whether the buyer has a subscription of the offer already."""
        mine = [one for one in self.periods.values() if one.row.user_id == order.buyer_id]
        return any(one.offer.pk == order.offer_id and one.state != "over" for one in mine)

    def begin(self, order: Order, starts: datetime) -> None:
        row, offer = order.subscription, order.offer
        assert row is not None and offer is not None
        one = Periods(row, offer, 1 if order.instalments else MONTHS[order.term], starts)
        self.periods[row.pk] = one
        self._period(order, starts, one.next())
        self._grace(one)

    def next_period(self, order: Order) -> None:
        """Each begins where the one before ended; one that is paid after the end begins then, and nothing renews."""
        assert order.offer is not None and order.paid_at is not None
        one = self.periods[order.subscription_id or 0]
        if self.runs(order) and (one.state == "over" or order.offer_id != one.offer.pk):
            self.give(order.buyer_id, order, order.paid_at)
            return
        assert one.ends is not None
        if order.offer_id != one.offer.pk:  # changed for the end of the period
            one.anchor_at(one.ends)
            one.offer, one.months = order.offer, MONTHS[order.term]
        if one.state == "over":
            one.state = "cancelled"
            one.anchor_at(max(order.paid_at, one.ends))
        starts = one.ends
        ends: datetime | None = one.next()
        if one.row.instalments and one.paid >= one.row.instalments:
            one.state, last = "over", one.ends
            ends = end_of(one.anchor, one.row.term, one.row.ends_at)
            ends = max(ends, last) if ends else None
        self._period(order, starts, ends)
        if one.state == "runs":
            self._grace(one)

    def change(self, order: Order, now: datetime) -> None:
        before, paid_at = order.replaces, order.paid_at
        assert before is not None and paid_at is not None and order.offer is not None
        spans = self.of(f"order:{before.pk}")
        if not any(line.kind == "unused" for line in order.lines.all()):
            ends = max([one.ends for one in spans if one.ends] or [paid_at])
            self._from(order, max(ends, paid_at))
            return
        for span in spans:
            if span.starts >= paid_at:
                span.gone = now
            elif span.ends is None or span.ends > paid_at:
                span.ends = paid_at
        one = self.periods.get(before.subscription_id or 0)
        if one is None or one.state == "over" or order.renewal == "none":
            self._from(order, paid_at)
            return
        self._no_grace(one, now)  # the subscription goes on with the other plan
        one.anchor_at(paid_at)
        one.offer, one.months, one.state = order.offer, MONTHS[order.term], "runs"
        self._period(order, paid_at, one.next())
        self._grace(one)

    def stop_for(self, order: Order, access: str, now: datetime) -> None:
        """A refund of the current period: of all of it ends the rest (the log says so), of a part ends it earlier."""
        one = self.periods.get(order.subscription_id or 0)
        if one is None:
            return
        if one.row.instalments and access == "revoked":
            for other in self.orders.values():
                if other.subscription_id == one.row.pk:
                    for span in self.of(f"order:{other.pk}"):
                        span.gone = now
        is_current = one.state != "over" and (order.period or 0) >= one.paid and not one.row.instalments
        if access == "shortened" and is_current and one.ends is not None:
            left = [span.ends for span in self.of(f"order:{order.pk}") if span.ends]
            one.ends, one.state = min(one.ends, max(left, default=now)), "cancelled"
            self._no_grace(one, now)

    def _subscription_cancelled(self, fact: Fact, now: datetime) -> None:
        self._stops(fact, now, "cancelled")

    def _subscription_ended(self, fact: Fact, now: datetime) -> None:
        self._stops(fact, now, "over")

    def _subscription_resumed(self, fact: Fact, now: datetime) -> None:
        one = self.periods[fact.object_id or 0]
        one.state = "runs"
        self._grace(one)

    def _stops(self, fact: Fact, now: datetime, state: str) -> None:
        one = self.periods[fact.object_id or 0]
        one.state = state
        self._no_grace(one, now)

    def _from(self, order: Order, starts: datetime) -> None:
        if order.renewal == "none":
            self._period(order, starts, end_of(starts, order.term, order.ends_at))
        else:
            self.begin(order, starts)

    def _period(self, order: Order, starts: datetime, ends: datetime | None) -> None:
        """From then on, or as long after what is still held of it."""
        for plan in plans_of(order):
            free = self.free(order.buyer_id, plan, starts)
            later = ends + (free - starts) if ends else None
            self.add((order.buyer_id, plan), f"order:{order.pk}", free, later)

    def _grace(self, one: Periods) -> None:
        assert one.ends is not None
        for plan in one.offer.plans.all() if one.offer.grace_days else ():
            starts = self.free(one.row.user_id, plan.pk, one.ends)
            ends = starts + timedelta(days=one.offer.grace_days)
            self.add((one.row.user_id, plan.pk), f"grace:{one.row.pk}", starts, ends, "grace")

    def _no_grace(self, one: Periods, now: datetime) -> None:
        for span in self.of(f"grace:{one.row.pk}"):
            span.gone = now
