"""A charge becomes money and access once, whoever says so, how often and in which order."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from paideia.access.models import Gate, Grant
from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.commerce.actions import (
    accept_payment,
    expire_orders,
    notices,
    place_order,
    settle_order,
    settling,
)
from paideia.commerce.models import Notice, Offer, Order, Refund
from paideia.commerce.providers import Payment
from paideia.commerce.refusals import AlreadyPaid, ChargeTaken, PaidOtherwise
from paideia.communities.models import Community, Membership
from paideia.ledger.queries import balance
from tests.cast import viewer_of

NOW = timezone.now()
Say = Callable[..., Payment]


def settle(order: Order, charge: str = "ch1", **other: object) -> Order:
    terms = {"amount": order.total, "currency": order.currency, "paid_at": NOW, **other}
    return settle_order(order.pk, charge_id=charge, **terms)  # type: ignore[arg-type]


def accept(order: Order, payment: Payment) -> str:
    return accept_payment(community=order.community, provider="sandbox", payment=payment).outcome


def held(community: Community, kind: str, owner: str = "house") -> int:
    return balance(community, owner, kind, "CNY")


def test_a_paid_order_is_money_access_and_a_fact(order: Order, visitor: User, gate: Gate) -> None:
    settled = settle(order)
    assert (settled.state, settled.charge_id, settled.paid_at) == ("paid", "ch1", NOW)
    assert (held(order.community, "sales"), held(order.community, "charges", "world:sandbox")) == (
        3000,
        -3000,
    )
    grant = Grant.objects.get(user=visitor)
    assert (grant.source, grant.starts_at, grant.is_trial) == (f"order:{order.pk}", NOW, False)
    assert viewer_of(visitor).can_open(gate.pk)
    fact = Fact.objects.get(verb="order.settled")
    assert (fact.actor_id, fact.object_id, fact.community_id) == (visitor.pk, order.pk, order.community_id)
    assert {key: fact.detail[key] for key in ("number", "total", "currency", "offer", "provider")} == {
        "number": order.number,
        "total": 3000,
        "currency": "CNY",
        "offer": "Monthly",
        "provider": "sandbox",
    }
    assert [plan["name"] for plan in fact.detail["plans"]] == ["Full membership"]


def test_the_same_charge_settles_once(order: Order, visitor: User) -> None:
    for _ in range(3):
        settle(order)
    assert (held(order.community, "sales"), Grant.objects.filter(user=visitor).count()) == (3000, 1)
    assert Fact.objects.filter(verb="order.settled").count() == 1


@pytest.mark.parametrize(
    "wrong", [{"amount": 2999}, {"amount": 3001}, {"amount": 0}, {"currency": "USD"}, {"currency": "cny"}]
)
def test_another_amount_or_currency_settles_nothing(
    order: Order, visitor: User, wrong: dict[str, object]
) -> None:
    with pytest.raises(PaidOtherwise):
        settle(order, **wrong)
    order.refresh_from_db()
    assert (order.state, order.charge_id, Grant.objects.filter(user=visitor).count()) == ("created", None, 0)


def test_another_charge_for_a_paid_order_is_refused(order: Order, visitor: User) -> None:
    settle(order)
    with pytest.raises(AlreadyPaid):
        settle(order, "ch2")
    assert (held(order.community, "sales"), Grant.objects.filter(user=visitor).count()) == (3000, 1)


def test_one_charge_does_not_settle_two_orders(order: Order, stranger: User, monthly: Offer) -> None:
    other = place_order(viewer=viewer_of(stranger), offer=monthly, provider="sandbox")
    settle(order)
    with pytest.raises(ChargeTaken):
        settle(other)
    other.refresh_from_db()
    assert (other.state, Membership.objects.filter(user=stranger).count()) == ("created", 0)


def test_renewing_early_adds_to_what_is_left(order: Order, visitor: User, monthly: Offer) -> None:
    settle(order)
    again = place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox")
    settle(again, "ch2")
    first, second = Grant.objects.filter(user=visitor).order_by("starts_at")
    assert (second.starts_at, second.ends_at) == (first.ends_at, Grant.objects.latest("ends_at").ends_at)
    assert second.starts_at > NOW + timedelta(27)


def test_a_lapsed_term_begins_anew(order: Order, visitor: User, monthly: Offer) -> None:
    settle(order, paid_at=NOW - timedelta(90))
    again = place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox")
    settle(again, "ch2")
    assert Grant.objects.latest("starts_at").starts_at == NOW


def test_a_clock_that_runs_ahead_delays_nobody(order: Order, visitor: User, gate: Gate) -> None:
    settle(order, paid_at=NOW + timedelta(hours=3))
    assert viewer_of(visitor).can_open(gate.pk)


def test_paying_makes_one_a_member_where_anyone_can_join(stranger: User, monthly: Offer) -> None:
    settle(place_order(viewer=viewer_of(stranger), offer=monthly, provider="sandbox"))
    assert viewer_of(stranger).role == "member"


def test_paying_late_counts_all_the_same(order: Order, visitor: User, gate: Gate, paid: Say) -> None:
    Order.objects.update(expires_at=NOW - timedelta(minutes=1))
    assert (expire_orders(), Order.objects.get().state) == (1, "expired")
    assert Fact.objects.filter(verb="order.expired").count() == 1
    assert accept(order, paid(order)) == "settled"
    assert (Order.objects.get().state, viewer_of(visitor).can_open(gate.pk)) == ("paid", True)


def test_only_what_is_due_and_awaiting_expires(order: Order) -> None:
    assert (expire_orders(), Order.objects.get().state) == (0, "created")
    settle(order)
    Order.objects.update(expires_at=NOW - timedelta(1))
    assert (expire_orders(), Order.objects.get().state) == (0, "paid")


def test_a_failure_told_after_the_success_changes_nothing(order: Order, paid: Say) -> None:
    assert accept(order, paid(order)) == "settled"
    assert accept(order, paid(order, message_id="m0", succeeded=False)) == "noted"
    assert Order.objects.get().state == "paid"


def test_a_failure_closes_the_order_and_a_later_success_settles_it(order: Order, paid: Say) -> None:
    assert accept(order, paid(order, message_id="m0", succeeded=False)) == "noted"
    assert (Order.objects.get().state, Fact.objects.filter(verb="order.failed").count()) == ("failed", 1)
    assert accept(order, paid(order)) == "settled"


def test_the_same_message_acts_once_and_another_about_it_is_noted(order: Order, paid: Say) -> None:
    outcomes = [
        accept(order, paid(order)),
        accept(order, paid(order)),
        accept(order, paid(order, message_id="m2")),
    ]
    assert outcomes == ["settled", "settled", "repeated"]
    assert (Notice.objects.count(), held(order.community, "sales")) == (2, 3000)
    assert Notice.objects.first().body == {"charge": "ch1"}


@pytest.mark.parametrize(
    ("other", "outcome"),
    [
        ({"amount": 2999}, "mismatched"),
        ({"currency": "USD"}, "mismatched"),
        ({"order_number": "XXXX-XXXX-XXXX"}, "unknown_order"),
    ],
)
def test_money_that_settles_nothing_is_flagged_and_kept_apart(
    order: Order, visitor: User, gate: Gate, paid: Say, other: dict[str, object], outcome: str
) -> None:
    payment = paid(order, **other)
    assert (accept(order, payment), accept(order, payment)) == (outcome, outcome)
    assert [notice.is_open for notice in Notice.objects.all()] == [True]
    unmatched = balance(order.community, "house", "unmatched", payment.currency)
    assert (unmatched, held(order.community, "sales")) == (payment.amount, 0)
    assert (Order.objects.get().state, viewer_of(visitor).can_open(gate.pk)) == ("created", False)


def test_paying_twice_is_sent_back_by_itself(order: Order, paid: Say) -> None:
    accept(order, paid(order))
    assert accept(order, paid(order, message_id="m2", charge_id="ch2")) == "paid_twice"
    assert accept(order, paid(order, message_id="m3", charge_id="ch2")) == "repeated"
    refund = Refund.objects.get()
    assert (refund.stray_charge_id, refund.amount, refund.access, refund.state) == (
        "ch2",
        3000,
        "kept",
        "agreed",
    )
    assert (held(order.community, "sales"), held(order.community, "unmatched")) == (3000, 0)
    assert held(order.community, "refunds", f"order:{order.pk}") == 3000
    notice = Notice.objects.get(message_id="m2")
    assert (notice.is_open, notice.resolution) == (False, "Sent back to the buyer by itself.")
    fact = Fact.objects.get(verb="charge.returned")
    assert (fact.detail["buyer"], fact.detail["charge"]) == (order.buyer_id, "ch2")


def test_an_order_of_another_provider_or_community_is_unknown(order: Order, paid: Say) -> None:
    from paideia.communities.actions import create_community
    from tests.cast import person

    other = create_community(by=person("otto"), slug="other", name="Other", language="en")
    for community, provider in ((order.community, "stripe"), (other, "sandbox")):
        notice = accept_payment(community=community, provider=provider, payment=paid(order))
        assert notice.outcome == "unknown_order"
    assert Order.objects.get().state == "created"


def at_once(*tasks: Callable[[], object]) -> list[object]:
    """Results, or what was raised, of tasks that start together on connections of their own."""
    start, results = threading.Barrier(len(tasks)), list[object]()

    def run(task: Callable[[], object]) -> None:
        start.wait()
        try:
            results.append(task())
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[task]) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_notifications_and_return_pages_race_to_settle_once(order: Order, visitor: User, paid: Say) -> None:
    results = at_once(*[lambda n=n: accept(order, paid(order, message_id=f"m{n % 3}")) for n in range(8)])
    assert sorted(set(map(str, results))) == ["repeated", "settled"]
    assert (Notice.objects.count(), Grant.objects.filter(user=visitor).count()) == (3, 1)
    assert held(order.community, "sales") == 3000


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_race_is_lost(
    order: Order, visitor: User, paid: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break: both look, both see an unpaid order, both go on."""
    looked = threading.Barrier(2)

    def unlocked(order_id: int, **_: object) -> Order:
        found = Order.objects.select_related("community", "offer", "buyer").get(pk=order_id)
        looked.wait(10)
        return found

    monkeypatch.setattr(settling, "locked", unlocked)
    monkeypatch.setattr(notices, "locked", lambda order_id, **_: Order.objects.get(pk=order_id))
    results = at_once(
        lambda: accept(order, paid(order, message_id="m1", charge_id="ch1")),
        lambda: accept(order, paid(order, message_id="m2", charge_id="ch2")),
    )
    assert "paid_twice" not in results  # the second payment went unnoticed, or broke on the ledger's key


@pytest.mark.django_db(transaction=True)
def test_two_charges_at_once_settle_one_and_flag_the_other(order: Order, visitor: User, paid: Say) -> None:
    results = at_once(
        lambda: accept(order, paid(order, message_id="m1", charge_id="ch1")),
        lambda: accept(order, paid(order, message_id="m2", charge_id="ch2")),
    )
    assert sorted(map(str, results)) == ["paid_twice", "settled"]
    assert held(order.community, "sales") == 3000
    assert held(order.community, "refunds", f"order:{order.pk}") == 3000


@pytest.mark.django_db(transaction=True)
def test_two_orders_settled_at_once_give_two_terms_one_after_the_other(
    order: Order, visitor: User, monthly: Offer
) -> None:
    Order.objects.filter(pk=order.pk).update(expires_at=NOW)  # so that the second click makes a second order
    other = place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox")
    assert other.pk != order.pk
    at_once(lambda: settle(order), lambda: settle(other, "ch2"))
    first, second = Grant.objects.filter(user=visitor).order_by("starts_at")
    assert second.starts_at == first.ends_at
