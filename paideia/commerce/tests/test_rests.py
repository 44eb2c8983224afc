"""A suspended member: nothing is charged, nothing ends, and what was paid for goes on afterwards."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from paideia.access.models import Grant, Plan
from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.activity.readers import run_once
from paideia.commerce.actions import place_order, refund_order
from paideia.commerce.actions.reminding import remind
from paideia.commerce.actions.rests import begin_and_end_rests
from paideia.commerce.actions.subscriptions import cancel, pay_period
from paideia.commerce.jobs.renewals import renew_all
from paideia.commerce.models import Coupon, Offer, Order, Rest, SandboxCharge, Subscription
from paideia.commerce.refusals import BuyerSuspended
from paideia.communities.actions import lift_suspension, suspend
from paideia.communities.models import Membership
from tests.cast import sign_in, viewer_of

from .subscribing import BEGIN, Pay, at, by_hand, clock, decline, is_in, offer_of, pass_time, subscribe

__all__ = ["clock"]
DAY = timedelta(days=1)


@pytest.fixture
def monthly(tier: Plan) -> Offer:
    return offer_of(tier, 2800)


@pytest.fixture
def running(clock: Any, visitor: User, monthly: Offer, paid_at_the_sandbox: Pay) -> Subscription:
    return subscribe(visitor, monthly, paid_at_the_sandbox)


def shut_out(user: User, owner: User, until: datetime | None = None) -> None:
    suspend(membership=Membership.objects.get(user=user), by=owner, reason="Spam", until=until)
    run_once("commerce.rests")


def let_back(user: User, owner: User) -> None:
    lift_suspension(membership=Membership.objects.get(user=user), by=owner)
    run_once("commerce.rests")


def go(clock: Any, until: datetime) -> None:
    """Time passes with the jobs of every five minutes, and none of the facts' readers."""
    pass_time(clock, until)
    begin_and_end_rests()


def totals(row: Subscription) -> list[int]:
    return list(row.orders.filter(paid_at__isnull=False).order_by("pk").values_list("total", flat=True))


def test_nobody_is_charged_while_suspended(running: Subscription, clock: Any, owner: User) -> None:
    clock.move_to(at(2026, 2, 10, 12))
    shut_out(running.user, owner)
    pass_time(clock, at(2026, 9, 1))
    running.refresh_from_db()
    assert (totals(running), running.state, running.charge_at) == ([2800], "active", None)
    assert SandboxCharge.objects.count() == 1


def test_what_was_left_goes_on_when_it_is_lifted_and_is_renewed_at_its_end(
    running: Subscription, clock: Any, owner: User, tier: Plan
) -> None:
    clock.move_to(at(2026, 2, 10, 12))  # 18 of 28 days are left
    shut_out(running.user, owner)
    clock.move_to(at(2026, 5, 1, 12))
    let_back(running.user, owner)
    running.refresh_from_db()
    assert (running.period_ends_at, running.charge_at) == (at(2026, 5, 19, 12), at(2026, 5, 19, 12))
    assert [is_in(running, tier, when) for when in (at(2026, 5, 1, 13), at(2026, 5, 19, 11))] == [True, True]
    pass_time(clock, at(2026, 5, 20))
    running.refresh_from_db()
    assert (totals(running), running.period_ends_at) == ([2800, 2800], at(2026, 6, 19, 12))
    assert is_in(running, tier)
    given = [one.ends_at - one.starts_at for one in Grant.objects.filter(source__startswith="order:")]
    assert sum(given, timedelta()) == 28 * DAY + 31 * DAY


def test_a_suspension_that_ends_by_itself_counts_to_its_own_end(
    running: Subscription, clock: Any, owner: User
) -> None:
    clock.move_to(at(2026, 2, 10, 12))
    shut_out(running.user, owner, until=at(2026, 2, 20, 12))
    go(clock, at(2026, 2, 22))  # the worker was away for a day and a half
    running.refresh_from_db()
    assert running.period_ends_at == at(2026, 3, 10, 12)
    assert Rest.objects.get().until == at(2026, 2, 20, 12)


def test_the_job_of_every_five_minutes_does_it_without_the_facts(
    running: Subscription, clock: Any, owner: User
) -> None:
    suspend(membership=Membership.objects.get(user=running.user), by=owner, reason="Spam")
    clock.move_to(at(2026, 3, 5))
    renew_all(0)
    assert Rest.objects.filter(until=None).count() == 1
    lift_suspension(membership=Membership.objects.get(user=running.user), by=owner)
    renew_all(0)
    running.refresh_from_db()
    assert (Rest.objects.filter(until=None).count(), running.period_ends_at) == (0, at(2026, 4, 2))


def test_without_the_rest_it_would_be_charged(
    running: Subscription, clock: Any, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: it is the look at the suspension that keeps the charge away."""
    monkeypatch.setattr("paideia.commerce.actions.renewing.is_shut_out", lambda *_who: False)
    suspend(membership=Membership.objects.get(user=running.user), by=owner, reason="Spam")
    pass_time(clock, at(2026, 3, 1))
    assert totals(running) == [2800, 2800]


def test_who_was_late_is_asked_again_from_then_on(
    running: Subscription, clock: Any, owner: User, tier: Plan
) -> None:
    decline(running)
    pass_time(clock, at(2026, 3, 1))
    running.refresh_from_db()
    assert running.state == "past_due"
    shut_out(running.user, owner)
    pass_time(clock, at(2026, 4, 1))
    running.refresh_from_db()
    assert (running.state, running.orders.filter(state__in=["created", "awaiting"]).count()) == (
        "past_due",
        0,
    )
    decline(running, "pay")
    let_back(running.user, owner)
    pass_time(clock, at(2026, 4, 2))
    running.refresh_from_db()
    assert (totals(running), running.period_ends_at) == ([2800, 2800], at(2026, 5, 1))
    assert is_in(running, tier)


def test_who_pays_by_hand_cannot_and_need_not(running: Subscription, clock: Any, owner: User) -> None:
    by_hand(running)
    pass_time(clock, at(2026, 3, 1))
    running.refresh_from_db()
    assert running.state == "past_due"
    shut_out(running.user, owner)
    with pytest.raises(BuyerSuspended):
        pay_period(viewer=viewer_of(running.user), subscription=running, provider="sandbox")
    pass_time(clock, at(2026, 6, 1))
    running.refresh_from_db()
    assert running.state == "past_due"
    let_back(running.user, owner)
    order = pay_period(viewer=viewer_of(running.user), subscription=running, provider="sandbox")
    assert order.total == 2800


def test_it_can_be_cancelled_meanwhile_and_what_was_paid_still_goes_on(
    running: Subscription, clock: Any, owner: User, tier: Plan
) -> None:
    clock.move_to(at(2026, 2, 21, 12))  # a week is left
    shut_out(running.user, owner)
    cancel(viewer=viewer_of(running.user), subscription=running, reason="price")
    pass_time(clock, at(2026, 4, 1))
    let_back(running.user, owner)
    assert is_in(running, tier, at(2026, 4, 7, 23))
    assert not is_in(running, tier, at(2026, 4, 8, 1))
    pass_time(clock, at(2026, 5, 1))
    assert totals(running) == [2800]


def test_terms_bought_in_advance_are_equals(
    clock: Any, visitor: User, owner: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    term = offer_of(tier, 2800, renewal="none")
    for _time in range(2):
        paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=term, provider="sandbox"))
    clock.move_to(at(2026, 2, 14, 12))
    shut_out(visitor, owner)
    clock.move_to(at(2026, 8, 1, 12))
    let_back(visitor, owner)
    last = Grant.objects.filter(user=visitor).latest("ends_at")
    assert last.ends_at == at(2026, 8, 1, 12) + 14 * DAY + 28 * DAY
    given = [one.ends_at - one.starts_at for one in Grant.objects.filter(user=visitor)]
    assert sum(given, timedelta()) == 2 * 28 * DAY


def test_a_refund_takes_what_went_on_too(
    clock: Any, visitor: User, owner: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    term = offer_of(tier, 2800, renewal="none")
    order = paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=term, provider="sandbox"))
    clock.move_to(at(2026, 2, 14, 12))
    shut_out(visitor, owner)
    clock.move_to(at(2026, 2, 20, 12))
    let_back(visitor, owner)
    assert is_in(visitor, tier)
    refund_order(viewer=viewer_of(owner), order=order, reason="No")
    assert not is_in(visitor, tier)


def test_a_fixed_day_stays_where_it_is(
    clock: Any, visitor: User, owner: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    term = offer_of(tier, 2800, renewal="none", term="deadline", ends_at=at(2026, 3, 1))
    paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=term, provider="sandbox"))
    shut_out(visitor, owner)
    clock.move_to(at(2026, 2, 20, 12))
    let_back(visitor, owner)
    assert [one.ends_at for one in Grant.objects.filter(user=visitor)] == [at(2026, 3, 1)]


def test_a_trial_is_not_charged_while_suspended_and_goes_on(
    clock: Any, visitor: User, owner: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    offer = offer_of(tier, 2800, trial_days=10, trial_price=100)
    row = subscribe(visitor, offer, paid_at_the_sandbox, kind="trial")
    clock.move_to(BEGIN + 4 * DAY)
    shut_out(visitor, owner)
    pass_time(clock, BEGIN + 30 * DAY)
    let_back(visitor, owner)
    row.refresh_from_db()
    assert (row.state, row.period_ends_at) == ("trial", BEGIN + 36 * DAY)
    assert (is_in(row, tier), totals(row)) == (True, [])
    pass_time(clock, BEGIN + 37 * DAY)
    assert totals(row) == [2800]


def test_instalments_rest_too_and_last_as_long_as_agreed(
    clock: Any, visitor: User, owner: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    offer = offer_of(tier, 1000, renewal="instalments", instalments=3, term="year")
    row = subscribe(visitor, offer, paid_at_the_sandbox)
    clock.move_to(at(2026, 2, 10, 12))
    shut_out(visitor, owner)
    pass_time(clock, at(2026, 5, 10, 12))
    assert totals(row) == [1000]
    let_back(visitor, owner)
    pass_time(clock, at(2026, 9, 1))
    row.refresh_from_db()
    assert (totals(row), row.state) == ([1000, 1000, 1000], "paid_off")
    rested = at(2026, 5, 10, 12) - at(2026, 2, 10, 12)
    assert is_in(row, tier, at(2027, 1, 31, 12) + rested - DAY)
    assert not is_in(row, tier, at(2027, 1, 31, 12) + rested + DAY)


def test_coupons_for_every_period_count_after_it_too(
    clock: Any, visitor: User, owner: User, monthly: Offer, paid_at_the_sandbox: Pay
) -> None:
    Coupon.objects.create(
        community=monthly.community, code="HALF", percent=50, first_period_only=False, uses_each_max=None
    )
    row = subscribe(visitor, monthly, paid_at_the_sandbox, codes=("HALF",))
    shut_out(visitor, owner)
    clock.move_to(at(2026, 2, 20, 12))
    let_back(visitor, owner)
    pass_time(clock, at(2026, 3, 25))
    assert totals(row) == [1400, 1400]


def test_two_suspensions_in_a_row_are_one_rest(running: Subscription, clock: Any, owner: User) -> None:
    clock.move_to(at(2026, 2, 10, 12))
    shut_out(running.user, owner, until=at(2026, 2, 12, 12))
    clock.move_to(at(2026, 2, 11, 12))
    shut_out(running.user, owner, until=at(2026, 2, 15, 12))
    go(clock, at(2026, 2, 16))
    running.refresh_from_db()
    assert running.period_ends_at == at(2026, 3, 5, 12)
    for _again in range(2):
        assert begin_and_end_rests() == 0


def test_reminders_wait_for_who_can_do_something(
    clock: Any, visitor: User, owner: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    term = offer_of(tier, 2800, renewal="none")
    paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=term, provider="sandbox"))
    shut_out(visitor, owner)
    clock.move_to(at(2026, 2, 21, 12))
    assert remind(tier.community) == 0
    let_back(visitor, owner)
    clock.move_to(at(2026, 3, 14, 12))
    assert remind(tier.community) == 1


def test_the_team_sees_what_rests_and_since_when(running: Subscription, clock: Any, owner: User) -> None:
    clock.move_to(at(2026, 2, 10, 12))
    shut_out(running.user, owner)
    page = sign_in(owner).get("/c/agora/manage/subscriptions/?state=rests").content.decode()
    assert ("Rests while suspended" in page, "rests since" in page, "vera" in page) == (True, True, True)
    let_back(running.user, owner)
    page = sign_in(owner).get("/c/agora/manage/subscriptions/?state=rests").content.decode()
    assert "No subscription matches" in page


def test_the_member_is_shown_that_it_rests(running: Subscription, clock: Any, owner: User) -> None:
    shut_out(running.user, owner)
    page = sign_in(running.user).get("/c/agora/membership/").content.decode()
    assert ("It rests while you are suspended" in page, "Pay now" in page) == (True, False)


def test_each_step_is_a_fact(running: Subscription, clock: Any, owner: User) -> None:
    shut_out(running.user, owner)
    let_back(running.user, owner)
    facts = Fact.objects.filter(verb__in=["subscription.rested", "subscription.went_on"]).order_by("id")
    assert [one.verb for one in facts] == ["subscription.rested", "subscription.went_on"]


@pytest.mark.parametrize("until", [None, BEGIN - DAY])
def test_the_database_refuses_impossible_rests(visitor: User, tier: Plan, until: datetime | None) -> None:
    Rest.objects.create(community=tier.community, user=visitor, since=BEGIN)
    with pytest.raises(IntegrityError, match="rest_"), transaction.atomic():
        Rest.objects.create(community=tier.community, user=visitor, since=BEGIN, until=until)


def test_others_go_on(
    running: Subscription, clock: Any, owner: User, stranger: User, paid_at_the_sandbox: Pay
) -> None:
    """A suspension here is none there, and none of anybody else."""
    other = subscribe(stranger, running.offer, paid_at_the_sandbox)
    shut_out(running.user, owner)
    pass_time(clock, at(2026, 3, 1))
    assert (totals(other), totals(running)) == ([2800, 2800], [2800])
    assert Order.objects.filter(buyer=stranger, period=2).count() == 1
