"""The ladder: every plan that ends is told of, whatever it was bought by, once a step and once a day."""

from datetime import timedelta
from typing import Any

import pytest

from paideia.access.actions import grant
from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.commerce.actions import place_order
from paideia.commerce.actions.reminding import remind, remind_all
from paideia.commerce.actions.subscriptions import cancel
from paideia.commerce.models import Offer, Order, Reminder, RetentionOffer
from paideia.communities.models import Community
from tests.cast import viewer_of

from .subscribing import BEGIN, Pay, at, by_hand, clock, offer_of, subscribe

__all__ = ["clock"]


def give(user: User, plan: Plan, days: int, source: str = "order:0", **more: Any) -> None:
    grant(
        user=user,
        plan=plan,
        starts_at=BEGIN,
        ends_at=BEGIN + timedelta(days=days),
        source=source,
        key=f"{source}:{user.pk}:{days}",
        **more,
    )


def days_pass(clock: Any, community: Community, days: int) -> list[str]:
    """The steps that were said, with the day of each, when the job runs twice a day."""
    said = []
    for half in range(days * 2):
        clock.move_to(BEGIN + timedelta(hours=12 * half))
        before = Reminder.objects.count()
        if remind_all():
            said += [f"{half // 2}:{one.step}" for one in Reminder.objects.order_by("pk")[before:]]
    return said


def test_each_step_is_said_once(clock: Any, visitor: User, tier: Plan, community: Community) -> None:
    give(visitor, tier, 90)
    assert days_pass(clock, community, 125) == ["60:D-30", "83:D-7", "89:D-1", "93:D+3"]
    assert Fact.objects.filter(verb="term.reminded").count() == 4


@pytest.mark.parametrize(
    ("days", "steps"),
    [(30, ["23:D-7", "29:D-1", "33:D+3"]), (7, ["6:D-1", "10:D+3"]), (1, ["4:D+3"])],
)
def test_a_short_term_has_fewer_steps(
    clock: Any, visitor: User, tier: Plan, community: Community, days: int, steps: list[str]
) -> None:
    give(visitor, tier, days)
    assert days_pass(clock, community, days + 30) == steps


def test_a_term_that_another_follows_is_not_told_of(
    clock: Any, visitor: User, tier: Plan, community: Community, monthly: Offer, paid_at_the_sandbox: Pay
) -> None:
    paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox"))
    clock.move_to(BEGIN + timedelta(days=20))
    paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox"))
    clock.move_to(BEGIN)
    assert days_pass(clock, community, 40) == []


def test_what_is_charged_by_itself_is_not_told_of_by_the_month(
    clock: Any, visitor: User, tier: Plan, community: Community, paid_at_the_sandbox: Pay
) -> None:
    subscribe(visitor, offer_of(tier), paid_at_the_sandbox)
    assert days_pass(clock, community, 28) == []


def test_a_yearly_renewal_is_announced_with_its_price(
    clock: Any, visitor: User, tier: Plan, community: Community, paid_at_the_sandbox: Pay
) -> None:
    subscribe(visitor, offer_of(tier, 19900, term="year"), paid_at_the_sandbox)
    clock.move_to(at(2027, 1, 24, 12))
    assert (remind(community), remind(community)) == (1, 0)
    told = Fact.objects.get(verb="term.reminded").detail
    assert (told["what"], told["price"], told["step"]) == ("renews", 19900, "D-7")


def test_what_is_paid_by_hand_and_what_was_cancelled_end_like_a_term(
    clock: Any, visitor: User, owner: User, tier: Plan, community: Community, paid_at_the_sandbox: Pay
) -> None:
    offer = offer_of(tier)
    by_hand(subscribe(visitor, offer, paid_at_the_sandbox))
    left = subscribe(owner, offer, paid_at_the_sandbox)
    cancel(viewer=viewer_of(owner), subscription=left, reason="time")
    clock.move_to(at(2026, 2, 21, 12))
    assert remind(community) == 2
    assert {fact.detail["what"] for fact in Fact.objects.filter(verb="term.reminded")} == {"ends"}


def test_the_charge_after_a_trial_is_announced(
    clock: Any, visitor: User, tier: Plan, community: Community, paid_at_the_sandbox: Pay
) -> None:
    subscribe(visitor, offer_of(tier, trial_days=14, trial_price=100), paid_at_the_sandbox, kind="trial")
    said = days_pass(clock, community, 14)
    told = Fact.objects.get(verb="term.reminded").detail
    assert (said, told["what"], told["is_trial"], told["price"]) == (["13:D-1"], "renews", True, 3000)


def test_grace_is_no_time_that_was_paid(clock: Any, visitor: User, tier: Plan, community: Community) -> None:
    give(visitor, tier, 5, source="grace:1")
    assert days_pass(clock, community, 30) == []


def test_who_left_is_won_back_with_less_for_the_first_periods(
    clock: Any, visitor: User, tier: Plan, community: Community, paid_at_the_sandbox: Pay
) -> None:
    RetentionOffer.objects.create(community=community, win_back_percent=40, win_back_periods=2)
    offer = offer_of(tier)
    give(visitor, tier, 30)
    said = days_pass(clock, community, 60)
    assert said[-1] == "44:win-back"
    clock.move_to(BEGIN + timedelta(days=60))
    back = subscribe(visitor, offer, paid_at_the_sandbox)
    assert (back.orders.get().total, back.discount_percent, back.discount_periods) == (1800, 40, 1)
    assert back.price == 3000
    cancel(viewer=viewer_of(visitor), subscription=back, reason="time")


def test_nobody_else_is_charged_less(
    clock: Any, visitor: User, owner: User, tier: Plan, community: Community, paid_at_the_sandbox: Pay
) -> None:
    RetentionOffer.objects.create(community=community, win_back_percent=40, win_back_periods=2)
    subscribe(owner, offer_of(tier), paid_at_the_sandbox)
    assert Order.objects.get().total == 3000


def test_it_is_said_in_the_morning_of_the_community(
    clock: Any, visitor: User, tier: Plan, community: Community
) -> None:
    Community.objects.update(time_zone="Asia/Shanghai")
    give(visitor, tier, 90)
    clock.move_to(at(2026, 4, 30, 0))  # eight o'clock in Shanghai
    assert remind_all() == 0
    clock.move_to(at(2026, 4, 30, 1))
    assert (remind_all(), remind_all()) == (1, 0)
