"""What affiliates earn, and what refunds take back."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from paideia.accounts.models import User
from paideia.activity.readers import rewind, run_once
from paideia.commerce.actions import refund_order
from paideia.commerce.actions.disputes import take_in
from paideia.commerce.models import Offer
from paideia.commerce.providers import DisputeNews, DisputeState
from paideia.ledger.models import Transfer
from paideia.partners.actions import (
    attribute,
    become_affiliate,
    decide_affiliate,
    give_rewards,
    release_commissions,
)
from paideia.partners.models import Attribution, Commission, Programme, Reward, Sale
from tests.cast import viewer_of

pytestmark = pytest.mark.django_db
LATER = timedelta(days=31)


def released(days: timedelta = LATER) -> None:
    with time_machine.travel(timezone.now() + days):
        release_commissions()
        give_rewards()


def hear() -> None:
    run_once("partners.commissions")


def refund(order, owner, amount=None):
    row = refund_order(viewer=viewer_of(owner), order=order, reason="As asked", amount=amount)
    hear()
    return row


def test_a_sale_by_a_code_earns_a_held_commission(affiliate, offer, visitor, mentor, sell, holds):
    sell(offer, visitor, affiliate.code)
    assert holds(mentor, "commission_held") == 2000
    assert holds(mentor, "earnings") == 0
    assert holds(mentor, "sales", owner="house") == 8000


def test_it_becomes_earnings_after_the_hold_and_not_before(affiliate, offer, visitor, mentor, sell, holds):
    sell(offer, visitor, affiliate.code)
    released(timedelta(days=29))
    assert holds(mentor, "earnings") == 0
    released()
    released()
    assert (holds(mentor, "commission_held"), holds(mentor, "earnings")) == (0, 2000)


def test_who_brought_the_affiliate_gets_the_second_level(
    affiliate, offer, visitor, mentor, member, sell, holds
):
    attribute(community=offer.community, user=member, code=affiliate.code)
    below = become_affiliate(viewer=viewer_of(member))
    assert below.brought_by == affiliate
    sell(offer, visitor, below.code)
    assert holds(member, "commission_held") == 2000
    assert holds(mentor, "commission_held") == 500


def test_there_is_no_third_level(affiliate, offer, visitor, mentor, member, moderator, sell, holds):
    below = become_affiliate(viewer=viewer_of(member), brought_by=affiliate.code)
    lowest = become_affiliate(viewer=viewer_of(moderator), brought_by=below.code)
    sell(offer, visitor, lowest.code)
    assert holds(moderator, "commission_held") == 2000
    assert holds(member, "commission_held") == 500
    assert holds(mentor, "commission_held") == 0


def test_nobody_earns_by_what_they_buy_themselves(affiliate, offer, mentor, member, sell, holds):
    sell(offer, mentor, affiliate.code)
    assert Commission.objects.count() == 0
    below = become_affiliate(viewer=viewer_of(member), brought_by=affiliate.code)
    order = sell(offer, mentor, below.code)
    assert list(order.commissions.values_list("affiliate", "level")) == [(below.pk, 1)]
    assert holds(mentor, "commission_held") == 0


def test_nobody_is_brought_by_themselves(affiliate, mentor):
    assert attribute(community=affiliate.community, user=mentor, code=affiliate.code) is None
    assert Attribution.objects.count() == 0


def test_a_person_who_came_by_a_link_counts_without_a_code(affiliate, offer, visitor, mentor, sell, holds):
    attribute(community=offer.community, user=visitor, code=affiliate.code.lower())
    sell(offer, visitor)
    assert holds(mentor, "commission_held") == 2000


def test_the_first_link_counts_until_its_days_are_over(
    affiliate, offer, visitor, mentor, member, sell, holds
):
    other = become_affiliate(viewer=viewer_of(member))
    attribute(community=offer.community, user=visitor, code=affiliate.code)
    attribute(community=offer.community, user=visitor, code=other.code)
    assert Attribution.objects.get().affiliate == affiliate
    with time_machine.travel(timezone.now() + LATER):
        sell(offer, visitor)
    assert Commission.objects.count() == 0


@pytest.mark.parametrize("code", ["", "NOSUCH22", "ZZ", "' OR 1=1", "ＡＢＣＤ", "A" * 40])
def test_codes_that_nobody_has_earn_nobody_anything(affiliate, offer, visitor, sell, code):
    sell(offer, visitor, code)
    assert Commission.objects.count() == 0


def test_a_closed_affiliate_keeps_what_was_earned_and_earns_nothing_new(
    affiliate, offer, owner, visitor, moderator, mentor, sell, holds
):
    sell(offer, visitor, affiliate.code)
    decide_affiliate(viewer=viewer_of(owner), affiliate=affiliate, to="closed")
    sell(offer, moderator, affiliate.code)
    assert holds(mentor, "commission_held") == 2000


def test_only_the_chosen_offers_earn(affiliate, programme, offer, tier, visitor, member, mentor, sell, holds):
    other = Offer.objects.create(community=tier.community, name="Other", price=500, currency="CNY")
    other.plans.add(tier)
    programme.offers.add(other)
    sell(offer, visitor, affiliate.code)
    assert holds(mentor, "commission_held") == 0
    sell(other, visitor, affiliate.code)
    assert holds(mentor, "commission_held") == 100


def test_a_partial_refund_takes_its_share_back(affiliate, offer, owner, visitor, mentor, sell, holds):
    order = sell(offer, visitor, affiliate.code)
    refund(order, owner, 2501)
    assert Commission.objects.get().amount == 1499  # 2000 · 7499 / 10000, rounded down
    assert holds(mentor, "commission_held") == 1499
    refund(order, owner)
    assert holds(mentor, "commission_held") == 0
    released()
    assert holds(mentor, "earnings") == 0


def test_a_refund_that_failed_gives_the_commission_again(
    affiliate, offer, owner, visitor, mentor, sell, holds
):
    from paideia.commerce.actions.sending import take_answer
    from paideia.commerce.providers import RefundAnswer, RefundState

    order = sell(offer, visitor, affiliate.code)
    row = refund(order, owner)
    assert holds(mentor, "commission_held") == 0
    take_answer(row.pk, RefundAnswer(RefundState.FAILED, message="closed account"))
    hear()
    assert holds(mentor, "commission_held") == 2000


def test_a_refund_after_release_comes_out_of_the_earnings(
    affiliate, offer, owner, visitor, mentor, sell, holds
):
    order = sell(offer, visitor, affiliate.code)
    released()
    refund(order, owner, 5000)
    assert holds(mentor, "earnings") == 1000


def test_what_was_paid_out_is_owed_and_paid_by_the_next_commission(
    affiliate, offer, owner, visitor, moderator, mentor, sell, holds
):
    from paideia.partners.actions import Destination, ask_for_payout

    order = sell(offer, visitor, affiliate.code)
    released()
    ask_for_payout(
        viewer=viewer_of(mentor),
        amount=1500,
        currency="CNY",
        to=Destination("bank", "Menno", "6222000011112222"),
    )
    refund(order, owner)
    debt = f"world:user:{mentor.pk}"
    assert holds(mentor, "earnings") == 0
    assert holds(mentor, "debt", owner=debt) == -1500
    assert holds(mentor, "receivable", owner="house") == 1500
    sell(offer, moderator, affiliate.code)
    released()
    assert holds(mentor, "earnings") == 500
    assert holds(mentor, "debt", owner=debt) == 0
    assert holds(mentor, "receivable", owner="house") == 0


def test_a_dispute_takes_the_commission_until_it_is_won(affiliate, offer, visitor, mentor, sell, holds):
    order = sell(offer, visitor, affiliate.code)

    def news(state):
        take_in(
            order,
            DisputeNews(
                message_id=f"d-{state}",
                dispute_id="d1",
                order_number=order.number,
                charge_id=order.charge_id,
                state=state,
                amount=order.total,
                currency="CNY",
                at=timezone.now(),
                reason="fraud",
                body={},
            ),
        )
        hear()

    news(DisputeState.OPENED)
    assert holds(mentor, "commission_held") == 0
    news(DisputeState.WON)
    assert holds(mentor, "commission_held") == 2000


def test_a_replay_changes_nothing(affiliate, programme, offer, owner, visitor, moderator, sell):
    early = sell(offer, moderator)
    order = sell(offer, visitor, affiliate.code)
    refund(order, owner, 3000)
    attribute(community=offer.community, user=moderator, code=affiliate.code)
    programme.rate_first = 5000
    programme.save()
    before = (list(Commission.objects.values()), Transfer.objects.count(), list(Sale.objects.values()))
    rewind("partners.commissions")
    hear()
    assert (
        list(Commission.objects.values()),
        Transfer.objects.count(),
        list(Sale.objects.values()),
    ) == before
    assert Sale.objects.get(order=early).affiliate is None


def test_a_refund_heard_of_before_the_sale_leaves_nothing(affiliate, offer, owner, visitor, sell, holds):
    """As when the sale's fact was set aside and is heard again."""
    order = sell(offer, visitor, affiliate.code, hear=False)
    refund_order(viewer=viewer_of(owner), order=order, reason="At once")
    hear()
    assert holds(visitor, "sales", owner="house") == 0
    assert [one.amount for one in Commission.objects.all()] == [0]


def test_points_for_a_member_who_pays_first(affiliate, programme, offer, visitor, mentor, sell, holds):
    programme.reward_points = 300
    programme.save()
    sell(offer, visitor, affiliate.code)
    sell(offer, visitor, affiliate.code)
    assert holds(mentor, "wallet", "POINTS") == 0
    released()
    released()
    assert holds(mentor, "wallet", "POINTS") == 300
    assert holds(mentor, "issued", "POINTS", owner="world:points") == -300


def test_no_points_for_whose_money_went_back(
    affiliate, programme, offer, owner, visitor, mentor, sell, holds
):
    programme.reward_points = 300
    programme.save()
    refund(sell(offer, visitor, affiliate.code), owner)
    released()
    assert holds(mentor, "wallet", "POINTS") == 0
    assert Reward.objects.get().dropped_at is not None


def test_no_points_for_who_paid_here_before(affiliate, programme, offer, visitor, sell):
    programme.reward_points = 300
    programme.save()
    sell(offer, visitor)
    sell(offer, visitor, affiliate.code)
    assert Reward.objects.count() == 0


def test_what_the_sales_do_not_hold_any_more_the_owners_put_in(
    affiliate, offer, owner, visitor, mentor, sell, holds
):
    order = sell(offer, visitor, affiliate.code, hear=False)
    from paideia.ledger.actions import Move, account, post

    post(
        [
            Move(
                account(offer.community, "house", "sales", "CNY"),
                account(offer.community, "world:bank", "payouts", "CNY"),
                9500,
                "drawn",
            )
        ]
    )
    hear()
    assert holds(mentor, "commission_held") == 2000
    assert holds(mentor, "advances", owner="world:owners") == -1500
    assert order.value == 10000


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"rate_first": 9000, "rate_second": 1001}, "programme_gives_at_most_all"),
        ({"cookie_days": 0}, "programme_days_in_range"),
        ({"hold_days": 366}, "programme_days_in_range"),
    ],
)
def test_the_database_refuses_senseless_programmes(programme, fields, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Programme.objects.filter(pk=programme.pk).update(**fields)


def test_another_community_hears_nothing_of_it(affiliate, offer, visitor, owner, sell):
    from paideia.communities.actions import create_community

    other = create_community(by=owner, slug="other", name="Other", language="en")
    assert attribute(community=other, user=visitor, code=affiliate.code) is None
    assert User.objects.filter(pk=visitor.pk).exists()
