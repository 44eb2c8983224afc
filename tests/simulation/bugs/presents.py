"""Mistakes with what lies behind a link or a code, with credit, and with who is shut out."""

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.commerce.actions import cards, gifts, orders, redeeming, renewing, rests, seats
from paideia.commerce.deliveries import seats as pools
from paideia.commerce.models import GiftCard, Offer, Order, SeatPool
from tests.simulation.bugs.planting import bug, instead, nothing


@bug
def a_gift_that_was_taken_back_can_be_opened() -> Iterator[None]:
    yield from instead((gifts, "_must_be_there", nothing))


@bug
def a_gift_begins_when_it_is_bought() -> Iterator[None]:
    real = gifts.give_term

    def wrong(*, source: str, **rest: Any) -> Any:
        order = Order.objects.get(pk=int(source.removeprefix("order:")))
        return real(source=source, **{**rest, "at": order.paid_at})

    yield from instead((gifts, "give_term", wrong))


@bug
def a_card_of_a_disputed_order_is_money() -> Iterator[None]:
    """It is paid for by the house instead: the code has to be worth something."""

    def wrong(card: GiftCard) -> int:
        return card.amount

    real = cards._account

    def account_of(card: GiftCard, name: tuple[str, str]) -> Any:
        return real(card, cards.GIVEN if name == card.account and card.order_id else name)

    yield from instead((cards, "must_be_good", wrong), (cards, "_account", account_of))


@bug
def a_card_that_ran_out_keeps_its_money() -> Iterator[None]:
    def wrong(card: GiftCard) -> None:
        card.revoked_at = timezone.now()
        card.save(update_fields=["revoked_at"])

    yield from instead((cards, "_end", wrong))


@bug
def a_withdrawn_code_still_gives() -> Iterator[None]:
    real = redeeming.locked_code

    def wrong(code: str) -> Any:
        row = real(code)
        if row is not None and row.used_at is None:
            row.revoked_at = None
            row.save(update_fields=["revoked_at"])
        return row

    yield from instead((redeeming, "locked_code", wrong))


@bug
def an_expired_order_keeps_its_coupon_and_credit() -> Iterator[None]:
    yield from instead((orders, "advance", _without_letting_go))


def _without_letting_go(order: Order, to: str, **fields: Any) -> Order:
    Order.objects.filter(pk=order.pk).update(state=to, **fields)
    order.refresh_from_db()
    return order


@bug
def seats_are_not_counted() -> Iterator[None]:
    real = pools.locked_pool

    def wrong(pool_id: int | None) -> SeatPool:
        pool = real(pool_id)
        pool.size += 10
        return pool

    yield from instead((seats, "locked_pool", wrong))


@bug
def a_seat_outlasts_its_pool() -> Iterator[None]:
    yield from instead((pools, "fit_to", nothing))


@bug
def a_reclaimed_seat_stays_open() -> Iterator[None]:
    real = seats.empty

    def wrong(seat: Any, because: str, at: Any) -> None:
        seat.grants.clear()
        real(seat, because, at)

    yield from instead((seats, "empty", wrong))


@bug
def who_is_suspended_can_buy() -> Iterator[None]:
    def wrong(viewer: Viewer, offer: Offer) -> User:
        assert viewer.user is not None
        return viewer.user

    yield from instead((orders, "must_be_able_to_buy", wrong))


@bug
def who_is_suspended_is_charged() -> Iterator[None]:
    def no(*_args: object) -> bool:
        return False

    yield from instead((renewing, "is_shut_out", no), (rests, "lie_down", nothing))
