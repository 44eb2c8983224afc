"""Mistakes with money: booked, charged, sent back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from paideia.commerce import books, holding, life, places
from paideia.commerce.actions import notices, orders, refunds, sending, settling, strays
from paideia.commerce.deliveries import purchase
from paideia.commerce.models import Notice, Order, Refund
from paideia.commerce.refunding import RefundTerms
from tests.simulation.bugs.planting import bug, instead, nothing
from tests.simulation.provider import Simpay


@bug
def the_money_is_not_booked() -> Iterator[None]:
    yield from instead((settling, "_book", nothing))


@bug
def nothing_is_given() -> Iterator[None]:
    yield from instead((purchase.Purchase, "deliver", lambda self, order: []))


@bug
def a_failure_settles_too() -> Iterator[None]:
    real = notices._failed

    def wrong(order: Order | None) -> str:
        if order is not None and order.may_be_paid:
            settling.settle_order(
                order.pk,
                charge_id=f"x{uuid4().hex}",
                amount=order.total,
                currency=order.currency,
                paid_at=timezone.now(),
            )
        return real(order)

    yield from instead((notices, "_failed", wrong))


@bug
def a_second_charge_replaces_the_first() -> Iterator[None]:
    real = settling.settle_order

    def wrong(order_id: int, *, charge_id: str, **rest: Any) -> Order:
        Order.objects.filter(pk=order_id, paid_at__isnull=False).update(charge_id=charge_id)
        return real(order_id, charge_id=charge_id, **rest)

    yield from instead((notices, "settle_order", wrong))


@bug
def what_was_paid_twice_is_kept() -> Iterator[None]:
    yield from instead((notices, "send_back", nothing))


@bug
def stray_money_is_not_booked() -> Iterator[None]:
    yield from instead((strays, "post", nothing))


@bug
def a_refund_leaves_access() -> Iterator[None]:
    yield from instead((refunds, "_withdraw", lambda *_: []))


@bug
def a_refund_forgets_the_ones_before() -> Iterator[None]:
    def wrong(order: Order, *, amount: int | None, **_asked: Any) -> RefundTerms:
        money = order.total if amount is None else amount
        order.refunded = 0
        return RefundTerms(money, 0, Refund.Access.REVOKED, (1, 1))

    yield from instead((refunds, "refund_terms", wrong))


@bug
def each_try_to_refund_has_a_key_of_its_own() -> Iterator[None]:
    real = Simpay.refund

    def wrong(self: Simpay, refund: Refund) -> Any:
        refund.key = uuid4().hex
        return real(self, refund)

    yield from instead((Simpay, "refund", wrong))


@bug
def a_refund_is_not_tried_again() -> Iterator[None]:
    yield from instead(
        (sending, "put_off", lambda pk, why: Refund.objects.filter(pk=pk).update(next_try_at=None))
    )


@bug
def a_refund_that_arrived_is_not_booked() -> Iterator[None]:
    real = books.move

    def wrong(source: Any, target: Any, amount: int, key: str, detail: Any) -> None:
        if not key.endswith(":done"):
            real(source, target, amount, key, detail)

    yield from instead((books, "move", wrong))


@bug
def a_failed_refund_stays_on_its_way() -> Iterator[None]:
    yield from instead(
        (sending, "_fail", lambda refund, why: Refund.objects.filter(pk=refund.pk).update(state="failed"))
    )


@bug
def paid_orders_expire() -> Iterator[None]:
    unpaid = (*orders.UNPAID, Order.State.PAID)
    yield from instead(
        (orders, "UNPAID", unpaid),
        (life, "may_become", lambda order, to: True),
        (life, "let_go", nothing),
    )


@bug
def places_are_not_counted() -> Iterator[None]:
    yield from instead((orders, "places_taken", lambda offer: 0), (places, "places_taken", lambda offer: 0))


@bug
def uses_of_coupons_are_not_counted() -> Iterator[None]:
    yield from instead((holding, "must_have_a_use_left", nothing))


@bug
def a_lost_dispute_is_not_booked() -> Iterator[None]:
    real = books.move

    def wrong(source: Any, target: Any, amount: int, key: str, detail: Any) -> None:
        if not key.endswith(":lost"):
            real(source, target, amount, key, detail)

    yield from instead((books, "move", wrong))


@bug
def the_same_message_acts_twice() -> Iterator[None]:
    real = Notice.objects.create

    def wrong(**fields: Any) -> Notice:
        return real(**{**fields, "message_id": uuid4().hex})

    def settle(order_id: int, *, charge_id: str, **rest: Any) -> Order:
        order = settling.locked(order_id)
        settling.fulfil(order, paid_at=timezone.now() - timedelta(seconds=1), charge_id=charge_id)
        return order

    yield from instead((Notice.objects, "create", wrong), (notices, "settle_order", settle))
