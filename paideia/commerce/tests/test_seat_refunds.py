"""Refunds of seats take back what their own order made, and no more than it has left; those that fail give just that
again."""

from datetime import timedelta

import pytest

from paideia.accounts.models import User
from paideia.commerce.actions import refund_order
from paideia.commerce.actions.sending import take_answer
from paideia.commerce.models import Offer, Order, Refund, SeatPool
from paideia.commerce.providers import RefundAnswer, RefundState
from paideia.commerce.tests.test_seats import buy
from tests.cast import viewer_of

pytestmark = pytest.mark.django_db
FAILED = RefundAnswer(RefundState.FAILED, message="no")


@pytest.fixture
def pool(monthly: Offer, visitor: User) -> SeatPool:
    buy(monthly, visitor, 2, pool_name="Class 3")
    return SeatPool.objects.get()


def back(owner: User, order: Order, amount: int | None = None, access: str = "") -> Refund:
    return refund_order(viewer=viewer_of(owner), order=order, reason="asked", amount=amount, access=access)


def renewed(pool: SeatPool, offer: Offer, user: User) -> Order:
    return buy(offer, user, pool.size, pool_id=pool.pk, renews_pool=True)


def again(pool: SeatPool) -> SeatPool:
    pool.refresh_from_db()
    return pool


def test_parts_of_added_seats_take_their_share_of_those_that_are_left(
    pool: SeatPool, monthly: Offer, visitor: User, owner: User
) -> None:
    order = buy(monthly, visitor, 4, pool_id=pool.pk)
    each = order.total // 4
    back(owner, order, 2 * each)
    assert again(pool).size == 4
    back(owner, order, each)  # a half of what is left: one of two
    assert again(pool).size == 3
    back(owner, order)
    assert again(pool).size == 2


def test_a_renewal_refunded_in_parts_and_then_whole_ends_with_the_term_before(
    pool: SeatPool, monthly: Offer, visitor: User, owner: User
) -> None:
    ended_at = pool.ends_at
    order = renewed(pool, monthly, visitor)
    back(owner, order, order.total // 2)
    back(owner, order)
    assert again(pool).ends_at == ended_at


def test_the_first_of_two_renewals_takes_its_own_term_only(
    pool: SeatPool, monthly: Offer, visitor: User, owner: User
) -> None:
    ended_at = pool.ends_at
    first = renewed(pool, monthly, visitor)
    after_first = again(pool).ends_at
    renewed(pool, monthly, visitor)
    after_second = again(pool).ends_at
    assert ended_at is not None and after_first is not None and after_second is not None
    back(owner, first)
    assert again(pool).ends_at == after_second - (after_first - ended_at)


def test_a_part_of_the_first_term_takes_a_share_of_that_and_not_of_the_renewal(
    pool: SeatPool, monthly: Offer, visitor: User, owner: User
) -> None:
    first = Order.objects.get(seats__pool=pool)
    assert pool.ends_at is not None
    half = (pool.ends_at - pool.starts_at) / 2
    renewed(pool, monthly, visitor)
    ends_at = again(pool).ends_at
    assert ends_at is not None
    back(owner, first, first.total // 2)
    assert again(pool).ends_at == ends_at - half


def test_a_failed_refund_that_kept_access_gives_nothing(
    pool: SeatPool, monthly: Offer, visitor: User, owner: User
) -> None:
    order = buy(monthly, visitor, 4, pool_id=pool.pk)
    back(owner, order, order.total // 2)
    kept = back(owner, order, order.total // 4, access="kept")
    take_answer(kept.pk, FAILED)
    assert again(pool).size == 4


def test_each_failed_refund_gives_what_it_took_itself(
    pool: SeatPool, monthly: Offer, visitor: User, owner: User
) -> None:
    order = Order.objects.get(seats__pool=pool)
    assert pool.ends_at is not None
    ends_at, quarter = pool.ends_at, (pool.ends_at - pool.starts_at) / 4
    first, second = (back(owner, order, order.total // 4) for _ in range(2))
    assert again(pool).ends_at == ends_at - 2 * quarter
    take_answer(first.pk, FAILED)
    assert again(pool).ends_at == ends_at - quarter
    take_answer(second.pk, FAILED)
    assert again(pool).ends_at == ends_at
    assert quarter > timedelta(0)
