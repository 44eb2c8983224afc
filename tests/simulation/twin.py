"""What everybody holds, told a second time: slowly, from what happened to orders alone, in the words of the docs.

It reads no grant, and asks no delivery; only how long a month is, it asks the calendar, which has a twin of its own
(commerce/tests/test_passing_time.py).
"""

from collections import Counter
from datetime import datetime, timedelta

from paideia.commerce.models import Offer, Order, OrderLine
from paideia.commerce.terms import end_of_term
from tests.simulation.spans import HEARS, Cut, Fact, Pool, Running, Stretch, facts_after, founded_at
from tests.simulation.taking import Taking
from tests.simulation.town import Town

Kind = Order.Kind


class Twin(Taking):
    def __init__(self, town: Town) -> None:
        self.zone = town.community.time_zone
        self.offers = {offer.pk: offer for offer in town.offers.values()}
        self.plans = {pk: sorted(plan.pk for plan in offer.plans.all()) for pk, offer in self.offers.items()}
        self.code_offer = town.batch.offer_id
        self.held: list[Stretch] = []
        self.gone: list[Stretch] = []  # what was taken back, as long as it lasted
        self.running: dict[int, Running] = {}
        self.pools: dict[int, Pool] = {}
        self.orders: dict[int, Order] = {}
        self.cuts: dict[str, list[Cut]] = {}  # by what cut: "refund:3", "dispute:1"
        self.disputed: dict[int, int] = {}  # order → its open dispute
        self.taken_in_payment: Counter[int] = Counter()
        self.tried: set[tuple[int, int]] = set()  # who had a trial of which plan
        self.unclear: set[tuple[int, int]] = set()  # who and what this twin says nothing of any more
        self.heard, self.since = 0, founded_at()

    def hear(self) -> None:
        """Take in what has happened since the last time."""
        for fact in facts_after(self.heard, self.since):
            self.heard = fact.id
            getattr(self, HEARS[fact.verb])(fact)

    def plans_of(self, user: int, now: datetime) -> set[int]:
        """What somebody may use now."""
        mine = [one for one in self.held if one.user == user and one.starts <= now]
        return {one.plan for one in mine if one.ends is None or one.ends > now}

    # paid

    def _order_settled(self, fact: Fact) -> None:
        order = Order.objects.select_related("replaces").get(pk=fact.object_id)
        self.orders[order.pk] = order
        if order.kind == Kind.SEATS:
            self._make_pool(order)
        elif order.kind == Kind.CHANGE:
            self._change(order)
        elif order.kind == Kind.TRIAL:
            self._begin_trial(
                order.buyer_id, self._offer(order), order.paid_at, f"order:{order.pk}", paid=True
            )
        elif order.kind in (Kind.RENEWAL, Kind.INSTALMENT):
            self._next_period(order)
        elif order.kind == Kind.PURCHASE:
            if order.renewal == Offer.Renewal.NONE or self._runs(order.buyer_id, self._offer(order)):
                self._term(order.buyer_id, self._offer(order), order.paid_at, f"order:{order.pk}")
            else:
                plans = self.plans[order.offer_id]
                self._begin(
                    order, min(self._free_from(order.buyer_id, plan, order.paid_at) for plan in plans)
                )

    def _gift_claimed(self, fact: Fact) -> None:
        offer = self._offer(self.orders[fact.object_id])
        self._term(fact.actor_id, offer, fact.occurred_at, f"order:{fact.object_id}")

    def _code_redeemed(self, fact: Fact) -> None:
        offer = self.offers[self.code_offer]
        self._term(fact.actor_id, offer, fact.occurred_at, f"code:{fact.object_id}")

    def _trial_started(self, fact: Fact) -> None:
        offer = self.offers[fact.object_id]
        self._begin_trial(fact.actor_id, offer, fact.occurred_at, f"trial:{offer.pk}", paid=False)

    def _term(self, user: int, offer: Offer, at: datetime, source: str) -> None:
        """One term of each plan, after what the person still has of it."""
        for plan in self.plans[offer.pk]:
            starts = self._free_from(user, plan, at)
            ends = end_of_term(starts, offer.term, self.zone, deadline=offer.ends_at)
            self.held.append(Stretch(user, plan, source, starts, ends))

    def _free_from(self, user: int, plan: int, at: datetime) -> datetime:
        """The end of what was paid before; trials end with what is bought, grace was not paid."""
        paid = [one for one in self._of(user, plan) if not one.trial and not one.is_grace]
        return max([one.ends for one in paid if one.ends is not None and one.ends > at], default=at)

    # what renews itself, or is paid off

    def _subscription_started(self, fact: Fact) -> None:
        if fact.detail["state"] == "trial":  # what it is the trial of is told next
            offer = self.offers[fact.detail["offer_id"]]
            self.running[fact.object_id] = Running(fact.actor_id, offer, fact.occurred_at)

    def _begin_trial(self, user: int, offer: Offer, at: datetime, source: str, *, paid: bool) -> None:
        ends = at + timedelta(days=offer.trial_days)
        for plan in self.plans[offer.pk]:
            is_first = (user, plan) not in self.tried
            self.tried.add((user, plan))
            self.held.append(Stretch(user, plan, source, at, ends, trial=is_first))
        begun = [one for one in self.running.items() if one[1].user == user and one[1].offer == offer]
        pk, row = max(begun)
        row.anchor = row.paid_until = ends
        row.charges_itself = paid
        if paid:
            self._grace(pk)

    def _begin(self, order: Order, starts: datetime) -> None:
        pk = order.subscription_id or 0
        row = self.running[pk] = Running(order.buyer_id, self._offer(order), starts, period=1)
        row.paid_until = row.end_of(1)
        self._period(order, starts, row.paid_until)
        self._grace(pk)

    def _next_period(self, order: Order) -> None:
        pk = order.subscription_id or 0
        row, offer = self.running[pk], self._offer(order)
        assert row.paid_until is not None
        if row.is_over and self._runs(row.user, row.offer):
            self._term(row.user, row.offer, order.paid_at, f"order:{order.pk}")
            return
        if offer != row.offer:
            row.offer, row.anchor, row.anchor_period = offer, row.paid_until, row.period
        if row.is_over:  # money that comes after the end gives one period from then on
            row.is_over, row.is_cancelled = False, True
            row.anchor = row.paid_until = max(order.paid_at, row.paid_until)
            row.anchor_period = row.period
        elif not row.period and not row.charges_itself and order.paid_at > row.paid_until:
            row.anchor = row.paid_until = order.paid_at
        starts, row.period = row.paid_until, row.period + 1
        row.paid_until = row.end_of(row.period)
        row.is_over = bool(offer.instalments) and row.period >= offer.instalments
        self._period(order, starts, self._end_of_all(row) if row.is_over else row.paid_until)
        if not row.is_over and not row.is_cancelled:
            self._grace(pk)

    def _end_of_all(self, row: Running) -> datetime | None:
        end = end_of_term(row.anchor, row.offer.term, self.zone, deadline=row.offer.ends_at)
        return None if end is None else max(end, row.end_of(row.offer.instalments))

    def _period(self, order: Order, starts: datetime, ends: datetime | None) -> None:
        for plan in self.plans[order.offer_id]:
            free = self._free_from(order.buyer_id, plan, starts)
            later = ends if ends is None or free <= starts else free + (ends - starts)
            self.held.append(Stretch(order.buyer_id, plan, f"order:{order.pk}", free, later))

    def _grace(self, pk: int) -> None:
        row = self.running[pk]
        assert row.paid_until is not None
        for plan in self.plans[row.offer.pk]:
            starts = self._free_from(row.user, plan, row.paid_until)
            ends = starts + timedelta(days=row.offer.grace_days)
            self.held.append(Stretch(row.user, plan, f"grace:{pk}", starts, ends))

    def _subscription_cancelled(self, fact: Fact) -> None:
        self.running[fact.object_id].is_cancelled = True
        self._no_grace(fact.object_id)

    def _subscription_ended(self, fact: Fact) -> None:
        self.running[fact.object_id].is_over = True
        self._no_grace(fact.object_id)

    def _subscription_resumed(self, fact: Fact) -> None:
        row = self.running[fact.object_id]
        row.is_cancelled = False
        if row.period or row.charges_itself:
            self._grace(fact.object_id)

    def _runs(self, user: int, offer: Offer) -> bool:
        return any(
            (one.user, one.offer) == (user, offer) and not one.is_over for one in self.running.values()
        )

    # changes of plan

    def _change(self, order: Order) -> None:
        before, offer, at = order.replaces, self._offer(order), order.paid_at
        lines = [line.amount for line in order.lines.all() if line.kind == OrderLine.Kind.UNUSED]
        if not lines:
            ends = [one.ends for one in self._from(before)]
            self._instead(order, max([at, *(one for one in ends if one is not None)]))
            return
        self.taken_in_payment[before.pk] -= sum(lines)
        for one in self._from(before):
            if one.starts >= at:
                self.held.remove(one)
            elif one.ends is None or one.ends > at:
                one.ends = at
        pk = self._subscription_of(before)
        if pk is not None:
            self._no_grace(pk)
        if pk is None or self.running[pk].is_over or order.renewal == Offer.Renewal.NONE:
            self._instead(order, at)
            return
        row = self.running[pk]
        row.user, row.offer, row.anchor, row.anchor_period = order.buyer_id, offer, at, row.period
        row.period, row.is_cancelled, row.charges_itself = row.period + 1, False, True
        row.paid_until = row.end_of(row.period)
        self._period(order, at, row.paid_until)
        self._grace(pk)

    def _instead(self, order: Order, starts: datetime) -> None:
        if order.renewal != Offer.Renewal.NONE:
            self._begin(order, starts)
        else:
            self._period(order, starts, end_of_term(starts, order.term, self.zone, deadline=order.ends_at))

    # seats

    def _pool_made(self, fact: Fact) -> None:
        self.pools[fact.object_id] = Pool(0, Offer(), fact.occurred_at, fact.occurred_at)

    def _make_pool(self, order: Order) -> None:
        pool = self.pools[max(self.pools)]
        pool.order, pool.offer, pool.starts = order.pk, self._offer(order), order.paid_at
        ends = end_of_term(order.paid_at, order.term, self.zone)
        assert ends is not None
        pool.ends = ends

    def _seat_taken(self, fact: Fact) -> None:
        pool = self.pools[fact.detail["pool"]]
        pool.seats[fact.object_id] = fact.actor_id
        self._sit(pool, fact.object_id, fact.occurred_at)

    def _seat_reclaimed(self, fact: Fact) -> None:
        for pool in self.pools.values():
            pool.seats.pop(fact.object_id, None)
        self.held = [one for one in self.held if one.seat != fact.object_id]

    def _member_suspended(self, fact: Fact) -> None:
        """From then on their terms rest, which commerce/tests/test_rests.py looks at."""
        self.unclear |= {(fact.object_id or 0, plan) for plans in self.plans.values() for plan in plans}

    # looking up

    def _offer(self, order: Order) -> Offer:
        return self.offers[order.offer_id]
