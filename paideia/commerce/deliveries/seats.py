"""Seats: a pool for whoever bought them, to give to others. Nobody's plans outlast the pool."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from paideia.access.actions import grant, revoke, shorten
from paideia.access.models import Grant
from paideia.activity.actions import record
from paideia.commerce.codes import new_token
from paideia.commerce.models import Dispute, Order, Refund, Seat, SeatOrder, SeatPool
from paideia.commerce.quoting import Quote
from paideia.commerce.quoting.pools import plain_domain
from paideia.commerce.terms import end_of_term

Does = SeatOrder.Does


class Seats:
    """A refund of all closes what the order made: the pool, the seats it added (the last that were given go first),
    the term it added. Of a part: the term ends earlier by that share, or so many of the added seats go."""

    def prepare(self, order: Order, quote: Quote) -> None:
        wish, does = quote.wish, Does.MAKES
        if wish.pool_id is not None:
            does = Does.RENEWS if wish.renews_pool else Does.ADDS
        SeatOrder.objects.create(
            order=order,
            does=does,
            pool_id=wish.pool_id,
            name=wish.pool_name,
            domain=plain_domain(wish.pool_domain),
        )

    def account_name(self, order: Order) -> tuple[str, str]:
        return "house", "sales"

    def deliver(self, order: Order) -> list[Grant]:
        wanted = order.seats
        if wanted.does == Does.MAKES:
            _make(order, wanted)
        elif wanted.does == Does.ADDS:
            pool = locked_pool(wanted.pool_id)
            pool.size += order.quantity
            pool.save(update_fields=["size"])
        else:
            _renew(order, wanted)
        return []

    def withdraw(
        self, order: Order, *, access: str, share: tuple[int, int], because: str, at: datetime
    ) -> None:
        self.take(order, access=access, share=share, because=because, at=at)

    def take(
        self, order: Order, *, access: str, share: tuple[int, int], because: str, at: datetime
    ) -> list[dict[str, Any]]:
        """Withdraw, and say what that took from the pool: that it is open, so many seats, or time off its end."""
        wanted = SeatOrder.objects.get(order=order)
        pool, whole = locked_pool(wanted.pool_id), access == Refund.Access.REVOKED
        if access == Refund.Access.KEPT:
            return []
        part, of = (1, 1) if whole else share
        taken: dict[str, Any] = {}
        if wanted.does == Does.ADDS:
            taken = {"seats": (order.quantity - _seats_taken(order)) * part // of}
            pool.size = max(pool.size - taken["seats"], 0)
            _reclaim_the_last(pool, because, at)
        elif whole and wanted.does == Does.MAKES:
            taken, pool.closed_at = {"closed": True}, at
            fit_to(pool, at, because)
        elif pool.ends_at is not None:
            off = (_term_of(order, wanted) - _time_taken(order)) * part // of
            end = max(pool.ends_at - off, min(at, pool.ends_at))
            taken, pool.ends_at = {"from": end.isoformat(), "until": pool.ends_at.isoformat()}, end
            fit_to(pool, end, because)
        pool.save(update_fields=["size", "closed_at", "ends_at"])
        return [taken] if taken else []

    def give_again(self, order: Order, *, taken: list[dict[str, Any]], key: str, at: datetime) -> None:
        wanted = SeatOrder.objects.get(order=order)
        pool = locked_pool(wanted.pool_id)
        for one in taken:
            if "closed" in one:
                pool.closed_at = None
            pool.size += one.get("seats", 0)
            if pool.ends_at is not None:
                pool.ends_at += _time_in(one)
        pool.save(update_fields=["size", "closed_at", "ends_at"])
        for seat in _taken(pool):
            fill(seat, pool, at=at, key=key, order_id=order.pk)


def locked_pool(pool_id: int | None) -> SeatPool:
    """The pool, held for this transaction: seats are counted by one at a time."""
    return (
        SeatPool.objects.select_for_update(of=("self",))
        .select_related("community", "offer", "manager")
        .get(pk=pool_id or 0)
    )


def fill(seat: Seat, pool: SeatPool, *, at: datetime, key: str, order_id: int) -> list[Grant]:
    """Let the person of a seat hold the pool's plans until it ends, from now or from the end of what the seat gives
    them already. `key` names the cause: once each plan."""
    assert seat.user is not None
    given = []
    for plan in pool.offer.plans.order_by("pk"):
        held = seat.grants.filter(plan=plan, revoked_at=None).order_by("-ends_at").first()
        if held is not None and held.ends_at is None:
            continue
        starts_at = max(at, held.ends_at) if held is not None and held.ends_at else at
        if pool.ends_at is not None and starts_at >= pool.ends_at:
            continue
        one = grant(
            user=seat.user,
            plan=plan,
            starts_at=starts_at,
            ends_at=pool.ends_at,
            source=f"order:{order_id}",
            key=f"{key}:seat:{seat.pk}:plan:{plan.pk}",
        )
        seat.grants.add(one)
        given.append(one)
    return given


def fit_to(pool: SeatPool, end: datetime, because: str) -> None:
    """Let nothing that the pool's seats gave last beyond this."""
    given = Grant.objects.filter(
        pk__in=Seat.grants.through.objects.filter(seat__pool=pool).values("grant_id")
    )
    for one in given.filter(revoked_at=None).select_related("plan"):
        if one.starts_at >= end or end <= timezone.now():
            revoke(grant=one, because=because)
        elif one.ends_at is None or one.ends_at > end:
            shorten(grant=one, ends_at=end, because=because)


def empty(seat: Seat, because: str, at: datetime) -> None:
    """Take a seat back, which the caller holds: it is free to be given again."""
    for one in seat.grants.filter(revoked_at=None):
        revoke(grant=one, because=because)
    seat.reclaimed_at = at
    seat.save(update_fields=["reclaimed_at"])
    record(
        "seat.reclaimed",
        community=seat.pool.community_id,
        actor=seat.pool.manager_id,
        object=seat,
        pool=seat.pool_id,
        user=seat.user_id,
    )


def _make(order: Order, wanted: SeatOrder) -> None:
    assert order.paid_at is not None and order.offer is not None
    ends_at = end_of_term(order.paid_at, order.term, order.community.time_zone, deadline=order.ends_at)
    wanted.pool = SeatPool.objects.create(
        community=order.community,
        offer=order.offer,
        manager=order.buyer,
        name=wanted.name.strip() or order.offer.name,
        size=order.quantity,
        domain=wanted.domain,
        token=new_token(),
        starts_at=order.paid_at,
        ends_at=ends_at,
    )
    wanted.save(update_fields=["pool"])
    record(
        "pool.made",
        community=order.community_id,
        actor=order.buyer_id,
        object=wanted.pool,
        name=wanted.pool.name,
        size=order.quantity,
    )


def _renew(order: Order, wanted: SeatOrder) -> None:
    assert order.paid_at is not None
    pool = locked_pool(wanted.pool_id)
    wanted.ended_before = pool.ends_at
    wanted.save(update_fields=["ended_before"])
    begins = max(pool.ends_at or order.paid_at, order.paid_at)
    pool.ends_at = end_of_term(begins, order.term, order.community.time_zone, deadline=order.ends_at)
    pool.save(update_fields=["ends_at"])
    for seat in _taken(pool):
        fill(seat, pool, at=order.paid_at, key=f"order:{order.pk}", order_id=order.pk)


def _term_of(order: Order, wanted: SeatOrder) -> timedelta:
    """How long the term is that the order gave to its pool."""
    assert order.paid_at is not None
    begins = max(wanted.ended_before or order.paid_at, order.paid_at)
    ends = end_of_term(begins, order.term, order.community.time_zone, deadline=order.ends_at)
    return ends - begins if ends is not None else timedelta(0)


def _taken_before(order: Order) -> list[dict[str, Any]]:
    """What refunds and disputes took from the order's pool and has not come back."""
    refunds = Refund.objects.filter(order=order).exclude(state=Refund.State.FAILED)
    disputes = Dispute.objects.filter(order=order).exclude(state=Dispute.State.WON)
    rows = [*refunds.values_list("taken", flat=True), *disputes.values_list("taken", flat=True)]
    return [one for taken in rows for one in taken]


def _seats_taken(order: Order) -> int:
    return sum(one.get("seats", 0) for one in _taken_before(order))


def _time_taken(order: Order) -> timedelta:
    return sum((_time_in(one) for one in _taken_before(order)), timedelta(0))


def _time_in(taken: dict[str, Any]) -> timedelta:
    if "until" not in taken:
        return timedelta(0)
    return datetime.fromisoformat(taken["until"]) - datetime.fromisoformat(taken["from"])


def _reclaim_the_last(pool: SeatPool, because: str, at: datetime) -> None:
    """The seats that are too many go, those that nobody took first."""
    held = pool.seats.select_for_update(of=("self",)).select_related("pool").filter(reclaimed_at=None)
    ordered = sorted(
        held, key=lambda seat: (seat.taken_at is None, seat.taken_at or seat.invited_at, seat.pk)
    )
    for seat in reversed(ordered[pool.size :]):
        empty(seat, because, at)


def _taken(pool: SeatPool) -> list[Seat]:
    taken = pool.seats.filter(reclaimed_at=None).exclude(taken_at=None)
    return list(taken.select_related("user", "pool").order_by("pk"))
