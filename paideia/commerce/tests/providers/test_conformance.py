"""What every provider must do alike, tried at its counterpart."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from paideia.access.models import Gate, Grant
from paideia.accounts.models import User
from paideia.commerce.actions import place_order, refund_order, send_refund
from paideia.commerce.models import Notice, Offer, Order, Refund
from paideia.commerce.providers import Capability, ProviderDown, provider_of
from paideia.commerce.providers.asking import while_somebody_waits
from paideia.commerce.providers.news import LineKind
from paideia.commerce.tests.providers.conftest import COUNTERPARTS
from paideia.commerce.tests.providers.serving import Counterpart, deliver
from paideia.ledger.queries import balance
from tests.cast import viewer_of

Begin = Callable[[Counterpart], Order]


@pytest.fixture(params=list(COUNTERPARTS))
def counterpart(request: pytest.FixtureRequest, serve: Callable[[str], Counterpart]) -> Counterpart:
    return serve(request.param)


@pytest.fixture
def settled(counterpart: Counterpart, begun: Begin) -> Order:
    order = begun(counterpart)
    counterpart.pay(order)
    assert deliver(counterpart.notification(order), counterpart.key).status_code == 200
    order.refresh_from_db()
    assert order.state == "paid"
    return order


def sales(order: Order) -> tuple[int, int]:
    kinds = (("house", "sales"), ("house", "unmatched"))
    return tuple(balance(order.community, *kind, order.currency) for kind in kinds)  # type: ignore[return-value]


def test_paying_is_told_and_opens(counterpart: Counterpart, begun: Begin, visitor: User, gate: Gate) -> None:
    order = begun(counterpart)
    assert (order.state, provider_of(counterpart.key).query(order)) == ("awaiting", None)
    counterpart.pay(order)
    answer = deliver(counterpart.notification(order), counterpart.key)
    order.refresh_from_db()
    assert (answer.status_code, order.state, sales(order)) == (200, "paid", (3000, 0))
    assert viewer_of(visitor).can_open(gate.pk)
    assert order.charge_id and order.paid_at and abs(timezone.now() - order.paid_at) < timedelta(minutes=2)


def test_told_often_or_asked_besides_it_settles_once(
    counterpart: Counterpart, settled: Order, buyer: Client, visitor: User
) -> None:
    for _ in range(3):
        assert deliver(counterpart.notification(settled), counterpart.key).status_code == 200
        assert buyer.get(f"/c/agora/orders/{settled.number}/paid/").status_code == 302
    assert (sales(settled), Grant.objects.filter(user=visitor).count()) == ((3000, 0), 1)
    assert set(Notice.objects.values_list("outcome", flat=True)) <= {"settled", "repeated"}


def test_a_lost_notification_is_made_good_by_coming_back(
    counterpart: Counterpart, begun: Begin, buyer: Client, visitor: User, gate: Gate
) -> None:
    order = begun(counterpart)
    counterpart.pay(order)
    assert buyer.get(f"/c/agora/orders/{order.number}/paid/").status_code == 302
    order.refresh_from_db()
    assert (order.state, sales(order), viewer_of(visitor).can_open(gate.pk)) == ("paid", (3000, 0), True)


def test_a_failure_told_after_the_success_changes_nothing(counterpart: Counterpart, settled: Order) -> None:
    late = counterpart.failure(settled)
    if late is None:
        pytest.skip(f"{counterpart.key} tells nothing of tries that failed")
    assert deliver(late, counterpart.key).status_code == 200
    settled.refresh_from_db()
    assert (settled.state, sales(settled)) == ("paid", (3000, 0))


def test_while_it_is_down_the_order_waits_and_is_paid_later(
    counterpart: Counterpart, order_at: Begin, buyer: Client
) -> None:
    order = order_at(counterpart)
    counterpart.is_down = True
    assert buyer.post(f"/c/agora/orders/{order.number}/payment/").status_code in (200, 302)
    with suppress(ProviderDown):  # or it knows of no try to ask about
        assert provider_of(counterpart.key).query(order) is None
    assert buyer.get(f"/c/agora/orders/{order.number}/paid/").status_code == 302
    order.refresh_from_db()
    assert (order.state, Notice.objects.count()) == ("awaiting", 0)
    counterpart.is_down = False
    buyer.post(f"/c/agora/orders/{order.number}/payment/")
    counterpart.open(buyer, order)
    counterpart.pay(order)
    deliver(counterpart.notification(order), counterpart.key)
    order.refresh_from_db()
    assert (order.state, sales(order)) == ("paid", (3000, 0))


@pytest.mark.parametrize("amount", [2999, 3001, 1])
def test_what_was_paid_otherwise_opens_nothing_and_is_flagged(
    counterpart: Counterpart, begun: Begin, visitor: User, amount: int
) -> None:
    order = begun(counterpart)
    counterpart.pay(order, amount=amount)
    assert deliver(counterpart.notification(order), counterpart.key).status_code == 200
    order.refresh_from_db()
    notice = Notice.objects.get()
    assert (order.state, notice.outcome, notice.is_open) == ("awaiting", "mismatched", True)
    assert (sales(order), Grant.objects.filter(user=visitor).count()) == ((0, amount), 0)


def test_refunds_in_parts_arrive_once_each(counterpart: Counterpart, settled: Order, owner: User) -> None:
    for amount in (1000, 500):
        refund = refund_order(viewer=viewer_of(owner), order=settled, amount=amount, reason="asked")
        for _ in range(3):  # a worker that was killed sends again
            Refund.objects.filter(pk=refund.pk, state="sent").update(state="agreed")
            send_refund(refund.pk)
        refund.refresh_from_db()
        assert refund.state == "done"
        assert provider_of(counterpart.key).query_refund(refund).state == "done"
    assert counterpart.refunded(settled) == 1500
    settled.refresh_from_db()
    assert (settled.state, settled.refunded) == ("partly", 1500)


def test_a_refund_sent_while_it_is_down_is_sent_later(
    counterpart: Counterpart, settled: Order, owner: User
) -> None:
    refund = refund_order(viewer=viewer_of(owner), order=settled, reason="asked")
    counterpart.is_down = True
    assert (send_refund(refund.pk).state, counterpart.refunded(settled)) == ("agreed", 0)
    counterpart.is_down = False
    assert (send_refund(refund.pk).state, counterpart.refunded(settled)) == ("done", 3000)
    settled.refresh_from_db()
    assert settled.state == "refunded"


def test_a_refund_that_it_refuses_is_not_done(counterpart: Counterpart, settled: Order, owner: User) -> None:
    """More than was paid there, as when somebody refunded on the provider's own pages before."""
    Order.objects.filter(pk=settled.pk).update(total=settled.total)
    refund = refund_order(viewer=viewer_of(owner), order=settled, amount=2000, reason="asked")
    other = Refund(order=settled, key="elsewhere-1", amount=2000, currency=settled.currency, reason="there")
    assert provider_of(counterpart.key).refund(other).state == "done"
    assert provider_of(counterpart.key).refund(refund).state == "failed"
    assert counterpart.refunded(settled) == 2000


def test_news_of_a_refund_is_taken_in_once(counterpart: Counterpart, settled: Order, owner: User) -> None:
    refund = refund_order(viewer=viewer_of(owner), order=settled, amount=1000, reason="asked")
    provider_of(counterpart.key).refund(refund)
    told = counterpart.refund_notification(refund)
    if told is None:
        pytest.skip(f"{counterpart.key} only answers")
    for _ in range(2):
        assert deliver(told, counterpart.key).status_code == 200
    refund.refresh_from_db()
    settled.refresh_from_db()
    assert (refund.state, settled.refunded) == ("done", 1000)


def test_a_statement_names_every_charge_and_refund(
    counterpart: Counterpart, settled: Order, owner: User
) -> None:
    provider = provider_of(counterpart.key)
    if Capability.STATEMENTS not in provider.capabilities:
        pytest.skip(f"{counterpart.key} gives no statements")
    refund = refund_order(viewer=viewer_of(owner), order=settled, amount=1000, reason="asked")
    send_refund(refund.pk)
    lines = list(provider.reconcile(settled.community, timezone.now().astimezone(UTC).date()))
    found = {
        (line.kind, line.order_number or settled.number, line.charge_id, line.amount, line.currency)
        for line in lines
        if line.kind in (LineKind.CHARGE, LineKind.REFUND)
    }
    told = (settled.number, settled.charge_id)
    assert found == {("charge", *told, 3000, settled.currency), ("refund", *told, 1000, settled.currency)}
    assert {line.fee for line in lines if line.kind == LineKind.CHARGE} == {18}
    assert len({line.line_id for line in lines}) == len(lines)


def test_another_communitys_statement_has_none_of_it(counterpart: Counterpart, settled: Order) -> None:
    from paideia.communities.actions import create_community
    from tests.cast import person

    other = create_community(by=person("otto"), slug="other", name="Other", language="en")
    provider = provider_of(counterpart.key)
    if Capability.STATEMENTS in provider.capabilities:
        assert list(provider.reconcile(other, timezone.now().astimezone(UTC).date())) == []


def test_a_notification_at_another_communitys_door_finds_its_order(
    counterpart: Counterpart, begun: Begin
) -> None:
    """Some providers know one address for the whole installation."""
    from paideia.communities.actions import create_community
    from tests.cast import person

    create_community(by=person("otto"), slug="other", name="Other", language="en")
    order = begun(counterpart)
    counterpart.pay(order)
    assert deliver(counterpart.notification(order), counterpart.key, "other").status_code == 200
    order.refresh_from_db()
    assert (order.state, Notice.objects.get().community_id) == ("paid", order.community_id)


def test_secrets_are_in_no_log(
    counterpart: Counterpart, begun: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    order = begun(counterpart)
    counterpart.is_down = True
    with pytest.raises(ProviderDown):
        provider_of(counterpart.key).query(order)
    words: list[Any] = [
        value for value in counterpart.settings().values() if len(value) > 20 and "/" not in value
    ]
    assert [word for word in words if word in caplog.text] == []


@pytest.mark.parametrize("fault", ["hang up", "garbage", "drip"])
def test_however_it_breaks_the_order_waits_and_the_page_answers(
    counterpart: Counterpart, settled: Order, owner: User, buyer: Client, monthly: Offer, fault: str
) -> None:
    refund = refund_order(viewer=viewer_of(owner), order=settled, amount=1000, reason="asked")
    again = place_order(viewer=viewer_of(settled.buyer), offer=monthly, provider=counterpart.key)
    counterpart.fault = fault
    before = time.monotonic()
    for address in (f"orders/{again.number}/payment/", f"orders/{again.number}/paid/"):
        ask = buyer.post if "payment" in address else buyer.get
        assert ask(f"/c/agora/{address}").status_code in (200, 302)
    assert time.monotonic() - before < 6  # each within three seconds
    again.refresh_from_db()
    assert (again.state, Notice.objects.filter(order=again).count()) == ("awaiting", 0)
    with while_somebody_waits(), pytest.raises(ProviderDown):
        provider_of(counterpart.key).refund(refund)
    counterpart.fault = ""
    assert (send_refund(refund.pk).state, counterpart.refunded(settled)) == ("done", 1000)


def test_a_shop_that_does_not_compare_would_open_for_less(
    counterpart: Counterpart, begun: Begin, visitor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break: the order takes its amount from what the provider says."""
    from paideia.commerce.actions import notices, settling

    def trusting(order_id: int, *, amount: int, currency: str, **said: Any) -> Order:
        Order.objects.filter(pk=order_id).update(total=amount)
        return settling.settle_order(order_id, amount=amount, currency=currency, **said)

    order = begun(counterpart)
    counterpart.pay(order, amount=1)
    monkeypatch.setattr(notices, "settle_order", trusting)
    deliver(counterpart.notification(order), counterpart.key)
    order.refresh_from_db()
    assert (order.state, Grant.objects.filter(user=visitor).count()) == ("paid", 1)
