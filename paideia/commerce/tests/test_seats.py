"""Seats are given, taken, reclaimed and renewed, and are never more than were bought."""

import csv
import io
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from paideia.access.models import Gate, Grant
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.commerce.actions import place_order, refund_order
from paideia.commerce.actions import seats as seat_actions
from paideia.commerce.actions.seats import (
    change_pool,
    offer_seats,
    reclaim_seat,
    take_seat,
    take_seat_by_domain,
)
from paideia.commerce.actions.settling import settle_order
from paideia.commerce.models import Offer, Order, Seat, SeatPool
from paideia.commerce.quoting import Wish, quote
from paideia.commerce.refusals import HeldForGood, NoSeatLeft, NotPermitted, WrongCode, WrongWish
from paideia.commerce.tests.races import at_once
from paideia.commerce.tests.test_coupons import crowd
from paideia.lib.refusal import NotFound
from tests.cast import PASSWORD, person, sign_in, viewer_of

pytestmark = pytest.mark.usefixtures("mails_at_once")
HERE = "/c/agora"
NEW = {"email": "nina@example.org", "username": "nina", "password1": PASSWORD, "terms": "on"}


def buy(offer: Offer, buyer: User, seats: int, **wish: Any) -> Order:
    Offer.objects.filter(pk=offer.pk).update(is_for_seats=True)
    asked = Wish(kind="seats", quantity=seats, **wish)
    order = place_order(viewer=viewer_of(buyer), offer=offer, provider="sandbox", wish=asked)
    return settle_order(
        order.pk, charge_id=f"c{order.pk}", amount=order.total, currency="CNY", paid_at=timezone.now()
    )


@pytest.fixture
def pool(monthly: Offer, visitor: User) -> SeatPool:
    """Two seats for a month, in the hands of `visitor`."""
    buy(monthly, visitor, 2, pool_name="Class 3", pool_domain="school.example")
    return SeatPool.objects.get()


def invited(pool: SeatPool, *addresses: str) -> list[Seat]:
    return offer_seats(viewer=viewer_of(pool.manager), pool=pool, addresses=addresses)


def again(pool: SeatPool) -> SeatPool:
    pool.refresh_from_db()
    return pool


def test_a_paid_order_makes_a_pool_and_gives_its_buyer_nothing(pool: SeatPool, gate: Gate) -> None:
    assert (pool.name, pool.size, pool.domain, pool.manager.handle) == (
        "Class 3",
        2,
        "school.example",
        "vera",
    )
    assert pool.ends_at is not None and pool.ends_at > timezone.now() + timedelta(27)
    assert not viewer_of(pool.manager).can_open(gate.pk)


def test_a_seat_is_mailed_taken_and_ends_with_the_pool(pool: SeatPool, stranger: User, gate: Gate) -> None:
    (seat,) = invited(pool, "Stan@Example.org")
    assert [one.to for one in mail.outbox] == [["stan@example.org"]]
    assert seat.token in str(mail.outbox[0].body)
    take_seat(viewer=viewer_of(stranger), token=seat.token)
    take_seat(viewer=viewer_of(stranger), token=seat.token)
    assert viewer_of(stranger).can_open(gate.pk)
    assert [one.ends_at for one in Grant.objects.all()] == [pool.ends_at]


def test_no_more_seats_are_offered_than_were_bought(pool: SeatPool) -> None:
    with pytest.raises(NoSeatLeft):
        invited(pool, "a@x.example", "b@x.example", "c@x.example")
    assert mail.outbox == []
    assert len(invited(pool, "a@x.example", " A@x.example ", "", "b@x.example")) == 2
    assert invited(pool, "a@x.example") == []
    with pytest.raises(NoSeatLeft):
        invited(pool, "c@x.example")
    with pytest.raises(WrongWish):
        invited(pool, "no address")


def test_a_reclaimed_seat_is_lost_at_once_and_given_again(
    pool: SeatPool, stranger: User, member: User, gate: Gate
) -> None:
    first, _second = invited(pool, "a@x.example", "b@x.example")
    take_seat(viewer=viewer_of(stranger), token=first.token)
    for _twice in range(2):
        reclaim_seat(viewer=viewer_of(pool.manager), pool=pool, seat_id=first.pk)
    assert not viewer_of(stranger).can_open(gate.pk)
    with pytest.raises(WrongCode):
        take_seat(viewer=viewer_of(stranger), token=first.token)
    (third,) = invited(pool, "a@x.example")
    with pytest.raises(HeldForGood):
        take_seat(viewer=viewer_of(member), token=third.token)
    take_seat(viewer=viewer_of(stranger), token=third.token)
    assert viewer_of(stranger).can_open(gate.pk)


def test_a_seat_is_for_one_person_and_a_person_has_one(pool: SeatPool, stranger: User, admin: User) -> None:
    first, second = invited(pool, "a@x.example", "b@x.example")
    take_seat(viewer=viewer_of(stranger), token=first.token)
    with pytest.raises(WrongCode):
        take_seat(viewer=viewer_of(admin), token=first.token)
    with pytest.raises(WrongCode):
        take_seat(viewer=viewer_of(stranger), token=second.token)


def test_only_its_manager_manages_a_pool(pool: SeatPool, admin: User, stranger: User) -> None:
    (seat,) = invited(pool, "a@x.example")
    for user in (admin, stranger):
        for act in (
            lambda u=user: offer_seats(viewer=viewer_of(u), pool=pool, addresses=["z@x.example"]),
            lambda u=user: reclaim_seat(viewer=viewer_of(u), pool=pool, seat_id=seat.pk),
            lambda u=user: change_pool(viewer=viewer_of(u), pool=pool, name="x", domain=""),
        ):
            with pytest.raises(NotPermitted):
                act()
        for page in ("", "report/"):
            assert sign_in(user).get(f"{HERE}/seats/{pool.pk}/{page}").status_code == 404


def at_school(handle: str, address: str, *, verified: bool = True) -> User:
    from allauth.account.models import EmailAddress

    user = person(handle)
    EmailAddress.objects.create(user=user, email=address, verified=verified)
    return user


def test_people_of_the_domain_take_seats_until_there_is_none(pool: SeatPool, gate: Gate) -> None:
    one, two, three = (at_school(f"p{n}", f"p{n}@school.example") for n in range(3))
    for user in (one, one, two):
        take_seat_by_domain(viewer=viewer_of(user), token=pool.token)
    with pytest.raises(NoSeatLeft):
        take_seat_by_domain(viewer=viewer_of(three), token=pool.token)
    assert viewer_of(one).can_open(gate.pk)
    assert Seat.objects.count() == 2


def test_a_seat_that_was_kept_for_an_address_is_the_one_taken(pool: SeatPool) -> None:
    (kept, _other) = invited(pool, "p1@school.example", "b@x.example")
    user = at_school("p1", "p1@school.example")
    assert take_seat_by_domain(viewer=viewer_of(user), token=pool.token) == kept


@pytest.mark.parametrize(
    "address",
    [
        "x@attacker-school.example",
        "x@school.example.evil.org",
        "x@sub.school.example",
        "school.example@evil.org",
    ],
)
def test_other_domains_take_no_seat(pool: SeatPool, address: str) -> None:
    with pytest.raises(WrongCode):
        take_seat_by_domain(viewer=viewer_of(at_school("eve", address)), token=pool.token)
    assert Seat.objects.count() == 0


def test_an_unconfirmed_address_takes_no_seat(pool: SeatPool) -> None:
    user = at_school("eve", "eve@school.example", verified=False)
    with pytest.raises(WrongCode):
        take_seat_by_domain(viewer=viewer_of(user), token=pool.token)
    change_pool(viewer=viewer_of(pool.manager), pool=pool, name="Class 3", domain="")
    with pytest.raises(NotFound):
        take_seat_by_domain(viewer=viewer_of(user), token=pool.token)
    for wrong in ("x", "a b.example", "https://x.example", "x@y.example"):
        with pytest.raises(WrongWish):
            change_pool(viewer=viewer_of(pool.manager), pool=pool, name="x", domain=wrong)


def test_more_seats_cost_the_share_of_the_time_that_is_left(pool: SeatPool, monthly: Offer) -> None:
    assert pool.ends_at is not None
    middle = pool.starts_at + (pool.ends_at - pool.starts_at) / 2
    monthly.refresh_from_db()
    wish = Wish(kind="seats", quantity=3, pool_id=pool.pk)
    found = quote(offer=monthly, buyer=pool.manager, wish=wish, now=middle)
    assert [(line.kind, line.amount) for line in found.lines] == [("price", 9000), ("share", -4500)]
    order = buy(monthly, pool.manager, 3, pool_id=pool.pk)
    assert (order.total <= 9000, again(pool).size, SeatPool.objects.count()) == (True, 5, 1)


def test_a_renewal_goes_on_where_the_pool_would_have_ended(
    pool: SeatPool, monthly: Offer, stranger: User, admin: User
) -> None:
    (seat,) = invited(pool, "a@x.example")
    take_seat(viewer=viewer_of(stranger), token=seat.token)
    with pytest.raises(WrongWish):
        buy(monthly, pool.manager, 1, pool_id=pool.pk, renews_pool=True)
    first_end = pool.ends_at
    order = buy(monthly, pool.manager, 2, pool_id=pool.pk, renews_pool=True)
    first, second = Grant.objects.order_by("starts_at")
    assert (second.starts_at, second.ends_at) == (first_end, again(pool).ends_at)
    refund_order(viewer=viewer_of(admin), order=order, reason="Too many")
    assert again(pool).ends_at == first_end
    assert list(Grant.objects.filter(revoked_at=None)) == [first]


def test_a_refund_closes_the_pool_and_empties_its_seats(
    pool: SeatPool, stranger: User, admin: User, gate: Gate
) -> None:
    first, second = invited(pool, "a@x.example", "b@x.example")
    take_seat(viewer=viewer_of(stranger), token=first.token)
    refund_order(viewer=viewer_of(admin), order=Order.objects.get(), reason="School closed")
    assert not viewer_of(stranger).can_open(gate.pk)
    with pytest.raises(WrongCode):
        take_seat(viewer=viewer_of(admin), token=second.token)


def test_a_refund_of_added_seats_takes_the_last_ones(
    pool: SeatPool, monthly: Offer, stranger: User, admin: User, gate: Gate
) -> None:
    order = buy(monthly, pool.manager, 1, pool_id=pool.pk)
    seats = invited(pool, "a@x.example", "b@x.example", "c@x.example")
    take_seat(viewer=viewer_of(stranger), token=seats[2].token)
    refund_order(viewer=viewer_of(admin), order=order, reason="One too many")
    assert again(pool).size == 2
    assert viewer_of(stranger).can_open(gate.pk)  # who sits stays; a seat that nobody took goes first
    assert [one.email for one in pool.seats.filter(reclaimed_at=None)] == ["a@x.example", "c@x.example"]


def test_seats_of_somebody_elses_pool_cannot_be_bought(pool: SeatPool, monthly: Offer, admin: User) -> None:
    for renews in (True, False):
        with pytest.raises(WrongWish):
            buy(monthly, admin, 2, pool_id=pool.pk, renews_pool=renews)


def test_the_report_tells_what_people_completed_and_runs_nothing(pool: SeatPool, stranger: User) -> None:
    (seat,) = invited(pool, "+evil@x.example")
    take_seat(viewer=viewer_of(stranger), token=seat.token)
    for verb in ("lesson.completed", "lesson.completed", "course.completed"):
        record(verb, community=pool.community, actor=stranger)
    client = sign_in(pool.manager)
    answer = client.get(f"{HERE}/seats/{pool.pk}/report/")
    text = answer.content.decode("utf-8-sig")
    _names, row = list(csv.reader(io.StringIO(text)))
    assert (row[0], row[1], row[4:]) == ("'+evil@x.example", "stan", ["2", "1"])
    assert client.get(f"{HERE}/seats/{pool.pk}/").text.count("+evil@x.example") == 1


def test_the_manager_walks_through_the_pages(monthly: Offer, visitor: User, settings: Any) -> None:
    Offer.objects.update(is_for_seats=True)
    client = sign_in(visitor)
    form = {"provider": "sandbox", "quantity": "3", "pool_name": "Team", "pool_domain": "@School.example"}
    for _twice in range(2):
        assert client.post(f"{HERE}/offers/{monthly.pk}/checkout/", form).status_code == 302
    order = Order.objects.get()
    settle_order(order.pk, charge_id="c", amount=9000, currency="CNY", paid_at=timezone.now())
    pool = SeatPool.objects.get()
    assert client.get(f"{HERE}/orders/{order.number}/").text.count(f"/seats/{pool.pk}/") == 1
    assert client.get(f"{HERE}/seats/").text.count("Team") == 1
    address = f"{HERE}/seats/{pool.pk}/"
    assert client.post(address, {"addresses": "a@x.example; b@x.example\nc@x.example"}).status_code == 302
    assert client.post(address, {"addresses": "d@x.example"}).status_code == 422
    seat = pool.seats.order_by("pk")[0]
    assert client.post(f"{address}reclaims/{seat.pk}/").status_code == 302
    assert client.post(f"{address}terms/", {"name": "Team 2", "domain": "school.example"}).status_code == 302
    assert client.get(address).text.count(f"{HERE}/seats/join/{pool.token}/") >= 1


def test_a_new_person_takes_a_seat_by_signing_up(anonymous: Client, pool: SeatPool) -> None:
    (seat,) = invited(pool, "nina@example.org")
    address = f"{HERE}/seats/take/{seat.token}/"
    assert anonymous.get(address).text.count('name="password1"') == 1
    assert Seat.objects.get().taken_at is None
    assert anonymous.post(address, NEW).status_code == 302
    assert Seat.objects.get().user == User.objects.get(handle="nina")
    assert anonymous.get(f"{HERE}/seats/take/{'x' * 43}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_many_at_once_take_no_more_seats_than_there_are(pool: SeatPool, monthly: Offer) -> None:
    from allauth.account.models import EmailAddress

    people = crowd(monthly, 12)
    for user in people:
        EmailAddress.objects.create(user=user, email=f"{user.handle}@school.example", verified=True)
    results = at_once(
        *[lambda u=u: take_seat_by_domain(viewer=viewer_of(u), token=pool.token) for u in people]
    )
    assert sum(isinstance(one, Seat) for one in results) == 2
    assert sum(isinstance(one, NoSeatLeft) for one in results) == 10


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_more_sit_than_may(
    pool: SeatPool, monthly: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break: both count, both see the last seat."""
    invited(pool, "a@x.example")
    counted = threading.Barrier(2)
    token = seat_actions.new_token

    def slowly() -> str:  # made between the counting and the writing
        counted.wait(10)
        return token()

    def unlocked(pool_id: int) -> SeatPool:
        return SeatPool.objects.select_related("community", "offer", "manager").get(pk=pool_id)

    monkeypatch.setattr(seat_actions, "locked_pool", unlocked)
    monkeypatch.setattr(seat_actions, "new_token", slowly)
    people = [at_school(f"p{n}", f"p{n}@school.example") for n in range(2)]
    at_once(*[lambda u=u: take_seat_by_domain(viewer=viewer_of(u), token=pool.token) for u in people])
    assert pool.seats.filter(reclaimed_at=None).count() == 3 > pool.size
