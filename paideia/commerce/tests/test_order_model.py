"""Orders do what a small model says, through the same doors that providers, buyers and staff use: every event in
every state, and random lives."""

import copy
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from paideia.access.models import Grant
from paideia.accounts.models import User
from paideia.commerce import life
from paideia.commerce.actions import (
    accept_dispute_news,
    accept_payment,
    expire_orders,
    place_order,
    refund_order,
)
from paideia.commerce.actions.sending import take_answer
from paideia.commerce.models import Notice, Offer, Order, Refund
from paideia.commerce.providers import DisputeNews, DisputeState, Payment, RefundAnswer, RefundState
from paideia.commerce.refusals import TooSoon, WrongRefund
from paideia.ledger.models import Transfer
from paideia.ledger.queries import balance
from tests.cast import viewer_of

VALUE, PART = 3000, 1100


@dataclass
class Claim:
    """What a bank wants back: its dispute's state, and how much of it is not to be had while it is on its way."""

    state: str
    short: int


@dataclass
class Model:
    """What an order is, told as simply as possible."""

    state: str = "created"
    refunded: int = 0
    sent: list[int] = field(default_factory=list)  # refunds on their way
    disputed: int = 0
    claims: list[Claim] = field(default_factory=list)

    def by_money(self) -> str:
        return {0: "paid", VALUE: "refunded"}.get(self.refunded, "partly")

    def pay(self) -> None:
        if self.state in {"created", "failed", "expired"}:
            self.state = "paid"

    def fail(self) -> None:
        self.state = "failed" if self.state == "created" else self.state

    def expire(self) -> None:
        self.state = "expired" if self.state == "created" else self.state

    def refund(self, amount: int) -> None:
        if self.state in {"paid", "partly"} and 0 < amount <= VALUE - self.refunded:
            self.refunded += amount
            self.sent.append(amount)
            self.state = self.by_money()

    def refund_part(self) -> None:
        self.refund(PART)

    def refund_rest(self) -> None:
        self.refund(VALUE - self.refunded)

    def arrive(self) -> None:
        self.sent = self.sent[1:]

    def bounce(self) -> None:
        if not self.sent:
            return
        self.refunded -= self.sent.pop(0)
        for claim in [one for one in self.claims if one.state != "won" and one.short][:1]:
            more = min(claim.short, VALUE - self.refunded - self.disputed)
            claim.short -= more
            if claim.state == "lost":
                self.refunded += more
            else:
                self.disputed, self.state = self.disputed + more, "disputed"
        self.state = self.state if self.state == "disputed" else self.by_money()

    def dispute(self) -> None:
        if any(one.state == "open" for one in self.claims):
            return
        if self.state in {"paid", "partly"}:
            self.claims.append(Claim("open", self.refunded))
            self.state, self.disputed = "disputed", VALUE - self.refunded
        elif self.state == "refunded":
            self.claims.append(Claim("open", VALUE))

    def close(self, how: str) -> None:
        for claim in [one for one in self.claims if one.state == "open"]:
            claim.state = how
            self.refunded += self.disputed if how == "lost" else 0
            self.disputed = 0
            self.state = self.by_money() if self.state == "disputed" else self.state

    def win(self) -> None:
        self.close("won")

    def lose(self) -> None:
        self.dispute()
        self.close("lost")


EVENTS = (
    *("pay", "fail", "expire", "refund_part", "refund_rest"),
    *("arrive", "bounce", "dispute", "win", "lose"),
)


class Real:
    """The same events, as they come in."""

    def __init__(self, order: Order, paid: Callable[..., Payment]) -> None:
        self.order, self.said, self.numbers, self.open_dispute = order, paid, count(), ""

    def happen(self, event: str) -> None:
        {
            "pay": lambda: self._told(True),
            "fail": lambda: self._told(False),
            "expire": self._expire,
            "refund_part": lambda: self._refund(PART),
            "refund_rest": lambda: self._refund(None),
            "arrive": lambda: self._answer(RefundState.DONE),
            "bounce": lambda: self._answer(RefundState.FAILED),
            "dispute": lambda: self._dispute(DisputeState.OPENED),
            "win": lambda: self._dispute(DisputeState.WON),
            "lose": lambda: self._dispute(DisputeState.LOST),
        }[event]()
        self.order.refresh_from_db()

    def _told(self, succeeded: bool) -> None:
        name = f"{self.order.pk}-{next(self.numbers)}"
        payment = self.said(self.order, message_id=name, charge_id=name, succeeded=succeeded)
        accept_payment(community=self.order.community, provider="sandbox", payment=payment)

    def _expire(self) -> None:
        Order.objects.filter(pk=self.order.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
        expire_orders()

    def _refund(self, amount: int | None) -> None:
        with suppress(WrongRefund):
            refund_order(viewer=None, order=self.order, reason="-", amount=amount)

    def _answer(self, state: RefundState) -> None:
        under_way = Refund.objects.filter(order=self.order, stray_charge_id="", state="agreed")
        if (refund := under_way.order_by("pk").first()) is not None:
            take_answer(refund.pk, RefundAnswer(state))

    def _dispute(self, state: DisputeState) -> None:
        known = self.order.disputes.filter(state="open").first()
        name = known.dispute_id if known else f"d{next(self.numbers)}"
        news = DisputeNews(
            message_id=f"{self.order.pk}-{next(self.numbers)}",
            state=state,
            dispute_id=name,
            order_number=self.order.number,
            charge_id="",
            amount=VALUE,
            currency="CNY",
            at=timezone.now(),
            body={},
        )
        with suppress(TooSoon):  # nothing was paid yet
            accept_dispute_news(community=self.order.community, provider="sandbox", news=news)


# A way into each state, so that each event can be tried there.
INTO = {
    "created": (),
    "paid": ("pay",),
    "failed": ("fail",),
    "expired": ("expire",),
    "partly": ("pay", "refund_part"),
    "refunded": ("pay", "refund_rest"),
    "disputed": ("pay", "dispute"),
    "disputed and partly": ("pay", "refund_part", "dispute"),
}


def live(order: Order, paid: Callable[..., Payment], events: tuple[str, ...]) -> None:
    model, real = Model(), Real(order, paid)
    for number, event in enumerate(events):
        getattr(model, event)()
        real.happen(event)
        agree(model, order, events[: number + 1])


def agree(model: Model, order: Order, so_far: tuple[str, ...]) -> None:
    assert (order.state, order.refunded) == (model.state, model.refunded), so_far
    is_held = Grant.objects.filter(source=f"order:{order.pk}", revoked_at=None).exists()
    if model.state in {"created", "failed", "expired", "disputed", "refunded"}:
        assert not is_held, so_far
    sales = balance(order.community, "house", "sales", "CNY")
    is_paid = model.state in {"paid", "partly", "refunded", "disputed"}
    assert sales == (VALUE - model.refunded - model.disputed if is_paid else 0), so_far


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", INTO)
def test_every_event_in_every_state(
    order: Order, paid: Callable[..., Payment], state: str, event: str
) -> None:
    live(order, paid, (*INTO[state], event))


def rows_of(order: Order) -> list[list[object]]:
    """Every row that could make a difference to what comes next."""
    return [
        list(Order.objects.filter(pk=order.pk).values_list("state", "refunded", "charge_id")),
        list(Refund.objects.order_by("pk").values_list("amount", "state", "stray_charge_id")),
        list(order.disputes.order_by("pk").values_list("state", "amount")),
        list(Grant.objects.order_by("pk").values_list("starts_at", "ends_at", "revoked_at")),
        list(Notice.objects.order_by("pk").exclude(outcome="noted").values_list("outcome", "resolved_at")),
        list(Transfer.objects.order_by("pk").values_list("key", "amount")),
    ]


def follow(model: Model, real: Real, so_far: tuple[str, ...], left: int) -> int:
    """Every way on from here, each undone before the next. How many lives that makes. Where an event left every row
    as it was, what comes after it is what comes without it, and need not be lived twice."""
    lives, before = 0, rows_of(real.order)
    for event in EVENTS:
        told = copy.deepcopy(model)
        with transaction.atomic():
            getattr(told, event)()
            real.happen(event)
            agree(told, real.order, (*so_far, event))
            if left == 1 or (told == model and rows_of(real.order) == before):
                lives += len(EVENTS) ** (left - 1)
            else:
                lives += follow(told, real, (*so_far, event), left - 1)
            transaction.set_rollback(True)
    return lives


@pytest.mark.parametrize("events", [3, pytest.param(5, marks=pytest.mark.long)])
def test_every_life_of_so_many_events(order: Order, paid: Callable[..., Payment], events: int) -> None:
    """Not a sample: all of them, 100,000 of five events."""
    assert follow(Model(), Real(order, paid), (), events) == len(EVENTS) ** events


@pytest.mark.parametrize("traces", [25, pytest.param(1000, marks=pytest.mark.long)], ids=["some", "many"])
def test_random_lives(visitor: User, monthly: Offer, paid: Callable[..., Payment], traces: int) -> None:
    for seed in range(traces):
        dice = random.Random(seed)
        events = ("pay",) * (dice.random() < 0.7) + tuple(dice.choices(EVENTS, k=10))
        with transaction.atomic():
            order = place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox")
            live(order, paid, events)
            transaction.set_rollback(True)


def test_a_table_with_one_step_more_is_found_out(
    order: Order, paid: Callable[..., Payment], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break: a paid order that a late failure turns into a failed one."""
    monkeypatch.setattr(Order, "may_be_paid", property(lambda row: row.state != "expired"))
    monkeypatch.setitem(life.STEPS, Order.State.PAID, {**life.STEPS[Order.State.PAID], "failed": "-"})
    with pytest.raises((AssertionError, IntegrityError)):
        follow(Model(), Real(order, paid), (), 2)
