"""What is paid off in parts is there from the first of them."""

from typing import Any

import pytest

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.commerce.actions import refund_order
from paideia.commerce.actions.subscriptions import cancel, pay_period
from paideia.commerce.models import Offer
from paideia.commerce.refusals import (
    PaidToTheEnd,
)
from tests.cast import viewer_of

from .subscribing import (
    Pay,
    at,
    clock,
    decline,
    is_in,
    offer_of,
    pass_time,
    subscribe,
)

__all__ = ["clock"]


@pytest.fixture
def course(tier: Plan) -> Offer:
    return offer_of(tier, 1000, term="lifetime", renewal="instalments", instalments=3)


def test_instalments_open_from_the_first_and_for_good_after_the_last(
    clock: Any, visitor: User, course: Offer, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    running = subscribe(visitor, course, paid_at_the_sandbox)
    assert (is_in(visitor, tier), running.instalments) == (True, 3)
    with pytest.raises(PaidToTheEnd):
        cancel(viewer=viewer_of(visitor), subscription=running, reason="time")
    pass_time(clock, at(2026, 4, 10))
    running.refresh_from_db()
    assert (running.state, running.ended_at, running.charge_at) == ("paid_off", at(2026, 3, 31, 12), None)
    assert [(o.kind, o.total) for o in running.orders.order_by("pk")] == [
        ("purchase", 1000),
        ("instalment", 1000),
        ("instalment", 1000),
    ]
    assert is_in(visitor, tier, at(2036, 1, 1))


def test_a_missed_instalment_lets_access_rest_until_it_is_paid(
    clock: Any, visitor: User, course: Offer, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    running = subscribe(visitor, course, paid_at_the_sandbox)
    decline(running)
    pass_time(clock, at(2026, 3, 20))
    running.refresh_from_db()
    assert (running.state, running.charge_at, is_in(visitor, tier)) == ("past_due", None, False)
    paid_at_the_sandbox(pay_period(viewer=viewer_of(visitor), subscription=running, provider="sandbox"))
    running.refresh_from_db()
    assert (running.state, running.period, is_in(visitor, tier)) == ("active", 2, True)
    pass_time(clock, at(2026, 4, 1))
    running.refresh_from_db()
    assert (running.state, is_in(visitor, tier, at(2036, 1, 1))) == ("paid_off", True)


def test_a_refunded_instalment_takes_back_all_that_they_gave(
    clock: Any, visitor: User, course: Offer, owner: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    running = subscribe(visitor, course, paid_at_the_sandbox)
    pass_time(clock, at(2026, 4, 10))
    refund_order(viewer=viewer_of(owner), order=running.orders.order_by("pk")[0], reason="Changed mind")
    assert not is_in(visitor, tier)
