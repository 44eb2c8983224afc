"""Who holds which plan when, told slowly from the rows of orders, refunds, disputes, gifts, codes, seats and trials, by
the rules of docs/orders.md, docs/subscriptions.md and docs/selling.md. The log says in which order things happened."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from paideia.activity.models import Fact
from paideia.commerce.models import Dispute, GroupPlace, Offer, Order, Refund, SeatOrder
from tests.concurrency.periods import Renewals
from tests.concurrency.pools import Pools
from tests.concurrency.spans import Span, plans_of

Taken = list[tuple[Span, datetime, datetime | None]]  # each with what was left of it: from, until
Cause = tuple[str, int]
BACK = {"order.refunded", "order.disputed", "dispute.closed", "refund.failed"}


class Twin(Renewals, Pools):
    """`now_of` says when a fact was written; `late` which way to take what the log leaves open: what happened to one
    order in the same moment as something to its other people. What comes back of a change of plan is not told: whose
    change was taken back is in `untold` from then on."""

    def __init__(self, community_id: int, now_of: Callable[[int], datetime], *, late: bool = False) -> None:
        super().__init__()
        self.late = late
        self.taken: dict[Cause, Taken] = defaultdict(list)
        self.refunded: dict[int, int] = defaultdict(int)
        self.grouped: set[int] = set()
        self.untold: set[int] = set()  # people
        orders = Order.objects.filter(community=community_id).select_related(
            "offer", "subscription", "replaces"
        )
        self.orders = {one.pk: one for one in orders.prefetch_related("offer__plans", "lines", "disputes")}
        self.refunds = Refund.objects.in_bulk()
        self.places = set(GroupPlace.objects.filter(delivered_at__isnull=False).values_list("pk", flat=True))
        self.wanted = SeatOrder.objects.in_bulk()
        for fact in Fact.objects.filter(community_id=community_id).order_by("id"):
            if (tell := getattr(self, "_" + fact.verb.replace(".", "_"), None)) is not None:
                tell(fact, now_of(fact.id))
            if fact.verb in BACK and self._is_exchanged(order := self._order_of(fact)):
                self.untold.add(order.buyer_id)

    # what gives

    def _order_settled(self, fact: Fact, now: datetime) -> None:
        order = self.orders[fact.object_id or 0]
        assert order.paid_at is not None
        if order.kind in ("renewal", "instalment"):
            self.next_period(order)
        elif order.kind == "change":
            self.change(order, now)
        elif order.kind == "seats":
            self.seats(order)
        elif order.kind == "purchase" and order.renewal != "none" and not self.runs(order):
            free = [self.free(order.buyer_id, plan, order.paid_at) for plan in plans_of(order)]
            self.begin(order, min(free))
        elif order.kind == "purchase":
            self.give(order.buyer_id, order, order.paid_at)

    def _gift_claimed(self, fact: Fact, now: datetime) -> None:
        self.give(fact.actor_id or 0, self.orders[fact.object_id or 0], now)

    def _grant_given(self, fact: Fact, now: datetime) -> None:
        """Says when the place in a full group was dealt with, and nothing else."""
        name, _colon, number = fact.detail["source"].partition(":")
        if name == "order" and (pk := int(number)) in self.places - self.grouped:
            self.grouped.add(pk)
            self.give(self.orders[pk].buyer_id, self.orders[pk], now)

    def _code_redeemed(self, fact: Fact, now: datetime) -> None:
        offer = Offer.objects.get(redeem_batches=fact.detail["batch"])
        for plan in offer.plans.order_by("pk"):
            who = fact.actor_id or 0, plan.pk
            self.term(who, f"code:{fact.object_id}", now, offer.term, offer.ends_at)

    def _trial_started(self, fact: Fact, now: datetime) -> None:
        ends = now + timedelta(days=fact.detail["days"])
        for plan in Offer.objects.get(pk=fact.object_id).plans.all():
            self.add((fact.actor_id or 0, plan.pk), f"trial:{fact.object_id}", now, ends, "trial")

    # what takes

    def _order_refunded(self, fact: Fact, now: datetime) -> None:
        order, refund = self.orders[fact.object_id or 0], self.refunds[fact.detail["refund"]]
        share = refund.value, order.value - self.refunded[order.pk]
        self.refunded[order.pk] += refund.value
        self._take(order, refund.access, share, now, ("refund", refund.pk))

    def _order_disputed(self, fact: Fact, now: datetime) -> None:
        cause = "dispute", fact.detail["dispute"]
        self._take(self.orders[fact.object_id or 0], "revoked", (1, 1), now, cause)

    def _dispute_closed(self, fact: Fact, now: datetime) -> None:
        order, cause = self.orders[fact.object_id or 0], ("dispute", fact.detail["dispute"])
        if fact.detail["won"]:
            self._again(order, now, cause)
        else:
            self.refunded[order.pk] += fact.detail["amount"]

    def _refund_failed(self, fact: Fact, now: datetime) -> None:
        """Given again, unless a bank has claimed the money meanwhile: then it rests with the rest, or is lost."""
        refund = self.refunds[fact.object_id or 0]
        if refund.stray_charge_id:
            return
        order, cause = self.orders[refund.order_id], ("refund", refund.pk)
        self.refunded[order.pk] -= refund.amount
        claims = [one for one in order.disputes.all() if self._is_past(one.opened_at, now)]
        rests = [one for one in claims if not self._is_past(one.closed_at, now)]
        if rests:
            self.taken["dispute", rests[0].pk] += self.taken[cause]
        elif lost := [
            one for one in claims if one.state == Dispute.State.LOST and one.state_before == "refunded"
        ]:
            self.refunded[order.pk] += min(refund.amount, lost[0].claimed)
        else:
            self._again(order, now, cause)

    def _take(self, order: Order, access: str, share: tuple[int, int], now: datetime, cause: Cause) -> None:
        """All of it ends now; or each term earlier by the share, never before now; what is for good stays."""
        if access == "kept":
            return
        if order.kind == "seats":
            self.take_seats(order, access, share, now, cause)
            return
        for stretches in self._by_person_and_plan(order):
            standing = [one for one in stretches if one.gone is None]
            off = None
            if access == "shortened":
                if any(one.ends is None for one in standing):
                    continue
                off = sum((one.length for one in stretches), timedelta(0)) * share[0] // share[1]
            for span in reversed(standing):
                begins, until = max(now, span.starts), span.ends
                cut = begins
                if off is not None and until is not None:
                    if off <= timedelta(0) or until <= begins:
                        continue
                    cut = max(until - off, begins)
                    off -= until - cut
                if cut > begins:
                    span.ends = cut
                else:
                    span.gone = now
                self.taken[cause].append((span, cut, until))
        self.stop_for(order, access, now)

    def _again(self, order: Order, now: datetime, cause: Cause) -> None:
        """For the time that was left, from now on or after what is held by then; a fixed day stays the end."""
        if order.kind == "seats":
            self.seats_again(order, now, cause)
            return
        for span, cut, until in self.taken[cause]:
            starts, ends = now, until
            if until is not None and order.term != Offer.Term.DEADLINE:
                starts = max([now, *(one.ends for one in self.standing(span.who) if one.ends)])
                ends = starts + (until - cut)
            if ends is None or ends > starts:
                self.add(span.who, span.source, starts, ends)

    def _by_person_and_plan(self, order: Order) -> list[list[Span]]:
        """All that an order gave, what is gone too, the last stretch of each last."""
        mine = [[one for one in some if one.source == f"order:{order.pk}"] for some in self.spans.values()]
        return [sorted(some, key=lambda one: one.starts) for some in mine if some]

    def _is_exchanged(self, order: Order) -> bool:
        """Whether it took the time of another in payment, or another took its time."""
        other = [
            one for one in self.orders.values() if one.replaces_id == order.pk and one.paid_at is not None
        ]
        return any(line.kind == "unused" for one in (order, *other) for line in one.lines.all())

    def _order_of(self, fact: Fact) -> Order:
        pk = fact.object_id or 0
        return self.orders[self.refunds[pk].order_id if fact.verb == "refund.failed" else pk]

    def _is_past(self, at: datetime | None, now: datetime) -> bool:
        return at is not None and (at < now or (at == now and not self.late))
