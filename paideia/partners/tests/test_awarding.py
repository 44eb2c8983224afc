"""Nobody awards themselves: nothing by one's own money, nothing twice, nothing with another community's ids."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from paideia.accounts.models import User
from paideia.activity.readers import rewind, run_once
from paideia.commerce.models import BillingAddress, Offer, Order, Subscription
from paideia.communities.actions import create_community, leave_community
from paideia.lib.refusal import Invalid, NotFound
from paideia.partners.actions import (
    approve_payout,
    attribute,
    become_affiliate,
    decide_affiliate,
    end_rule,
    give_rewards,
    release_commissions,
    save_rule,
)
from paideia.partners.actions.commissions import reckon_commissions
from paideia.partners.actions.shares import RuleTerms
from paideia.partners.models import Affiliate, Attribution, Commission, Payout, Programme, Reward, Sale
from paideia.partners.refusals import MembersOnly, NotPermitted
from paideia.partners.sameness import is_same_payer, mailbox
from tests.cast import let_in, person, viewer_of

from .test_commissions import released

pytestmark = pytest.mark.django_db


@pytest.fixture
def pays_points(affiliate, programme):
    Programme.objects.update(reward_points=50)
    return affiliate


def same_mailbox(one: User, other: User) -> None:
    User.objects.filter(pk=one.pk).update(email="Menno.M+shop@Gmail.com")
    User.objects.filter(pk=other.pk).update(email="mennom@googlemail.com")


def same_mandate(one: User, other: User) -> None:
    for user in (one, other):
        Subscription.objects.create(
            community=user.memberships.first().community,
            user=user,
            offer=Offer.objects.get(),
            price=1,
            currency="CNY",
            provider="sandbox",
            mandate_id="card-1",
            anchor_at=timezone.now(),
            period_ends_at=timezone.now(),
        )


def same_tax_number(one: User, other: User) -> None:
    for user, number in ((one, "9111 0108 ma01"), (other, "91110108MA01")):
        BillingAddress.objects.create(user=user, name="Co", country="CN", tax_id=number)


TRACES = [same_mailbox, same_mandate, same_tax_number]


def test_ones_own_code_earns_nothing_and_gives_no_points(pays_points, offer, mentor, sell, holds):
    sell(offer, mentor, code=pays_points.code)
    released()
    assert (Commission.objects.count(), Reward.objects.count()) == (0, 0)
    assert (holds(mentor, "commission_held"), holds(mentor, "wallet", "POINTS")) == (0, 0)


@pytest.mark.parametrize("trace", TRACES)
def test_neither_does_a_second_account_of_the_same_payer(
    pays_points, offer, mentor, visitor, sell, holds, trace
):
    trace(mentor, visitor)
    sell(offer, visitor, code=pays_points.code)
    released()
    assert (Commission.objects.count(), Reward.objects.count()) == (0, 0)
    assert (holds(mentor, "earnings"), holds(mentor, "wallet", "POINTS")) == (0, 0)


@pytest.mark.parametrize("trace", TRACES)
def test_nor_one_that_came_by_the_link(pays_points, offer, mentor, visitor, sell, community, trace):
    attribute(community=community, user=visitor, code=pays_points.code)
    trace(mentor, visitor)
    sell(offer, visitor)
    assert Commission.objects.count() == 0


@pytest.mark.parametrize("trace", TRACES)
def test_nor_the_level_above_it(affiliate, programme, offer, mentor, moderator, visitor, sell, trace):
    """The buyer's other account brought the partner whose code is used."""
    between = become_affiliate(viewer=viewer_of(moderator), brought_by=affiliate.code)
    trace(mentor, visitor)
    sell(offer, visitor, code=between.code)
    assert [one.affiliate for one in Commission.objects.all()] == [between]


def test_a_renewal_earns_nothing_once_it_shows(affiliate, offer, mentor, visitor, sell, community):
    order = sell(offer, visitor, code=affiliate.code)
    row = Subscription.objects.create(
        community=community,
        user=visitor,
        offer=offer,
        price=1,
        currency="CNY",
        provider="sandbox",
        period=1,
        anchor_at=timezone.now(),
        period_ends_at=timezone.now(),
    )
    Order.objects.filter(pk=order.pk).update(subscription=row, period=1)
    for period in (2, 3):
        renewal = sell(offer, visitor)
        Order.objects.filter(pk=renewal.pk).update(subscription=row, period=period, kind="renewal")
        Sale.objects.filter(order=renewal).delete()
        Programme.objects.update(pays_renewals=True)
        if period == 3:
            same_mailbox(mentor, visitor)
        assert len(reckon_commissions(renewal.pk)) == (period == 2)


def test_points_are_dropped_where_it_shows_only_later(pays_points, offer, mentor, visitor, sell, holds):
    sell(offer, visitor, code=pays_points.code)
    same_mailbox(mentor, visitor)
    released()
    assert holds(mentor, "wallet", "POINTS") == 0
    assert Reward.objects.get().dropped_at is not None


def test_two_people_are_two_payers(pays_points, offer, mentor, visitor, sell, holds):
    """The control: a household, a device, an empty tax number prove nothing."""
    for user in (mentor, visitor):
        BillingAddress.objects.create(
            user=user, name="The same name", address="The same street", country="CN"
        )
    sell(offer, visitor, code=pays_points.code)
    released()
    assert (holds(mentor, "earnings"), holds(mentor, "wallet", "POINTS")) == (2000, 50)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ann@example.org", "ANN+news@example.org", True),
        ("a.nn@example.org", "ann@example.org", False),
        ("a.n.n@gmail.com", "ann@gmail.com", True),
        ("ann@example.org", "ann@example.com", False),
    ],
)
def test_mailboxes(one, other, same):
    assert (mailbox(one) == mailbox(other)) is same


def test_accounts_without_an_address_are_not_the_same(db):
    people = [person("pat"), person("pip")]
    User.objects.update(email=None)
    assert not is_same_payer(*[one.pk for one in people])


def test_nothing_is_awarded_twice(pays_points, offer, visitor, mentor, sell, holds):
    order = sell(offer, visitor, code=pays_points.code)
    for _time in range(3):
        reckon_commissions(order.pk)
        rewind("partners.commissions")
        run_once("partners.commissions")
        released()
        release_commissions()
        give_rewards()
    assert (holds(mentor, "earnings"), holds(mentor, "wallet", "POINTS")) == (2000, 50)
    for again in (
        lambda: Sale.objects.create(order=order, affiliate=pays_points),
        lambda: Commission.objects.create(
            **{
                name: getattr(Commission.objects.get(), name)
                for name in (
                    "order",
                    "level",
                    "affiliate",
                    "rate",
                    "full",
                    "currency",
                    "earned_at",
                    "release_at",
                )
            }
        ),
        lambda: Reward.objects.create(
            **{
                name: getattr(Reward.objects.get(), name)
                for name in ("community", "newcomer", "affiliate", "order", "points", "due_at")
            }
        ),
        lambda: Attribution.objects.bulk_create(
            [
                Attribution(
                    community=offer.community, user=visitor, affiliate=pays_points, until=timezone.now()
                )
                for _row in range(2)
            ]
        ),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            again()


def test_a_code_of_another_community_awards_nothing(affiliate, offer, visitor, stranger, sell):
    theirs = create_community(by=stranger, slug="other", name="Other", language="en")
    Programme.objects.create(community=theirs, is_open=True, joining="everybody", rate_first=5000)
    foreign = become_affiliate(viewer=viewer_of(stranger, theirs))
    sell(offer, visitor, code=foreign.code)
    attribute(community=offer.community, user=visitor, code=foreign.code)
    assert (Commission.objects.count(), Attribution.objects.count()) == (0, 0)


def test_the_ids_of_another_community_are_nobodys_here(affiliate, offer, owner, mentor, stranger):
    theirs = create_community(by=stranger, slug="other", name="Other", language="en")
    me = viewer_of(stranger, theirs)  # may do all of it there
    payout = Payout.objects.create(
        community=offer.community,
        user=mentor,
        amount=100,
        currency="CNY",
        method="bank",
        holder="M",
        account="1",
    )
    rule = save_rule(viewer=viewer_of(owner), terms=RuleTerms("Half", "fixed", 5000, mentor))
    for act in (
        lambda: approve_payout(viewer=me, payout=payout),
        lambda: decide_affiliate(viewer=me, affiliate=affiliate, to="closed"),
        lambda: end_rule(viewer=me, rule=rule),
    ):
        with pytest.raises(NotFound):
            act()
    for terms in (
        RuleTerms("Theirs", "fixed", 5000, mentor),
        RuleTerms("Theirs", "fixed", 5000, stranger, offers=(offer,)),
    ):
        with pytest.raises(Invalid):
            save_rule(viewer=me, terms=terms)


def test_who_is_no_member_any_more_becomes_no_partner(programme, community, visitor):
    leave_community(community=community, user=visitor)
    with pytest.raises(MembersOnly):
        become_affiliate(viewer=viewer_of(visitor))


def test_nobody_decides_about_themselves_without_the_permission(programme, community, mentor):
    Programme.objects.update(joining="approval")
    mine = become_affiliate(viewer=viewer_of(mentor))
    with pytest.raises(NotPermitted):
        decide_affiliate(viewer=viewer_of(mentor), affiliate=mine, to=Affiliate.State.ACTIVE)
    with pytest.raises(NotPermitted):
        save_rule(viewer=viewer_of(mentor), terms=RuleTerms("Mine", "fixed", 9000, mentor))
    helper = let_in(community, person("helper"), "moderator")
    with pytest.raises(NotPermitted):
        decide_affiliate(viewer=viewer_of(helper), affiliate=mine, to=Affiliate.State.ACTIVE)
