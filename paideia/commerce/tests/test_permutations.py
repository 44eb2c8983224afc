"""In whatever order a provider's messages arrive, and however often, the same is true in the end.

The long form tells 2,000 events in three other orders (PAIDEIA_PERMUTATIONS: in more), and every kind of life in 200:
`--long`.
"""

import dataclasses
import hashlib
import os
import random
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import transaction
from django.db.models import AutoField, DateTimeField, Model

from paideia.access.models import Grant
from paideia.accounts.models import User
from paideia.commerce.actions import accept, place_order
from paideia.commerce.models import Notice, Offer, Order
from paideia.commerce.providers import DisputeNews, DisputeState, News, Payment, RefundNews, RefundState
from paideia.commerce.refusals import TooSoon
from paideia.ledger.models import Account
from tests.cast import person, viewer_of

PERMUTATIONS = int(os.environ.get("PAIDEIA_PERMUTATIONS", "3"))  # of 2,000 events; 200 take hours
START = datetime(2026, 4, 1, 12, tzinfo=UTC)
End = tuple[list[object], dict[str, str]]
LIVES = (
    ("pay",),
    ("fail", "pay"),
    ("pay", "pay again"),
    ("pay too little", "pay"),
    ("pay", "refund 1000", "refund 500"),
    ("pay", "refund 3000"),
    ("pay", "open", "win"),
    ("pay", "open", "lose"),
    ("pay", "refund 1000", "open", "win"),
    ("fail", "pay", "refund 700", "open", "win"),
)


def told_of(order: Order, life: tuple[str, ...]) -> list[News]:
    return [_news(order, event) for event in life]


def _news(order: Order, event: str) -> News:
    said: dict[str, Any] = {"message_id": f"{order.number}:{event}", "order_number": order.number}
    said |= {"currency": "CNY", "at": START, "body": {"event": event}, "charge_id": order.number}
    what, _space, rest = event.partition(" ")
    if what in {"pay", "fail"}:
        said["charge_id"] = f"{order.number}{rest}"
        return Payment(succeeded=what == "pay", amount=3000 - (rest == "too little"), **said)
    if what == "refund":
        return RefundNews(
            state=RefundState.DONE, refund_key="", refund_id=said["message_id"], amount=int(rest), **said
        )
    states = {"open": DisputeState.OPENED, "win": DisputeState.WON, "lose": DisputeState.LOST}
    return DisputeNews(state=states[what], dispute_id=f"d{order.number}", amount=3000, **said)


def deliver(order: Order, stream: list[News], dice: random.Random) -> None:
    """As providers do: what is not taken in is told again, until it is."""
    waiting = list(stream)
    for _round in range(10):
        again = []
        for news in waiting:
            try:
                with transaction.atomic():
                    accept(community=order.community, provider="sandbox", said=news)
            except TooSoon:
                again.append(news)
        dice.shuffle(again)
        waiting = again
    assert waiting == []


def truth(orders: list[Order]) -> list[object]:
    """What is true of each order, and what its buyer has left."""
    found: list[object] = []
    for order in orders:
        order.refresh_from_db()
        held = Grant.objects.filter(source=f"order:{order.pk}", revoked_at=None)
        left = [one.ends_at - max(one.starts_at, START) for one in held if one.ends_at]
        found.append((order.number, order.state, order.refunded, sum(left, timedelta())))
    return found


# What depends on who came first, as it should: ids, times, names of messages, which of two charges was kept, and how
# much was there when a bank asked. The rows of HISTORY tell of the way; what stands in the end is compared: balances,
# and what each buyer has left (`truth`).
LOOSE = (
    *(
        "charge_id",
        "stray_charge_id",
        "key",
        "provider_refund_id",
        "taken",
        "body",
        "detail",
        "token",
        "reason",
    ),
    *("state_before", "dispute.amount"),
)
HISTORY = ("Notice", "Transfer", "Grant")


def fingerprint() -> dict[str, str]:
    """A hash of each table of money, access and membership, without what depends on who came first."""
    found = {}
    for label in ("commerce", "ledger", "access", "partners", "books", "communities"):
        for model in apps.get_app_config(label).get_models():
            if model.__name__ not in HISTORY:
                found[model._meta.db_table] = _hashed(model)
    waiting = sorted(notice.order_id or 0 for notice in Notice.objects.all() if notice.is_open)
    return found | {"waiting": repr(waiting), "told": str(Notice.objects.count())}


def _hashed(model: type[Model]) -> str:
    rows = model._default_manager.exclude(balance=0) if model is Account else model._default_manager.all()
    names = [
        field.attname
        for field in model._meta.concrete_fields
        if not isinstance(field, AutoField | DateTimeField)
        and not {field.name, f"{model._meta.model_name}.{field.name}"} & set(LOOSE)
    ]
    return hashlib.sha256(repr(sorted(map(repr, rows.values_list(*names)))).encode()).hexdigest()


@pytest.mark.parametrize(
    ("lives", "permutations"),
    [
        (10, 4),
        pytest.param(10, 200, marks=pytest.mark.long),
        pytest.param(950, PERMUTATIONS, marks=pytest.mark.long),
    ],
    ids=["some", "many orders", "many events"],
)
def test_every_permutation_ends_in_the_same(
    visitor: User, monthly: Offer, lives: int, permutations: int
) -> None:
    with time_machine.travel(START, tick=False):
        orders, stream = place_all(monthly, lives)
        ends = []
        for seed in range(permutations + 1):
            with transaction.atomic():
                deliver(orders[0], told(stream, seed), random.Random(seed))
                assert Notice.objects.count() == len(stream)
                ends.append((truth(orders), fingerprint()))
                transaction.set_rollback(True)
            assert differences(ends[0], ends[-1]) == [], f"permutation {seed}"
    states = {row[1] for row in ends[0][0] if isinstance(row, tuple)}
    assert states == {"paid", "partly", "refunded"}


def differences(one: End, other: End) -> list[object]:
    """The orders and the tables that are not the same in both."""
    rows = [pair for pair in zip(one[0], other[0], strict=True) if pair[0] != pair[1]]
    return [*rows, *[name for name in one[1] if one[1][name] != other[1][name]]]


def place_all(offer: Offer, lives: int) -> tuple[list[Order], list[News]]:
    orders, stream = [], list[News]()
    for number in range(lives):
        buyer = person(f"buyer{number}")
        orders.append(place_order(viewer=viewer_of(buyer), offer=offer, provider="sandbox"))
        stream += told_of(orders[-1], LIVES[number % len(LIVES)])
    return orders, stream


def told(stream: list[News], seed: int) -> list[News]:
    """In order and once each, or in another order and one to five times each."""
    if not seed:
        return list(stream)
    dice = random.Random(seed)
    again = [news for news in stream for _ in range(dice.randint(1, 5))]
    dice.shuffle(again)
    return again


def test_a_shop_that_takes_each_message_anew_is_found_out(
    visitor: User, monthly: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break: a message that comes again is another message."""
    with time_machine.travel(START, tick=False):
        orders, stream = place_all(monthly, 10)
        ends = []
        for seed in (0, 1):
            numbers = count()
            messages = [
                dataclasses.replace(news, message_id=f"{news.message_id}{next(numbers) if seed else 0}")
                for news in told(stream, seed)
            ]
            with transaction.atomic():
                deliver(orders[0], messages, random.Random(seed))
                ends.append((truth(orders), fingerprint()))
                transaction.set_rollback(True)
    assert differences(*ends) != []


def test_what_overtakes_its_payment_waits_and_after_a_day_is_looked_at(order: Order) -> None:
    news = _news(order, "open")
    with time_machine.travel(START, tick=False) as clock:
        with pytest.raises(TooSoon):
            accept(community=order.community, provider="sandbox", said=news)
        assert Notice.objects.count() == 0
        clock.shift(timedelta(days=1))
        notice = accept(community=order.community, provider="sandbox", said=news)
    assert notice is not None
    assert (notice.outcome, notice.is_open) == ("disputed", True)
