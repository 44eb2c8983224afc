"""In whatever order a provider's messages arrive, and however often, the same is true in the end."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction

from paideia.access.models import Grant
from paideia.accounts.models import User
from paideia.commerce.actions import accept, place_order
from paideia.commerce.models import Notice, Offer, Order
from paideia.commerce.providers import DisputeNews, DisputeState, News, Payment, RefundNews, RefundState
from paideia.commerce.refusals import TooSoon
from paideia.ledger.models import Account
from tests.cast import person, viewer_of

START = datetime(2026, 4, 1, 12, tzinfo=UTC)
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
    """What is true of the orders and the books; not which of two charges came first."""
    found: list[object] = []
    for order in orders:
        order.refresh_from_db()
        held = Grant.objects.filter(source=f"order:{order.pk}", revoked_at=None)
        left = [one.ends_at - max(one.starts_at, START) for one in held if one.ends_at]
        found.append((order.number, order.state, order.refunded, sum(left, timedelta())))
    accounts = Account.objects.exclude(balance=0).order_by("owner", "kind")
    found.append(list(accounts.values_list("owner", "kind", "balance")))
    return found


@pytest.mark.parametrize(
    ("lives", "permutations"),
    [(10, 4), pytest.param(400, 25, marks=pytest.mark.long)],
    ids=["some", "many"],
)
def test_every_permutation_ends_in_the_same(
    visitor: User, monthly: Offer, lives: int, permutations: int
) -> None:
    repeats = 2 if lives == len(LIVES) else 5
    with time_machine.travel(START, tick=False):
        orders, stream = [], list[News]()
        for number in range(lives):
            buyer = person(f"buyer{number}")
            orders.append(place_order(viewer=viewer_of(buyer), offer=monthly, provider="sandbox"))
            stream += told_of(orders[-1], LIVES[number % len(LIVES)])
        ends = []
        for seed in range(permutations):
            dice = random.Random(seed)
            told = [news for news in stream for _ in range(1 if seed == 0 else dice.randint(1, repeats))]
            if seed:
                dice.shuffle(told)
            with transaction.atomic():
                deliver(orders[0], told, dice)
                ends.append(truth(orders))
                assert Notice.objects.count() == len(stream)
                transaction.set_rollback(True)
    for end in ends[1:]:
        assert end == ends[0]
    states = {row[1] for row in ends[0] if isinstance(row, tuple)}
    assert states == {"paid", "partly", "refunded"}


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
