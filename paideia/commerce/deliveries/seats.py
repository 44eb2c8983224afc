"""Seats: a pool for whoever bought them, to give to others. Nobody's plans outlast the pool."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from paideia.access.actions import grant, revoke, shorten
from paideia.access.models import Grant
from paideia.activity.actions import record
from paideia.commerce.codes import new_token
from paideia.commerce.models import Order, Refund, Seat, SeatOrder, SeatPool
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
        wanted = SeatOrder.objects.get(order=order)
        pool, part = locked_pool(wanted.pool_id), share
        if access == Refund.Access.KEPT:
            return
        if wanted.does == Does.ADDS:
            gone = order.quantity if access == Refund.Access.REVOKED else order.quantity * part[0] // part[1]
            wanted.size_before = gone
            pool.size = max(pool.size - gone, 0)
            _reclaim_the_last(pool, because, at)
        elif access == Refund.Access.REVOKED and wanted.does == Does.MAKES:
            pool.closed_at = at
            fit_to(pool, at, because)
        elif pool.ends_at is not None:
            end = _earlier_end(pool, wanted, access, part, at)
            wanted.ended_before, pool.ends_at = pool.ends_at, end
            fit_to(pool, end, because)
        wanted.save(update_fields=["size_before", "ended_before"])
        pool.save(update_fields=["size", "closed_at", "ends_at"])

    def give_again(self, order: Order, *, taken: list[dict[str, Any]], key: str, at: datetime) -> None:
        wanted = SeatOrder.objects.get(order=order)
        pool = locked_pool(wanted.pool_id)
        pool.closed_at = None
        if wanted.does == Does.ADDS:
            pool.size += wanted.size_before or 0
        elif wanted.ended_before is not None:
            wanted.ended_before, pool.ends_at = pool.ends_at, wanted.ended_before
        wanted.save(update_fields=["ended_before"])
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


def _earlier_end(
    pool: SeatPool, wanted: SeatOrder, access: str, share: tuple[int, int], at: datetime
) -> datetime:
    """When a pool ends after a refund of its last term, or of a part of it."""
    assert pool.ends_at is not None
    begins = wanted.ended_before if wanted.does == Does.RENEWS and wanted.ended_before else pool.starts_at
    if access == Refund.Access.REVOKED:
        return max(begins, at)
    return max(pool.ends_at - (pool.ends_at - begins) * share[0] // share[1], at)


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
