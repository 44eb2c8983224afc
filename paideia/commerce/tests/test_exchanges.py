"""What a change took in payment comes back with its money, and nobody ends with more or less than what was paid."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paideia.access.models import Grant, Plan
from paideia.accounts.models import User
from paideia.commerce.actions import (
    accept_dispute_news,
    place_order,
    preview_refund,
    refund_order,
    settle_order,
)
from paideia.commerce.actions.sending import take_answer
from paideia.commerce.models import Dispute, Exchange, Offer, Order, Refund, Subscription
from paideia.commerce.providers import DisputeNews, DisputeState, RefundAnswer, RefundState
from paideia.commerce.quoting import Wish
from paideia.commerce.quoting.unused import brought_in, left_of, taken_in_payment, worth_of
from paideia.commerce.refunding import refundable
from paideia.commerce.refusals import WrongWish
from paideia.commerce.terms import end_of_term
from paideia.lib.refusal import Refused
from tests.cast import viewer_of

from .subscribing import BEGIN, Pay, at, clock, is_in, offer_of, subscribe

__all__ = ["clock"]
DAY = timedelta(days=1)


@pytest.fixture
def gold(tier: Plan) -> Plan:
    return Plan.objects.create(community=tier.community, key="gold", name="Gold", kind=Plan.Kind.TIER)


@pytest.fixture
def black(tier: Plan) -> Plan:
    return Plan.objects.create(community=tier.community, key="black", name="Black", kind=Plan.Kind.TIER)


@pytest.fixture
def before(clock: Any, visitor: User, tier: Plan, paid_at_the_sandbox: Pay) -> Order:
    """28 days for 28 yuan, bought in advance."""
    offer = offer_of(tier, 2800, renewal="none")
    return paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=offer, provider="sandbox"))


def paid(buyer: User, offer: Offer, **wish: Any) -> Order:
    order = place_order(viewer=viewer_of(buyer), offer=offer, provider="sandbox", wish=Wish(**wish))
    if order.paid_at is None:
        terms = {"amount": order.total, "currency": order.currency, "paid_at": timezone.now()}
        settle_order(order.pk, charge_id=f"ch-{order.pk}", **terms)
    return Order.objects.get(pk=order.pk)


def change(order: Order, offer: Offer) -> Order:
    return paid(order.buyer, offer, kind="change", replaces=order.number)


def dispute(order: Order, state: DisputeState, name: str = "d") -> None:
    charge = Order.objects.get(pk=order.pk).charge_id or ""
    news = DisputeNews(
        message_id=f"{name}{order.pk}{state}",
        dispute_id=f"{name}{order.pk}",
        order_number=order.number,
        charge_id=charge,
        state=state,
        amount=order.total,
        currency=order.currency,
        at=timezone.now(),
        body={},
    )
    accept_dispute_news(community=order.community, provider=order.provider, news=news)


def time_left(order: Order) -> timedelta:
    grants = Grant.objects.filter(source=f"order:{order.pk}", revoked_at=None, ends_at__isnull=False)
    now = timezone.now()
    return sum((max(one.ends_at - max(one.starts_at, now), timedelta()) for one in grants), timedelta())


def test_a_refunded_change_brings_the_time_back_that_it_took(
    before: Order, clock: Any, owner: User, tier: Plan, gold: Plan
) -> None:
    clock.move_to(at(2026, 2, 7, 12))  # 21 days are left
    after = change(before, offer_of(gold, 9000, renewal="none"))
    clock.move_to(at(2026, 2, 17, 12))
    refund_order(viewer=viewer_of(owner), order=after, reason="No")
    assert (is_in(before.buyer, tier), is_in(before.buyer, gold)) == (True, False)
    assert time_left(before) == 21 * DAY
    assert (taken_in_payment(before), refundable(before).value, brought_in(after)) == (0, 2800, 0)
    refund_order(viewer=viewer_of(owner), order=before, reason="Neither")
    assert (time_left(before), is_in(before.buyer, tier)) == (timedelta(), False)


def test_a_subscription_ends_with_the_refund_and_the_time_before_is_a_term(
    clock: Any, visitor: User, owner: User, tier: Plan, gold: Plan, paid_at_the_sandbox: Pay
) -> None:
    row = subscribe(visitor, offer_of(tier, 2800), paid_at_the_sandbox)
    clock.move_to(at(2026, 2, 7, 12))
    after = change(row.orders.get(), offer_of(gold, 9000))
    refund_order(viewer=viewer_of(owner), order=after, reason="No")
    row.refresh_from_db()
    assert (row.state, time_left(row.orders.get(period=1))) == ("ended", 21 * DAY)


def test_a_part_ends_it_earlier_by_its_share_of_all_that_was_paid(
    before: Order, clock: Any, owner: User, gold: Plan
) -> None:
    clock.move_to(at(2026, 2, 7, 12))
    after = change(before, offer_of(gold, 9000, renewal="none"))  # 69 in money, 21 in time, for 28 days
    refund_order(viewer=viewer_of(owner), order=after, reason="Half", amount=4500)
    after.refresh_from_db()
    assert (time_left(after), time_left(before), worth_of(after)) == (14 * DAY, timedelta(), 4500)
    refund_order(viewer=viewer_of(owner), order=after, reason="The rest")
    after.refresh_from_db()
    assert (time_left(after), time_left(before), worth_of(after)) == (timedelta(), 21 * DAY, 0)


def test_a_refund_that_fails_takes_it_again(before: Order, clock: Any, owner: User, gold: Plan) -> None:
    clock.move_to(at(2026, 2, 7, 12))
    after = change(before, offer_of(gold, 9000, renewal="none"))
    refund = refund_order(viewer=viewer_of(owner), order=after, reason="No")
    take_answer(refund.pk, RefundAnswer(RefundState.FAILED, "r", "closed"))
    assert (time_left(before), time_left(after)) == (timedelta(), 28 * DAY)
    assert (taken_in_payment(before), worth_of(Order.objects.get(pk=after.pk))) == (2100, 9000)


def test_what_was_used_while_a_dispute_ran_comes_off_when_it_is_won(
    before: Order, clock: Any, tier: Plan, gold: Plan
) -> None:
    clock.move_to(at(2026, 2, 7, 12))
    after = change(before, offer_of(gold, 9000, renewal="none"))
    clock.move_to(at(2026, 2, 14, 12))
    dispute(after, DisputeState.OPENED)
    assert (is_in(before.buyer, gold), is_in(before.buyer, tier), time_left(before)) == (
        False,
        True,
        21 * DAY,
    )
    clock.move_to(at(2026, 2, 28, 12))  # 14 days of the time before are used, worth 1400
    dispute(after, DisputeState.WON)
    assert (is_in(before.buyer, gold), is_in(before.buyer, tier)) == (True, False)
    assert time_left(after) == 21 * DAY - 28 * DAY * 1400 / 9000
    assert (taken_in_payment(before), worth_of(Order.objects.get(pk=after.pk))) == (700, 7600)


def test_a_lost_dispute_leaves_the_time_before(before: Order, clock: Any, gold: Plan) -> None:
    clock.move_to(at(2026, 2, 7, 12))
    after = change(before, offer_of(gold, 9000, renewal="none"))
    dispute(after, DisputeState.OPENED)
    dispute(after, DisputeState.LOST)
    assert (time_left(before), time_left(after)) == (21 * DAY, timedelta())


def test_a_dispute_of_the_order_before_takes_what_of_it_is_in_the_change(
    before: Order, clock: Any, gold: Plan
) -> None:
    clock.move_to(at(2026, 2, 7, 12))
    after = change(before, offer_of(gold, 9000, renewal="none"))
    dispute(before, DisputeState.OPENED)
    assert time_left(after) == 28 * DAY - 28 * DAY * 2100 / 9000
    assert (worth_of(after), taken_in_payment(before)) == (6900, 0)
    dispute(before, DisputeState.WON)
    assert (time_left(after), worth_of(after), taken_in_payment(before)) == (28 * DAY, 9000, 2100)


def test_of_a_chain_each_change_returns_what_it_took(
    before: Order, clock: Any, owner: User, tier: Plan, gold: Plan, black: Plan
) -> None:
    clock.move_to(at(2026, 2, 7, 12))
    second = change(before, offer_of(gold, 9000, renewal="none"))
    clock.move_to(at(2026, 2, 21, 12))
    third = change(second, offer_of(black, 30000, renewal="none"))
    assert taken_in_payment(second) == 4500
    refund_order(viewer=viewer_of(owner), order=third, reason="No")
    assert (time_left(second), time_left(before), time_left(third)) == (14 * DAY, timedelta(), timedelta())
    refund_order(viewer=viewer_of(owner), order=second, reason="No")
    assert (time_left(second), time_left(before)) == (timedelta(), 21 * DAY)


def test_what_is_in_a_later_change_stays_there_when_one_between_is_refunded(
    before: Order, clock: Any, owner: User, gold: Plan, black: Plan
) -> None:
    clock.move_to(at(2026, 2, 7, 12))
    second = change(before, offer_of(gold, 9000, renewal="none"))
    clock.move_to(at(2026, 2, 21, 12))
    third = change(second, offer_of(black, 30000, renewal="none"))
    refund = refund_order(viewer=viewer_of(owner), order=second, reason="No")
    assert (refund.value, time_left(third)) == (6900 - 4500, 28 * DAY)
    assert time_left(before) == 21 * DAY
    refund_order(viewer=viewer_of(owner), order=third, reason="No")
    assert (time_left(second), worth_of(Order.objects.get(pk=second.pk))) == (14 * DAY, 4500)


def test_what_came_back_is_not_taken_in_payment_again(
    before: Order, clock: Any, owner: User, gold: Plan, black: Plan
) -> None:
    after = change(before, offer_of(gold, 9000, renewal="none"))
    refund_order(viewer=viewer_of(owner), order=after, reason="No")
    with pytest.raises(WrongWish):
        change(before, offer_of(black, 30000, renewal="none"))


def test_for_good_comes_back_for_good(
    clock: Any, visitor: User, owner: User, lifetime: Offer, gold: Plan, tier: Plan
) -> None:
    bought = paid(visitor, lifetime)
    both = offer_of(gold, 149900, renewal="none", term="lifetime")
    after = change(bought, both)
    assert not is_in(visitor, tier)
    refund_order(viewer=viewer_of(owner), order=after, reason="No")
    assert (is_in(visitor, tier), is_in(visitor, gold)) == (True, False)


def test_the_refund_dialog_says_what_comes_back(
    before: Order, clock: Any, owner: User, tier: Plan, gold: Plan
) -> None:
    after = change(before, offer_of(gold, 9000, renewal="none"))
    viewer = viewer_of(owner)
    _terms, effects = preview_refund(viewer=viewer, order=after, amount=None, credit=None, access="")
    said = [(one.plan, one.is_revoked, one.comes_back, one.will_end_at) for one in effects]
    assert said == [("Gold", True, False, at(2026, 2, 28, 12)), (tier.name, False, True, at(2026, 2, 28, 12))]
    assert time_left(after) == 28 * DAY  # nothing was done


def test_time_that_ran_before_a_won_dispute_counts_as_used(before: Order, clock: Any, gold: Plan) -> None:
    clock.move_to(at(2026, 2, 14, 12))
    dispute(before, DisputeState.OPENED)
    dispute(before, DisputeState.WON)
    assert left_of(Order.objects.get(pk=before.pk), timezone.now()).amount == 1400


# Any sequence: what was and will be used is worth what was paid and not given back.

STEP = st.tuples(
    st.sampled_from(["change", "change", "refund", "part", "fail", "open", "win", "lose", "wait", "wait"]),
    st.integers(0, 7),
    st.integers(1, 99),
)


@dataclass
class Buyer:
    """One buyer's orders, and what a reference of a few lines says of them."""

    user: User
    owner: User
    offers: list[Offer]
    clock: Any
    orders: list[Order] = field(default_factory=list)
    waived: Fraction = Fraction(0)  # used, and its money given back all the same
    steps: int = 0

    def do(self, what: str, which: int, share: int) -> None:
        self.steps += 1
        was_used, was_net = self.used(), self.net()
        with suppress(Refused):
            getattr(self, what)(which, share)
        self.check(what, was_used, gave_back=was_net - self.net())

    def check(self, what: str, used: Fraction, gave_back: int) -> None:
        over, slack = self.enjoyed() - self.net(), 3 * self.steps + 3
        assert over >= -slack, f"after {what} the buyer is short of {-over}"
        if gave_back > 0:  # money goes back whole, whatever was used
            assert -slack <= over - self.waived <= used + slack, f"{what} took too little"
        else:
            assert over - self.waived <= slack, f"after {what} the buyer has {over - self.waived} too much"
        self.waived = over

    def enjoyed(self) -> Fraction:
        """All that was or will be used, in minor units."""
        return self._worth_of_time(datetime.max.replace(tzinfo=UTC))

    def used(self) -> Fraction:
        return self._worth_of_time(timezone.now())

    def net(self) -> int:
        orders = Order.objects.filter(buyer=self.user, paid_at__isnull=False)
        open_ones = Dispute.objects.filter(order__in=orders, state="open")
        return sum(one.value - one.refunded for one in orders) - sum(one.amount for one in open_ones)

    def _worth_of_time(self, until: datetime) -> Fraction:
        worth = Fraction(0)
        for order in Order.objects.filter(buyer=self.user, paid_at__isnull=False).select_related("offer"):
            grants = list(Grant.objects.filter(source=f"order:{order.pk}").order_by("pk"))
            first = grants[0].starts_at
            whole = end_of_term(first, order.term, "UTC") - first  # type: ignore[operator]
            for one in grants:
                ends = min(at for at in (one.ends_at, one.revoked_at, until) if at is not None)
                length = max(ends - one.starts_at, timedelta())
                worth += Fraction(order.offer.price * (length // MICRO), whole // MICRO)  # type: ignore[union-attr]
        return worth

    def _pick(self, which: int) -> Order:
        orders = list(Order.objects.filter(buyer=self.user, paid_at__isnull=False).order_by("pk"))
        return orders[which % len(orders)]

    def change(self, which: int, share: int) -> None:
        change(self._pick(which), self.offers[share % len(self.offers)])

    def refund(self, which: int, share: int) -> None:
        refund_order(viewer=viewer_of(self.owner), order=self._pick(which), reason="All")

    def part(self, which: int, share: int) -> None:
        order = self._pick(which)
        amount = max(refundable(order).money * share // 100, 1)
        refund_order(viewer=viewer_of(self.owner), order=order, reason="Part", amount=amount)

    def fail(self, which: int, share: int) -> None:
        refunds = list(Refund.objects.filter(order__buyer=self.user, state="agreed").order_by("pk"))
        if refunds:
            chosen = refunds[which % len(refunds)]
            take_answer(chosen.pk, RefundAnswer(RefundState.FAILED, "r", "closed"))

    def open(self, which: int, share: int) -> None:
        order = self._pick(which)
        if not order.disputes.filter(state="open").exists():  # a bank has one at a time about a payment
            dispute(order, DisputeState.OPENED, f"d{self.steps}-")

    def win(self, which: int, share: int) -> None:
        self._decide(which, DisputeState.WON)

    def lose(self, which: int, share: int) -> None:
        self._decide(which, DisputeState.LOST)

    def wait(self, which: int, share: int) -> None:
        self.clock.shift(timedelta(hours=7 * share))

    def _decide(self, which: int, state: DisputeState) -> None:
        rows = list(Dispute.objects.filter(order__buyer=self.user, state="open").order_by("pk"))
        if rows:
            row = rows[which % len(rows)]
            name = row.dispute_id.removesuffix(str(row.order_id))
            dispute(row.order, state, name)


MICRO = timedelta(microseconds=1)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=3, max_size=12))
def test_after_any_sequence_nobody_has_less_or_more_than_what_was_paid(
    steps: list[tuple[str, int, int]],
    clock: Any,
    visitor: User,
    owner: User,
    tier: Plan,
    gold: Plan,
    black: Plan,
) -> None:
    with transaction.atomic():
        clock.move_to(BEGIN)
        kinds = [(tier, 280_000), (gold, 900_000), (black, 3_000_000), (gold, 5_000_000)]
        offers = [offer_of(plan, price, renewal="none") for plan, price in kinds]
        buyer = Buyer(visitor, owner, offers, clock)
        paid(visitor, offers[0])
        for step in steps:
            buyer.do(*step)
        transaction.set_rollback(True)


def test_the_law_finds_a_change_that_returns_nothing(
    clock: Any, visitor: User, owner: User, tier: Plan, gold: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the return the buyer is short of it."""
    monkeypatch.setattr("paideia.commerce.deliveries.exchanging.give_back", lambda *_what: None)
    offers = [offer_of(tier, 280_000, renewal="none"), offer_of(gold, 900_000, renewal="none")]
    buyer = Buyer(visitor, owner, offers, clock)
    paid(visitor, offers[0])
    buyer.do("change", 0, 1)
    with pytest.raises(AssertionError, match="short of"):
        buyer.do("refund", 1, 0)


def test_the_database_refuses_more_than_all_of_it(before: Order, clock: Any, gold: Plan) -> None:
    after = change(before, offer_of(gold, 9000, renewal="none"))
    with pytest.raises(IntegrityError, match="exchange_at_most_all"), transaction.atomic():
        Exchange.objects.filter(order=after).update(amount=2801)


def test_a_subscription_is_not_begun_again_by_a_won_dispute(
    clock: Any, visitor: User, tier: Plan, gold: Plan, paid_at_the_sandbox: Pay
) -> None:
    row = subscribe(visitor, offer_of(tier, 2800), paid_at_the_sandbox)
    after = change(row.orders.get(), offer_of(gold, 9000))
    dispute(after, DisputeState.OPENED)
    dispute(after, DisputeState.WON)
    assert Subscription.objects.get(pk=row.pk).state == "ended"
    assert time_left(after) == 28 * DAY
