"""Money goes back once, never more than was paid, and access follows by the rule."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from paideia.access.models import Gate, Grant
from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.commerce.actions import (
    accept_refund_news,
    place_order,
    preview_refund,
    refund_order,
    send_refund,
)
from paideia.commerce.actions.sending import refunds_due
from paideia.commerce.models import Notice, Offer, Order, Refund, SandboxCharge, SandboxRefund
from paideia.commerce.providers import LineKind, ProviderDown, RefundNews, RefundState
from paideia.commerce.providers.sandbox.actions import end_refund
from paideia.commerce.providers.sandbox.messages import refund_message
from paideia.commerce.providers.sandbox.provider import Sandbox
from paideia.commerce.refusals import NotPermitted, WrongRefund
from paideia.ledger.actions import Move, account, post
from paideia.ledger.queries import balance
from tests.cast import viewer_of

START = datetime(2026, 4, 1, 12, tzinfo=UTC)
Buy = Callable[..., Order]


@pytest.fixture
def buy(visitor: User, paid_at_the_sandbox: Callable[[Order], Order]) -> Buy:
    def bought(offer: Offer, **other: Any) -> Order:
        return paid_at_the_sandbox(
            place_order(viewer=viewer_of(visitor), offer=offer, provider="sandbox", **other)
        )

    return bought


def held(order: Order, owner: str, kind: str) -> int:
    return balance(order.community, owner, kind, order.currency)


def books(order: Order) -> tuple[int, int, int]:
    """What is in the sales, on its way back, and outside."""
    order.refresh_from_db()
    return (
        held(order, "house", "sales"),
        held(order, f"order:{order.pk}", "refunds"),
        held(order, "world:sandbox", "charges"),
    )


def test_a_full_refund_takes_the_money_and_the_access(
    buy: Buy, monthly: Offer, owner: User, visitor: User, gate: Gate
) -> None:
    order = buy(monthly)
    refund = refund_order(viewer=viewer_of(owner), order=order, reason="Bought by mistake")
    assert books(order) == (0, 3000, -3000)
    assert (order.state, order.refunded, refund.access, refund.state) == (
        "refunded",
        3000,
        "revoked",
        "agreed",
    )
    assert not viewer_of(visitor).can_open(gate.pk)
    assert send_refund(refund.pk).state == "done"
    assert books(order) == (0, 0, 0)
    facts = [
        (fact.verb, fact.actor_id) for fact in Fact.objects.filter(verb__contains="refund").order_by("pk")
    ]
    assert facts == [("order.refunded", owner.pk), ("refund.done", None)]


def test_a_part_shortens_the_term_by_its_share(buy: Buy, monthly: Offer, owner: User) -> None:
    with time_machine.travel(START, tick=False):
        order = buy(monthly)  # 1 April to 1 May
        refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=1000)
        grant = Grant.objects.get()
        assert (grant.ends_at - grant.starts_at, grant.revoked_at) == (timedelta(days=20), None)
        refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=1000)
        grant.refresh_from_db()
        assert grant.ends_at - grant.starts_at == timedelta(days=10)
        assert (Order.objects.get().state, Order.objects.get().refunded) == ("partly", 2000)
        refund_order(viewer=viewer_of(owner), order=order, reason="-")
        grant.refresh_from_db()
        assert (grant.revoked_at, Order.objects.get().state) == (START, "refunded")


def test_what_has_passed_is_not_taken_back(buy: Buy, monthly: Offer, owner: User) -> None:
    with time_machine.travel(START, tick=False):
        order = buy(monthly)
    with time_machine.travel(START + timedelta(days=25), tick=False):
        refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=1500)
        grant = Grant.objects.get()
        assert grant.revoked_at == START + timedelta(days=25)  # half is less than what has passed


def test_what_was_bought_for_good_stays_after_a_part(
    buy: Buy, lifetime: Offer, owner: User, visitor: User, gate: Gate
) -> None:
    order = buy(lifetime)
    refund = refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=500)
    assert (refund.access, viewer_of(visitor).can_open(gate.pk)) == ("shortened", True)


@pytest.mark.parametrize(("access", "is_open"), [("kept", True), ("revoked", False)])
def test_staff_may_choose_what_becomes_of_access(
    buy: Buy, monthly: Offer, owner: User, visitor: User, gate: Gate, access: str, is_open: bool
) -> None:
    order = buy(monthly)
    refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=100, access=access)
    assert viewer_of(visitor).can_open(gate.pk) == is_open


def test_the_preview_says_what_will_be_and_changes_nothing(buy: Buy, monthly: Offer, owner: User) -> None:
    with time_machine.travel(START, tick=False):
        order = buy(monthly)
        terms, effects = preview_refund(
            viewer=viewer_of(owner), order=order, amount=1000, credit=None, access=""
        )
        assert (terms.amount, terms.access) == (1000, "shortened")
        ends_at = START + timedelta(days=30)
        assert [(one.plan, one.ends_at, one.will_end_at, one.is_revoked) for one in effects] == [
            ("Full membership", ends_at, START + timedelta(days=20), False)
        ]
        assert (Refund.objects.count(), Grant.objects.get().ends_at) == (0, ends_at)
        assert (Fact.objects.filter(verb="order.refunded").count(), books(order)) == (0, (3000, 0, -3000))


@pytest.mark.parametrize(
    ("amount", "credit"), [(3001, 0), (0, 3001), (2000, 1001), (0, 0), (-1, 0), (0, -1), (-1, 5)]
)
def test_no_more_and_nothing_senseless_is_refunded(
    buy: Buy, monthly: Offer, owner: User, amount: int, credit: int
) -> None:
    order = buy(monthly)
    with pytest.raises(WrongRefund):
        refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=amount, credit=credit)
    assert (books(order), Refund.objects.count()) == ((3000, 0, -3000), 0)


def test_a_refund_can_go_to_the_buyers_credit(buy: Buy, monthly: Offer, owner: User, visitor: User) -> None:
    order = buy(monthly)
    refund = refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=1000, credit=2000)
    assert held(order, f"user:{visitor.pk}", "credit") == 2000
    assert (books(order), refund.state) == ((0, 1000, -3000), "agreed")
    only_credit = buy(monthly)
    refund = refund_order(viewer=viewer_of(owner), order=only_credit, reason="-", amount=0, credit=3000)
    assert (refund.state, held(order, f"user:{visitor.pk}", "credit")) == ("done", 5000)


def test_the_same_key_is_agreed_once(buy: Buy, monthly: Offer, owner: User) -> None:
    order = buy(monthly)
    refunds = {
        refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=100, key="click").pk
        for _ in range(2)
    }
    assert (len(refunds), Order.objects.get().refunded) == (1, 100)


def test_after_the_providers_window_only_credit_goes_back(buy: Buy, monthly: Offer, owner: User) -> None:
    order = buy(monthly)
    Order.objects.update(paid_at=timezone.now() - timedelta(days=366))
    with pytest.raises(WrongRefund, match="Money could be sent back until"):
        refund_order(viewer=viewer_of(owner), order=order, reason="-")
    refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=0, credit=3000)
    assert Order.objects.get().state == "refunded"


def test_only_who_may_manage_money_refunds(buy: Buy, monthly: Offer, visitor: User, moderator: User) -> None:
    order = buy(monthly)
    for user in (visitor, moderator):
        with pytest.raises(NotPermitted):
            refund_order(viewer=viewer_of(user), order=order, reason="-")
    with pytest.raises(WrongRefund, match="Nothing was paid"):
        refund_order(
            viewer=None,
            order=place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox"),
            reason="-",
        )


def test_a_provider_that_is_down_for_hours_costs_time_only(
    buy: Buy, monthly: Offer, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        order = buy(monthly)
        refund = refund_order(viewer=viewer_of(owner), order=order, reason="-")
        with monkeypatch.context() as broken:
            broken.setattr(Sandbox, "refund", _down)
            tries = 0
            while timezone.now() < START + timedelta(hours=30):
                clock.shift(timedelta(minutes=5))
                for due in refunds_due():
                    send_refund(due)
                    tries += 1
            assert tries < 20  # a minute at first, then ever longer
        assert (books(order), Refund.objects.get().state) == ((0, 3000, -3000), "agreed")
        assert [notice.is_open for notice in Notice.objects.filter(outcome="refund_failed")] == [True]
        clock.shift(timedelta(hours=7))
        assert [send_refund(due).state for due in refunds_due()] == ["done"]
        assert [notice.is_open for notice in Notice.objects.filter(outcome="refund_failed")] == [False]
    assert SandboxRefund.objects.get().key == refund.key


def _down(*_: object) -> None:
    raise ProviderDown("no answer")


def test_a_refund_that_was_made_but_not_heard_of_is_made_once(
    buy: Buy, monthly: Offer, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = refund_order(viewer=viewer_of(owner), order=buy(monthly), reason="-")
    real = Sandbox.refund

    def lost(self: Sandbox, one: Refund) -> None:
        real(self, one)
        raise ProviderDown("the answer was lost")

    with monkeypatch.context() as broken:
        broken.setattr(Sandbox, "refund", lost)
        assert send_refund(refund.pk).state == "agreed"
    assert (send_refund(refund.pk).state, SandboxRefund.objects.count()) == ("done", 1)


def test_a_refund_may_arrive_later(buy: Buy, monthly: Offer, owner: User) -> None:
    order = buy(monthly)
    SandboxCharge.objects.update(refunds_as="later")
    refund = refund_order(viewer=viewer_of(owner), order=order, reason="-")
    assert (send_refund(refund.pk).state, books(order)) == ("sent", (0, 3000, -3000))
    made = SandboxRefund.objects.get()
    end_refund(charge=made.charge, refund_id=made.refund_id, state="done")
    assert told(order, refund_message(SandboxRefund.objects.get())) == "refunded"
    assert told(order, {**refund_message(SandboxRefund.objects.get()), "id": "again"}) == "repeated"
    assert (Refund.objects.get().state, books(order)) == ("done", (0, 0, 0))


def told(order: Order, message: dict[str, Any]) -> str:
    from paideia.commerce.providers.sandbox.messages import news_in

    news = news_in(message)
    assert isinstance(news, RefundNews)
    return accept_refund_news(community=order.community, provider="sandbox", news=news).outcome


@pytest.mark.parametrize("course", ["at once", "later", "after it had arrived"])
def test_a_refund_that_fails_leaves_money_and_access_as_they_were(
    buy: Buy, monthly: Offer, owner: User, visitor: User, gate: Gate, course: str
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        order = buy(monthly)
        SandboxCharge.objects.update(refunds_as={"at once": "fail", "later": "later"}.get(course, "now"))
        refund = refund_order(viewer=viewer_of(owner), order=order, reason="-")
        assert not viewer_of(visitor).can_open(gate.pk)
        clock.shift(timedelta(days=3))
        send_refund(refund.pk)
        if course != "at once":
            made = SandboxRefund.objects.get()
            end_refund(charge=made.charge, refund_id=made.refund_id, state="failed")
            assert told(order, refund_message(SandboxRefund.objects.get())) == "noted"
        assert books(order) == (3000, 0, -3000)
        assert (order.state, order.refunded, Refund.objects.get().state) == ("paid", 0, "failed")
        assert viewer_of(visitor).can_open(gate.pk)
        again = Grant.objects.get(revoked_at=None)
        assert (again.starts_at, again.ends_at) == (START + timedelta(days=3), START + timedelta(days=33))
    notice = Notice.objects.get(outcome="refund_failed")
    assert (notice.is_open, notice.order_id) == (True, order.pk)


def test_a_shortened_term_is_given_back_when_the_refund_fails(buy: Buy, monthly: Offer, owner: User) -> None:
    with time_machine.travel(START, tick=False):
        order = buy(monthly)
        SandboxCharge.objects.update(refunds_as="fail")
        refund = refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=1000)
        send_refund(refund.pk)
        spans = [(one.starts_at, one.ends_at) for one in Grant.objects.order_by("starts_at")]
        assert spans == [
            (START, START + timedelta(days=20)),
            (START + timedelta(days=20), START + timedelta(days=30)),
        ]


def test_a_refund_made_on_the_providers_pages_is_booked_by_the_rule(
    buy: Buy, monthly: Offer, visitor: User, gate: Gate
) -> None:
    order = buy(monthly)
    news = elsewhere(order, amount=1000)
    assert accept_refund_news(community=order.community, provider="sandbox", news=news).outcome == "refunded"
    assert (books(order), order.state) == ((2000, 0, -2000), "partly")
    assert viewer_of(visitor).can_open(gate.pk)
    too_much = elsewhere(order, amount=2001, message_id="m2", refund_id="r2")
    notice = accept_refund_news(community=order.community, provider="sandbox", news=too_much)
    assert (notice.outcome, notice.is_open, books(order)) == ("mismatched", True, (2000, 0, -2000))


def elsewhere(order: Order, **other: Any) -> RefundNews:
    terms = {
        "message_id": "m1",
        "state": RefundState.DONE,
        "refund_key": "",
        "refund_id": "r1",
        "order_number": order.number,
        "charge_id": order.charge_id,
        "amount": order.total,
        "currency": order.currency,
        "at": timezone.now(),
        "body": {},
        **other,
    }
    return RefundNews(**terms)


def test_news_that_overtakes_the_answer_is_about_the_refund_on_its_way(
    buy: Buy, monthly: Offer, owner: User
) -> None:
    order = buy(monthly)
    refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=1000)
    news = elsewhere(order, amount=1000)
    assert accept_refund_news(community=order.community, provider="sandbox", news=news).outcome == "refunded"
    assert (Refund.objects.get().state, books(order)) == ("done", (2000, 0, -2000))


def test_owners_put_in_what_was_passed_on_already(buy: Buy, monthly: Offer, owner: User) -> None:
    order = buy(monthly)
    sales = account(order.community, "house", "sales", "CNY")
    post([Move(sales, account(order.community, "user:1", "earnings", "CNY"), 2500, "share")])
    refund_order(viewer=viewer_of(owner), order=order, reason="-")
    assert books(order) == (0, 3000, -3000)
    assert held(order, "world:owners", "advances") == -2500


def test_the_sandbox_states_what_moved_on_a_day(buy: Buy, monthly: Offer, owner: User) -> None:
    with time_machine.travel(START, tick=False):
        order = buy(monthly)
        refund = refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=700)
        send_refund(refund.pk)
        lines = list(Sandbox().reconcile(order.community, date(2026, 4, 1)))
        assert [(line.kind, line.amount, line.order_number) for line in lines] == [
            (LineKind.CHARGE, 3000, order.number),
            (LineKind.REFUND, 700, order.number),
        ]
        assert list(Sandbox().reconcile(order.community, date(2026, 4, 2))) == []
