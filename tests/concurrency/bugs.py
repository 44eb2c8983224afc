"""Mistakes as people make them, planted one at a time: each has to be found. With each the deeds that meet it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

from django.db.models import QuerySet

from paideia.accounts.models import User
from paideia.commerce import books, life
from paideia.commerce.actions import refunds
from paideia.commerce.models import Coupon, Offer, Order, RedeemCode, SeatPool
from paideia.partners.actions import commissions
from tests.concurrency.twin import Cause, Twin

Bug = Callable[[], AbstractContextManager[Any]]
BUGS: dict[str, tuple[Bug, Sequence[str]]] = {}


def bug(*deeds: str) -> Callable[[Callable[[], Iterator[None]]], Callable[[], Iterator[None]]]:
    def register(plant: Callable[[], Iterator[None]]) -> Callable[[], Iterator[None]]:
        BUGS[plant.__name__.replace("_", " ")] = contextmanager(plant), deeds
        return plant

    return register


def instead(*changes: tuple[object, str, object]) -> Iterator[None]:
    """The planted mistake, for the length of a `with`."""
    with ExitStack() as stack:
        for place, name, other in changes:
            stack.enter_context(patch.object(place, name, other))
        yield


def unlocked(*models: Any) -> Iterator[None]:
    """Rows of these are read and not held."""
    real = QuerySet.select_for_update

    def wrong(self: QuerySet[Any], **how: Any) -> QuerySet[Any]:
        return self.all() if self.model in models else real(self, **how)

    yield from instead((QuerySet, "select_for_update", wrong))


@bug("buy_and_pay", "refund", "claim", "redeem", "leave", "pay", "subscribe")
def buyers_are_not_held() -> Iterator[None]:
    yield from unlocked(User)


@bug("use_coupon")
def uses_of_coupons_are_counted_without_the_lock() -> Iterator[None]:
    yield from unlocked(Coupon)


@bug("buy_few")
def places_are_counted_without_the_lock() -> Iterator[None]:
    yield from unlocked(Offer)


@bug("redeem")
def a_code_is_not_held_while_it_is_redeemed() -> Iterator[None]:
    yield from unlocked(RedeemCode)


@bug("refund", "bank_refunds", "refund_card")
def refunds_do_not_hold_the_order() -> Iterator[None]:
    yield from unlocked(User, Order)


@bug("seat", "buy_seats")
def seats_are_counted_without_the_lock() -> Iterator[None]:
    yield from unlocked(SeatPool)


@bug("refund", "buy_and_pay")
def the_sum_of_refunds_is_not_checked() -> Iterator[None]:
    def wrong(order: Order, *, amount: int | None, **_asked: Any) -> Any:
        terms = refunds.RefundTerms
        return terms(order.total if amount is None else amount, 0, "revoked", (1, 1))

    yield from instead((refunds, "refund_terms", wrong))


@bug("refund", "buy_and_pay", "send", "send_all")
def a_refund_that_arrived_is_not_booked() -> Iterator[None]:
    real = books.move

    def wrong(source: Any, target: Any, amount: int, key: str, detail: Any) -> None:
        if not key.endswith(":done"):
            real(source, target, amount, key, detail)

    yield from instead((books, "move", wrong))


@bug("buy_and_pay", "refund", "reckon")
def commissions_of_refunded_orders_stay() -> Iterator[None]:
    yield from instead((commissions, "value_standing", lambda order: order.value))


@bug("buy", "let_expire", "pay")
def what_expired_orders_kept_is_not_given_back() -> Iterator[None]:
    yield from instead((life, "let_go", lambda order: None))


class NoStacking(Twin):
    """A term begins when it is paid, whatever is held."""

    def free(self, user: int, plan: int, at: datetime) -> datetime:
        return at


class GraceIsPaid(Twin):
    """Days of grace count as time that was paid."""

    def free(self, user: int, plan: int, at: datetime) -> datetime:
        return max(
            [at, *(one.ends for one in self.standing((user, plan)) if one.ends and one.kind != "trial")]
        )


class PartsTakeAll(Twin):
    """A refund of a part ends all of it."""

    def _take(self, order: Order, access: str, share: tuple[int, int], now: datetime, cause: Cause) -> None:
        super()._take(order, "revoked" if access == "shortened" else access, share, now, cause)


class FailedRefundsTake(Twin):
    """What a refund took is not given again when it fails."""

    def _again(self, order: Order, now: datetime, cause: Cause) -> None:
        return None


TWINS: dict[type[Twin], Sequence[str]] = {
    NoStacking: ("buy_and_pay", "redeem", "claim"),
    GraceIsPaid: ("subscribe", "leave", "renew_due"),
    PartsTakeAll: ("buy_and_pay", "refund"),
    FailedRefundsTake: ("buy_and_pay", "refund", "send", "bank_finishes"),
}
