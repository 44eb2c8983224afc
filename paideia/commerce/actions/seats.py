"""Seats of a pool: offered by mail, taken by link or mail domain, reclaimed and given again."""

from collections.abc import Iterable
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.commerce.actions.orders import held_for_good
from paideia.commerce.buyers import let_in, must_be_here, must_be_welcome
from paideia.commerce.codes import new_token
from paideia.commerce.deliveries.seats import empty, fill, locked_pool
from paideia.commerce.models import Seat, SeatOrder, SeatPool
from paideia.commerce.quoting.pools import plain_domain
from paideia.commerce.refusals import HeldForGood, NoSeatLeft, NotPermitted, WrongCode, WrongWish
from paideia.commerce.soon import invite_soon
from paideia.lib.refusal import NotFound

ADDRESSES_MAX = 1000  # at once
MAILS_A_DAY_MIN = 50  # of a pool; else three for each seat


@transaction.atomic
def offer_seats(*, viewer: Viewer, pool: SeatPool, addresses: Iterable[str]) -> list[Seat]:
    """Keep a seat for each address and mail its link; those that have one are left out. For the pool's manager.
    Raises WrongWish, NoSeatLeft, and then nobody is written to."""
    row = _own(viewer, pool)
    wanted = list(dict.fromkeys(one.strip().lower() for one in addresses if one.strip()))
    _must_be_addresses(wanted)
    held = _held(row)
    known = set(held.filter(email__in=wanted).values_list("email", flat=True))
    fresh = [one for one in wanted if one not in known]
    free = row.size - held.count()
    if len(fresh) > free:
        text = ngettext(
            "%(free)s seat is free, for %(wanted)s people.",
            "%(free)s seats are free, for %(wanted)s people.",
            free,
        )
        raise NoSeatLeft(text % {"free": max(free, 0), "wanted": len(fresh)})
    today = row.seats.filter(invited_at__gt=timezone.now() - timedelta(days=1)).count()
    if today + len(fresh) > max(3 * row.size, MAILS_A_DAY_MIN):
        raise NoSeatLeft(_("Enough mails went out today. Go on tomorrow."))
    seats = [Seat.objects.create(pool=row, email=one, token=new_token()) for one in fresh]
    for seat in seats:
        invite_soon(seat)
    if seats:
        record(
            "seat.offered",
            community=row.community_id,
            actor=viewer.user,
            object=row,
            seats=len(seats),
            seat_ids=[one.pk for one in seats],
        )
    return seats


@transaction.atomic
def take_seat(*, viewer: Viewer, token: str) -> Seat:
    """Take the seat behind a link; its plans last until the pool ends. Who takes it again gets the same answer.
    Raises NotFound, WrongCode, NoSeatLeft, HeldForGood, SignInFirst, BuyerSuspended, JoinFirst."""
    user = must_be_welcome(viewer)
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    pool_id = Seat.objects.filter(token=token).values_list("pool_id", flat=True).first()
    if pool_id is None:
        raise NotFound("")
    pool = locked_pool(pool_id)
    must_be_here(viewer, pool)
    seat = Seat.objects.select_for_update().get(token=token)
    if seat.user_id == user.pk and seat.reclaimed_at is None:
        return seat
    if seat.user_id is not None or seat.reclaimed_at is not None:
        raise WrongCode(_("This seat was given to somebody else. Ask whoever invited you."))
    return _take(seat, pool, user)


@transaction.atomic
def take_seat_by_domain(*, viewer: Viewer, token: str) -> Seat:
    """Take a free seat as somebody with a confirmed address at the pool's mail domain. Raises as take_seat."""
    user = must_be_welcome(viewer)
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    pool_id = SeatPool.objects.filter(token=token).values_list("pk", flat=True).first()
    if pool_id is None:
        raise NotFound("")
    pool = locked_pool(pool_id)
    must_be_here(viewer, pool)
    if not pool.domain:
        raise NotFound("")
    held = _held(pool)
    if (own := held.filter(user=user).first()) is not None:
        return own
    email = _address_at(user, pool.domain)
    seat = held.filter(email=email, user=None).first()
    if seat is None:
        if held.count() >= pool.size:
            raise NoSeatLeft(_("All seats are given. Ask %(person)s.") % {"person": pool.manager.shown_name})
        seat = Seat.objects.create(pool=pool, email=email, token=new_token())
    return _take(seat, pool, user)


@transaction.atomic
def reclaim_seat(*, viewer: Viewer, pool: SeatPool, seat_id: int) -> Seat:
    """Take a seat back, with what it gave; it is free to be given again. For the pool's manager. Safe to repeat."""
    row = _own(viewer, pool)
    seat = row.seats.select_for_update(of=("self",)).select_related("pool").filter(pk=seat_id).first()
    if seat is None:
        raise NotFound("")
    if seat.reclaimed_at is None:
        empty(seat, "seat reclaimed", timezone.now())
    return seat


@transaction.atomic
def change_pool(*, viewer: Viewer, pool: SeatPool, name: str, domain: str) -> SeatPool:
    """Rename a pool, or say whose confirmed addresses may take a seat unasked ("": nobody's). For its manager.
    Raises WrongWish."""
    row = _own(viewer, pool)
    row.name, row.domain = name.strip()[:120] or row.name, plain_domain(domain)
    row.save(update_fields=["name", "domain"])
    record("pool.changed", community=row.community_id, actor=viewer.user, object=row, domain=row.domain)
    return row


def _take(seat: Seat, pool: SeatPool, user: User) -> Seat:
    """The caller holds pool and seat."""
    now = timezone.now()
    if pool.closed_at is not None or (pool.ends_at is not None and pool.ends_at <= now):
        raise WrongCode(_("These seats have ended."))
    held = _held(pool)
    if held.filter(user=user).exists():
        raise WrongCode(_("You have a seat here already."))
    if held.exclude(taken_at=None).count() >= pool.size:
        raise NoSeatLeft(_("All seats are given. Ask %(person)s.") % {"person": pool.manager.shown_name})
    ids = set(pool.offer.plans.values_list("pk", flat=True))
    if ids and ids <= held_for_good(user, ids):
        raise HeldForGood()
    seat.user, seat.taken_at = user, now
    seat.save(update_fields=["user", "taken_at"])
    let_in(pool.community, user)
    order_id = _order_of_term(pool)
    fill(seat, pool, at=now, key=f"order:{order_id}", order_id=order_id)
    record("seat.taken", community=pool.community_id, actor=user, object=seat, pool=pool.pk)
    return seat


def _order_of_term(pool: SeatPool) -> int:
    """The order that the pool lasts by: the last that made or renewed it."""
    lasting = SeatOrder.objects.filter(pool=pool, order__paid_at__isnull=False).exclude(
        does=SeatOrder.Does.ADDS
    )
    found: int = lasting.order_by("-order__paid_at", "-pk").values_list("pk", flat=True)[0]
    return found


def _own(viewer: Viewer, pool: SeatPool) -> SeatPool:
    """The pool, held, if the viewer manages it and it has not ended."""
    row = locked_pool(pool.pk)
    must_be_here(viewer, row)
    if viewer.user is None or row.manager_id != viewer.user.pk:
        raise NotPermitted()
    if row.closed_at is not None:
        raise WrongCode(_("These seats have ended."))
    return row


def _held(pool: SeatPool) -> QuerySet[Seat]:
    """Seats that are kept for somebody, taken or not."""
    return Seat.objects.filter(pool=pool, reclaimed_at=None)


def _must_be_addresses(wanted: list[str]) -> None:
    if len(wanted) > ADDRESSES_MAX:
        raise WrongWish(_("Write to %(max)s people at most at once.") % {"max": ADDRESSES_MAX})
    for one in wanted:
        try:
            validate_email(one)
        except ValidationError as error:
            raise WrongWish(_("“%(text)s” is no mail address.") % {"text": one[:80]}) from error


def _address_at(user: User, domain: str) -> str:
    """One of the person's confirmed addresses at the domain itself; a subdomain is another one."""
    confirmed = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "pk")
    for typed in confirmed.values_list("email", flat=True):
        email = str(typed).lower()
        if email.rpartition("@")[2] == domain:
            return email
    raise WrongCode(
        _("This link is for people with a confirmed address at %(domain)s. Add yours in your settings.")
        % {"domain": domain}
    )
