"""While a bank has the money, money and access rest; then they come back or are gone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from paideia.access.models import Gate, Grant
from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.commerce.actions import accept_dispute_news, place_order, refund_order, send_refund
from paideia.commerce.models import Dispute, Notice, Offer, Order, SandboxCharge, SandboxDispute
from paideia.commerce.providers import DisputeNews, DisputeState
from paideia.commerce.providers.sandbox.actions import dispute
from paideia.commerce.providers.sandbox.messages import dispute_message, news_in
from paideia.commerce.refusals import WrongRefund
from paideia.ledger.queries import balance
from tests.cast import viewer_of

START = datetime(2026, 4, 1, 12, tzinfo=UTC)
OPENED, WON, LOST = DisputeState.OPENED, DisputeState.WON, DisputeState.LOST


@pytest.fixture
def paid_order(order: Order, paid_at_the_sandbox: Callable[[Order], Order]) -> Order:
    return paid_at_the_sandbox(order)


def tell(order: Order, state: DisputeState, **other: Any) -> str:
    terms = {
        "message_id": f"m-{state}",
        "state": state,
        "dispute_id": "d1",
        "order_number": order.number,
        "charge_id": order.charge_id,
        "amount": order.total,
        "currency": order.currency,
        "at": timezone.now(),
        "body": {},
        "reason": "not recognised",
        **other,
    }
    notice = accept_dispute_news(community=order.community, provider="sandbox", news=DisputeNews(**terms))
    order.refresh_from_db()
    return notice.outcome


def books(order: Order) -> tuple[int, int, int]:
    """What is in the sales, disputed, and outside."""
    held = [("house", "sales"), (f"order:{order.pk}", "disputed"), ("world:sandbox", "charges")]
    sales, disputed, outside = (balance(order.community, *name, "CNY") for name in held)
    return sales, disputed, outside


def test_money_and_access_rest_while_a_dispute_is_open(paid_order: Order, visitor: User, gate: Gate) -> None:
    assert tell(paid_order, OPENED) == "disputed"
    assert (paid_order.state, books(paid_order)) == ("disputed", (0, 3000, -3000))
    assert not viewer_of(visitor).can_open(gate.pk)
    assert Grant.objects.get().revoked_because == "The payment is disputed."
    assert [notice.is_open for notice in Notice.objects.filter(outcome="disputed")] == [True]
    assert Fact.objects.get(verb="order.disputed").detail["amount"] == 3000
    with pytest.raises(WrongRefund, match="bank decides"):
        refund_order(viewer=None, order=paid_order, reason="-")


def test_a_won_dispute_gives_the_time_that_was_left(
    order: Order, visitor: User, gate: Gate, paid_at_the_sandbox: Any
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        Order.objects.update(created_at=START, expires_at=START + timedelta(hours=1))
        paid_at_the_sandbox(order)
        clock.shift(timedelta(days=10))
        tell(order, OPENED)
        clock.shift(timedelta(days=40))
        assert tell(order, WON) == "closed"
        assert (order.state, books(order)) == ("paid", (3000, 0, -3000))
        again = Grant.objects.get(revoked_at=None)
        assert (again.starts_at, again.ends_at) == (START + timedelta(days=50), START + timedelta(days=70))
        assert viewer_of(visitor).can_open(gate.pk)
    assert [notice.is_open for notice in Notice.objects.filter(outcome="disputed")] == [False]
    assert Fact.objects.get(verb="dispute.closed").detail["won"] is True


def test_what_is_for_good_is_for_good_again(
    visitor: User, lifetime: Offer, gate: Gate, paid_at_the_sandbox: Any
) -> None:
    order = paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=lifetime, provider="sandbox"))
    tell(order, OPENED)
    tell(order, WON)
    assert Grant.objects.get(revoked_at=None).ends_at is None


def test_a_lost_dispute_takes_money_and_access_for_good(paid_order: Order, visitor: User, gate: Gate) -> None:
    tell(paid_order, OPENED)
    assert tell(paid_order, LOST) == "closed"
    assert (paid_order.state, paid_order.refunded, books(paid_order)) == ("refunded", 3000, (0, 0, 0))
    assert not viewer_of(visitor).can_open(gate.pk)
    with pytest.raises(WrongRefund, match="refunded already"):
        refund_order(viewer=None, order=paid_order, reason="-")


def test_a_dispute_about_what_was_partly_refunded_is_about_the_rest(paid_order: Order) -> None:
    refund = refund_order(viewer=None, order=paid_order, reason="-", amount=1000)
    send_refund(refund.pk)
    tell(paid_order, OPENED)
    assert books(paid_order) == (0, 2000, -2000)
    tell(paid_order, WON)
    assert (paid_order.state, books(paid_order)) == ("partly", (2000, 0, -2000))


def test_a_refund_that_fails_meanwhile_is_undone_with_the_dispute(
    paid_order: Order, visitor: User, gate: Gate
) -> None:
    SandboxCharge.objects.update(refunds_as="fail")
    refund = refund_order(viewer=None, order=paid_order, reason="-", amount=1000)
    tell(paid_order, OPENED)
    send_refund(refund.pk)
    assert not viewer_of(visitor).can_open(gate.pk)
    tell(paid_order, WON)
    assert (paid_order.state, paid_order.refunded, books(paid_order)) == ("paid", 0, (3000, 0, -3000))
    assert viewer_of(visitor).can_open(gate.pk)
    held = Grant.objects.filter(revoked_at=None)
    left = sum(((one.ends_at - one.starts_at) for one in held if one.ends_at), timedelta())
    assert left > timedelta(days=29, hours=23)


@pytest.mark.parametrize("news", list(permutations([OPENED, WON])) + list(permutations([OPENED, LOST])))
def test_the_order_of_telling_does_not_matter(paid_order: Order, news: tuple[DisputeState, ...]) -> None:
    for state in news:
        tell(paid_order, state)
        tell(paid_order, state, message_id=f"again-{state}")
    if WON in news:
        assert (paid_order.state, books(paid_order)) == ("paid", (3000, 0, -3000))
        assert Grant.objects.filter(revoked_at=None).count() == 1
    else:
        assert (paid_order.state, books(paid_order)) == ("refunded", (0, 0, 0))
        assert Grant.objects.filter(revoked_at=None).count() == 0
    assert Dispute.objects.get().closed_at is not None


@pytest.mark.parametrize(
    "other", [{"currency": "USD"}, {"amount": 0}, {"amount": -5}, {"order_number": "XXXX-XXXX-XXXX"}]
)
def test_a_dispute_about_nothing_here_is_left_to_the_team(paid_order: Order, other: dict[str, Any]) -> None:
    assert tell(paid_order, OPENED, **other) == "disputed"
    assert (paid_order.state, books(paid_order)) == ("paid", (3000, 0, -3000))
    assert Notice.objects.latest("pk").is_open


def test_a_dispute_that_names_the_charge_alone_finds_the_order(paid_order: Order) -> None:
    tell(paid_order, OPENED, order_number="")
    assert paid_order.state == "disputed"


@pytest.mark.parametrize(("end", "state"), [("won", "paid"), ("lost", "refunded")])
def test_the_sandbox_opens_and_decides_disputes(paid_order: Order, end: str, state: str) -> None:
    charge = SandboxCharge.objects.get()
    for step in ("opened", end):
        dispute(charge=charge, state=step)
        news = news_in(dispute_message(SandboxDispute.objects.get()))
        assert isinstance(news, DisputeNews)
        accept_dispute_news(community=paid_order.community, provider="sandbox", news=news)
    paid_order.refresh_from_db()
    assert paid_order.state == state
