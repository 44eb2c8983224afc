"""The part of the twin that takes back and gives again."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from paideia.commerce.models import Dispute, Order, Refund
from paideia.commerce.terms import end_of_term
from tests.simulation.spans import Cut, Fact, Pool, Running, Stretch

Kind = Order.Kind


class Taking:
    zone: str
    plans: dict[int, list[int]]
    held: list[Stretch]
    gone: list[Stretch]
    running: dict[int, Running]
    pools: dict[int, Pool]
    orders: dict[int, Order]
    cuts: dict[str, list[Cut]]
    disputed: dict[int, int]
    taken_in_payment: Counter[int]
    unclear: set[tuple[int, int]]

    def _order_refunded(self, fact: Fact) -> None:
        said = fact.detail
        if said["access"] != Refund.Access.KEPT:
            left = said["value"] - said["before"]["refunded"] - self.taken_in_payment[fact.object_id]
            share = None if said["access"] == "revoked" else (said["amount"] + said["credit"], left)
            self._take(fact, f"refund:{said['refund']}", share)

    def _order_disputed(self, fact: Fact) -> None:
        self.disputed[fact.object_id] = fact.detail["dispute"]
        self._take(fact, f"dispute:{fact.detail['dispute']}", None)

    def _dispute_closed(self, fact: Fact) -> None:
        self.disputed.pop(fact.object_id, None)
        if fact.detail["won"]:
            self._give_again(f"dispute:{fact.detail['dispute']}", fact.occurred_at)

    def _refund_failed(self, fact: Fact) -> None:
        """What it took is given again; where a bank claims the money, with the dispute, or not at all."""
        if fact.detail["stray"]:
            return
        cause = f"refund:{fact.object_id}"
        order = next(one for one in self.orders.values() if one.number == fact.detail["number"])
        if order.pk in self.disputed:
            self.cuts.setdefault(f"dispute:{self.disputed[order.pk]}", []).extend(self.cuts.get(cause, []))
        elif Dispute.objects.filter(order=order).exclude(state=Dispute.State.WON).exists():
            # What the bank is given of it, by which access stays taken, is commerce.actions.claims' to prove.
            self.unclear |= {
                (one.user, plan) for one in self._from(order) for plan in self.plans[order.offer_id]
            }
            self.unclear |= {
                (cut.stretch.user, cut.stretch.plan) for cut in self.cuts.get(cause, []) if cut.stretch
            }
        else:
            self._give_again(cause, fact.occurred_at)

    def _take(self, fact: Fact, cause: str, share: tuple[int, int] | None) -> None:
        """All of what an order gave (`share` None), or so much of the end of each term."""
        order, at = self.orders[fact.object_id], fact.occurred_at
        self._leave_exchanges(order)
        cuts = self.cuts[cause] = []
        if order.kind == Kind.SEATS:
            cuts += self._shrink(order, at, share)
            return
        if self._is_exchanged(order):
            return
        if share is not None:
            cuts += self._shorten(order, at, share)
        else:
            cuts += [self._end(one, at) for one in self._all_of(order)]
            if order.instalments and order.subscription_id:
                self._no_grace(order.subscription_id)
        self._stop(order, at, share)

    def _leave_exchanges(self, order: Order) -> None:
        """What comes back of a plan that was changed is commerce/tests/test_exchanges.py's to prove."""
        chain = {order.pk}
        for _round in range(len(self.orders)):
            chain |= {pk for pk, one in self.orders.items() if one.replaces_id in chain}
            chain |= {self.orders[pk].replaces_id for pk in chain if self.orders[pk].replaces_id}
        if len(chain) > 1:
            self.unclear |= {
                (order.buyer_id, plan) for pk in chain for plan in self.plans[self.orders[pk].offer_id]
            }

    def _shorten(self, order: Order, at: datetime, share: tuple[int, int]) -> list[Cut]:
        """So much of all the time that each person had of each plan by it goes, the last first, and none that has
        passed; what never ends stays."""
        cuts = []
        for who in sorted({(one.user, one.plan) for one in self._from(order)}):
            here = [one for one in self._from(order) if (one.user, one.plan) == who]
            gone = [one for one in self.gone if (one.user, one.plan, one.source) == (*who, here[0].source)]
            if any(one.ends is None for one in here):
                continue
            off = sum((one.lasts for one in (*here, *gone)), timedelta()) * share[0] // share[1]
            for one in sorted(here, key=lambda one: one.starts)[::-1]:
                begins = max(one.starts, at)
                if one.ends is None or off <= timedelta() or one.ends <= begins:
                    continue
                ends = max(one.ends - off, begins)
                off -= one.ends - ends
                if ends <= begins:
                    cuts.append(self._end(one, at))
                else:
                    cuts.append(Cut(one, ends, one.ends))
                    one.ends = ends
        return cuts

    def _end(self, one: Stretch, at: datetime) -> Cut:
        self.held.remove(one)
        if one.ends is not None:
            self.gone.append(replace(one, ends=max(min(one.ends, at), one.starts)))
        return Cut(one, max(at, one.starts), one.ends)

    def _all_of(self, order: Order) -> list[Stretch]:
        """What an order gave; of instalments, which are one purchase, what all of them gave."""
        if not order.instalments or not order.subscription_id:
            return self._from(order)
        parts = {f"order:{pk}" for pk, one in self.orders.items() if _same_subscription(one, order)}
        return [one for one in self.held if one.source in parts]

    def _is_exchanged(self, order: Order) -> bool:
        """Whether time of it went into a change of plan, or it took such time: what then comes back is
        commerce/tests/test_exchanges.py's to prove, and nothing is said of these people's plans any more."""
        chain = [
            one for one in self.orders.values() if order.pk in (one.replaces_id, one.pk) and one.replaces_id
        ]
        for one in chain:
            for pk in (one.offer_id, self.orders[one.replaces_id].offer_id):
                self.unclear |= {(one.buyer_id, plan) for plan in self.plans[pk]}
        return bool(chain)

    def _stop(self, order: Order, at: datetime, share: tuple[int, int] | None) -> None:
        """A part of the current period ends what renews earlier; that all of it ends it is told by itself."""
        pk = self._subscription_of(order)
        row = self.running.get(pk or 0)
        if share is None or row is None or row.is_over or row.offer.instalments:
            return
        if (order.period or 0) < row.period:
            return
        ends = [one.ends for one in self._from(order) if one.ends is not None]
        assert row.paid_until is not None
        row.paid_until = min(row.paid_until, max(ends, default=at))
        row.is_cancelled = True
        self._no_grace(pk or 0)

    def _shrink(self, order: Order, at: datetime, share: tuple[int, int] | None) -> list[Cut]:
        pool = next(one for one in self.pools.values() if one.order == order.pk)
        cut = Cut(None, at, None, pool)
        if share is None:
            pool.is_closed = True
        else:
            term = end_of_term(order.paid_at, order.term, self.zone)
            off = (term - order.paid_at - pool.taken) * share[0] // share[1]
            cut.until, cut.since = pool.ends, max(pool.ends - off, min(at, pool.ends))
            pool.ends, pool.taken = cut.since, pool.taken + (cut.until - cut.since)
        for one in self._from(order):
            if one.starts >= cut.since or cut.since <= at:
                self.held.remove(one)
            elif one.ends is None or one.ends > cut.since:
                one.ends = cut.since
        return [cut]

    def _give_again(self, cause: str, at: datetime) -> None:
        """The time that was left, from now on or after what is held of it."""
        for cut in self.cuts.pop(cause, []):
            if cut.pool is not None:
                self._reopen(cut.pool, cut, at)
            elif cut.stretch is not None:
                was = cut.stretch
                if cut.until is None:
                    self.held.append(Stretch(was.user, was.plan, was.source, at, None))
                    continue
                ends = [one.ends for one in self._of(was.user, was.plan) if one.ends is not None]
                starts = max([at, *ends])
                ends_at = starts + (cut.until - cut.since)
                if ends_at > starts:
                    self.held.append(Stretch(was.user, was.plan, was.source, starts, ends_at))

    def _reopen(self, pool: Pool, cut: Cut, at: datetime) -> None:
        pool.is_closed = False
        if cut.until is not None:
            pool.ends += cut.until - cut.since
            pool.taken -= cut.until - cut.since
        for seat in sorted(pool.seats):
            self._sit(pool, seat, at)

    def _no_grace(self, pk: int) -> None:
        self.held = [one for one in self.held if one.source != f"grace:{pk}"]

    def _sit(self, pool: Pool, seat: int, at: datetime) -> None:
        for plan in self.plans[pool.offer.pk]:
            ends = [one.ends for one in self.held if (one.seat, one.plan) == (seat, plan) and one.ends]
            starts = max([at, *ends])
            if starts < pool.ends:
                person, source = pool.seats[seat], f"order:{pool.order}"
                self.held.append(Stretch(person, plan, source, starts, pool.ends, seat=seat))

    def _of(self, user: int, plan: int) -> list[Stretch]:
        return [one for one in self.held if (one.user, one.plan) == (user, plan)]

    def _from(self, order: Order) -> list[Stretch]:
        return [one for one in self.held if one.source == f"order:{order.pk}"]

    def _subscription_of(self, order: Order) -> int | None:
        if order.kind != Kind.TRIAL:
            return order.subscription_id
        mine = [
            pk
            for pk, one in self.running.items()
            if (one.user, one.offer.pk, one.period, one.is_over) == (order.buyer_id, order.offer_id, 0, False)
        ]
        return max(mine, default=None)


def _same_subscription(one: Order, other: Order) -> bool:
    return one.subscription_id == other.subscription_id
