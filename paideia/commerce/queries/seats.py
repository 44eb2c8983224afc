"""Pools of seats, for those who manage them and those who are offered one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.activity.models import Fact
from paideia.commerce.models import Seat, SeatPool
from paideia.lib.refusal import NotFound


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A seat, and what its person did in the community since the pool began."""

    seat: Seat
    seen_at: datetime | None = None
    lessons: int = 0  # completed
    courses: int = 0


def pools_of(viewer: Viewer) -> QuerySet[SeatPool]:
    """The viewer's own pools, the newest first, with `held`, the seats that are kept for somebody."""
    own = SeatPool.objects.filter(community=viewer.community, manager_id=viewer.user_id)
    held = Count("seats", filter=Q(seats__reclaimed_at=None))
    return own.select_related("offer").annotate(held=held)


def pool_of(viewer: Viewer, pk: int) -> SeatPool:
    """One of the viewer's own pools. NotFound alike for all others'."""
    found = pools_of(viewer).filter(pk=pk).first() if viewer.user is not None else None
    if found is None:
        raise NotFound("")
    return found


def seats_of(pool: SeatPool) -> list[SeatRow]:
    """The seats that are kept for somebody, with what became of each. Two queries."""
    seats = list(pool.seats.filter(reclaimed_at=None).select_related("user").order_by("invited_at", "pk"))
    done = _done(pool, [seat.user_id for seat in seats if seat.user_id])
    return [SeatRow(seat, *done.get(seat.user_id or 0, ())) for seat in seats]


def rows_of_pool(pool: SeatPool) -> Iterator[list[object]]:
    """The report as a table; the first row names the columns."""
    yield [
        *(_("E-mail"), _("Name"), _("Taken"), _("Last seen"), _("Lessons completed"), _("Courses completed"))
    ]
    for row in seats_of(pool):
        seat = row.seat
        yield [
            seat.email,
            seat.user.shown_name if seat.user else "",
            seat.taken_at.date().isoformat() if seat.taken_at else "",
            row.seen_at.date().isoformat() if row.seen_at else "",
            row.lessons,
            row.courses,
        ]


def seat_by_token(viewer: Viewer, token: str) -> Seat:
    """The seat behind a mailed link. Its token is the right to see it."""
    found = Seat.objects.filter(pool__community=viewer.community, token=token)
    seat = found.select_related("pool__offer", "pool__manager").first()
    if seat is None:
        raise NotFound("")
    return seat


def pool_by_token(viewer: Viewer, token: str) -> SeatPool:
    """The pool behind the link for a mail domain, where it has one."""
    found = SeatPool.objects.filter(community=viewer.community, token=token).exclude(domain="")
    pool = found.select_related("offer", "manager").first()
    if pool is None:
        raise NotFound("")
    return pool


def _done(pool: SeatPool, users: Sequence[int]) -> dict[int, tuple[datetime, int, int]]:
    """By person: when last seen, lessons and courses completed, as the log of facts says."""
    facts = Fact.objects.filter(
        community_id=pool.community_id, actor_id__in=users, occurred_at__gte=pool.starts_at
    )
    rows = facts.values_list("actor_id").annotate(
        seen=Max("occurred_at"),
        lessons=Count("pk", filter=Q(verb="lesson.completed")),
        courses=Count("pk", filter=Q(verb="course.completed")),
    )
    return {actor: (seen, lessons, courses) for actor, seen, lessons, courses in rows}
