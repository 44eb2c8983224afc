"""Orders are agreed on the shop's terms, and trials are had once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from paideia.access.models import Gate, Grant, Plan
from paideia.access.refusals import TrialUsed
from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.commerce.actions import OfferTerms, archive_offer, place_order, save_offer, start_trial
from paideia.commerce.models import Offer, Order
from paideia.commerce.refusals import (
    BuyerSuspended,
    HeldForGood,
    JoinFirst,
    NotPermitted,
    NoTrial,
    OfferGone,
    SignInFirst,
    TooManyOrders,
    WrongOffer,
)
from paideia.commerce.returning import same_site
from paideia.commerce.terms import end_of_term
from paideia.communities.models import Community, Suspension
from paideia.lib.refusal import NotFound
from tests.cast import person, viewer_of


def place(user: User | None, offer: Offer, **other: object) -> Order:
    return place_order(viewer=viewer_of(user), offer=offer, **{"provider": "sandbox", **other})  # type: ignore[arg-type]


def test_an_order_keeps_what_was_agreed(visitor: User, monthly: Offer, admin: User) -> None:
    order = place(visitor, monthly)
    terms = OfferTerms("Dearer", list(monthly.plans.all()), 9900, "CNY", "year")
    save_offer(viewer=viewer_of(admin), offer=monthly, terms=terms)
    order.refresh_from_db()
    assert (order.total, order.currency, order.term, order.state) == (3000, "CNY", "month", "created")
    assert len(order.number) == 14
    fact = Fact.objects.get(verb="order.placed")
    assert (fact.object_id, fact.detail["total"], fact.detail["offer"]) == (order.pk, 3000, "Monthly")


def test_placing_it_again_is_the_same_order_until_the_price_changes(visitor: User, monthly: Offer) -> None:
    first = place(visitor, monthly)
    assert place(visitor, monthly, return_to="/c/agora/") == first
    Offer.objects.update(price=3100)
    second = place(visitor, monthly)
    assert (second.total, Order.objects.count()) == (3100, 2)


def test_the_price_is_the_offers_own_even_when_the_row_in_hand_says_otherwise(
    visitor: User, monthly: Offer
) -> None:
    monthly.price = 1
    assert place(visitor, monthly).total == 3000


def test_what_costs_nothing_is_given_at_once(stranger: User, monthly: Offer, gate: Gate) -> None:
    Offer.objects.update(price=0)
    order = place(stranger, monthly)
    assert (order.state, order.provider, order.charge_id) == ("paid", "free", None)
    assert viewer_of(stranger).can_open(gate.pk)


def test_who_cannot_buy_is_told_why(
    visitor: User, stranger: User, owner: User, monthly: Offer, lifetime: Offer, community: Community
) -> None:
    with pytest.raises(SignInFirst):
        place(None, monthly)
    with pytest.raises(NotFound):
        place(visitor, monthly, provider="stripe")
    Suspension.objects.create(membership=visitor.memberships.get(), reason="spam", by=owner)
    with pytest.raises(BuyerSuspended):
        place(visitor, monthly)
    Community.objects.update(joining="approval")
    with pytest.raises(JoinFirst):
        place(stranger, monthly)
    Offer.objects.filter(pk=lifetime.pk).update(archived_at=timezone.now())
    with pytest.raises(OfferGone):
        place(owner, lifetime)
    assert Order.objects.count() == 0


def test_what_one_has_for_good_is_not_sold_again(member: User, monthly: Offer) -> None:
    with pytest.raises(HeldForGood):
        place(member, monthly)


def test_an_offer_of_another_community_does_not_exist_here(visitor: User) -> None:
    from paideia.communities.actions import create_community

    other = create_community(by=person("otto"), slug="other", name="Other", language="en")
    offer = Offer.objects.create(community=other, name="x", price=1, currency="CNY")
    with pytest.raises(NotFound):
        place(visitor, offer)


def test_unpaid_orders_have_a_limit(visitor: User, monthly: Offer) -> None:
    for price in range(1, 11):
        Offer.objects.update(price=price)
        place(visitor, monthly)
    Offer.objects.update(price=11)
    with pytest.raises(TooManyOrders):
        place(visitor, monthly)


def test_a_trial_is_had_once(visitor: User, monthly: Offer, gate: Gate) -> None:
    (trial,) = start_trial(viewer=viewer_of(visitor), offer=monthly)
    assert (trial.is_trial, trial.ends_at - trial.starts_at) == (True, timedelta(7))
    assert viewer_of(visitor).can_open(gate.pk)
    assert start_trial(viewer=viewer_of(visitor), offer=monthly) == [trial]
    other = Offer.objects.create(
        community=monthly.community, name="Other", price=1, currency="CNY", trial_days=30
    )
    other.plans.set(monthly.plans.all())
    with pytest.raises(TrialUsed):
        start_trial(viewer=viewer_of(visitor), offer=other)
    assert Fact.objects.filter(verb="trial.started").count() == 1


def test_there_is_no_trial_without_days_or_for_those_who_paid(
    member: User, visitor: User, monthly: Offer
) -> None:
    with pytest.raises(NoTrial):
        start_trial(viewer=viewer_of(member), offer=monthly)
    Offer.objects.update(trial_days=0)
    with pytest.raises(NoTrial):
        start_trial(viewer=viewer_of(visitor), offer=monthly)
    assert Grant.objects.filter(is_trial=True).count() == 0


def test_paying_during_a_trial_begins_at_once(visitor: User, monthly: Offer) -> None:
    from paideia.commerce.actions import settle_order

    start_trial(viewer=viewer_of(visitor), offer=monthly)
    order = place(visitor, monthly)
    now = timezone.now()
    settle_order(order.pk, charge_id="c", amount=3000, currency="CNY", paid_at=now)
    assert Grant.objects.get(is_trial=False).starts_at == now


@pytest.mark.parametrize(
    ("begins", "term", "zone", "ends"),
    [
        ("2026-01-31T10:00Z", "month", "UTC", "2026-02-28T10:00Z"),
        ("2024-01-31T10:00Z", "month", "UTC", "2024-02-29T10:00Z"),
        ("2024-02-29T10:00Z", "year", "UTC", "2025-02-28T10:00Z"),
        ("2026-11-30T10:00Z", "quarter", "UTC", "2027-02-28T10:00Z"),
        ("2026-01-31T16:30Z", "month", "Asia/Shanghai", "2026-02-28T16:30Z"),  # 1 February there
        ("2026-03-01T12:00Z", "month", "Europe/Berlin", "2026-04-01T11:00Z"),  # noon stays noon, an hour less
        ("2026-10-01T11:00Z", "month", "Europe/Berlin", "2026-11-01T12:00Z"),
        ("2026-02-28T01:30Z", "month", "Europe/Berlin", "2026-03-28T01:30Z"),
    ],
)
def test_terms_end_by_the_calendar_of_the_community(begins: str, term: str, zone: str, ends: str) -> None:
    begins_at = datetime.fromisoformat(begins).astimezone(UTC)
    assert end_of_term(begins_at, term, zone) == datetime.fromisoformat(ends)


def test_for_good_has_no_end() -> None:
    assert end_of_term(timezone.now(), "lifetime", "UTC") is None


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/c/agora/articles/3/#p7", True),
        ("/c/agora/?after=3&x=%2F#c12", True),
        ("//evil.example/x", False),
        ("/\\evil.example", False),
        ("https://evil.example/", False),
        ("javascript:alert(1)", False),
        ("/\t/evil.example", False),
        ("/x\r\nSet-Cookie: a=b", False),
        ("evil", False),
        ("", False),
        ("/" + "x" * 500, False),
        ("///evil.example", False),
    ],
)
def test_buyers_return_to_this_site_only(address: str, kept: bool) -> None:
    assert same_site(address) == (address if kept else "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"price": -1},
        {"price": 10**12 + 1},
        {"price": 1.5},
        {"plans": []},
        {"trial_days": 366},
        {"trial_days": -1},
    ],
)
def test_offers_that_make_no_sense_are_refused(admin: User, tier: Plan, wrong: dict[str, object]) -> None:
    terms = {"name": "x", "plans": [tier], "price": 100, "currency": "CNY", **wrong}
    with pytest.raises(WrongOffer):
        save_offer(viewer=viewer_of(admin), terms=OfferTerms(**terms))  # type: ignore[arg-type]
    assert Offer.objects.count() == 0


def test_circles_archived_plans_and_those_of_others_are_not_sold(admin: User, tier: Plan) -> None:
    circle = Plan.objects.create(community=tier.community, key="c", name="Circle", kind="circle")
    Plan.objects.filter(pk=tier.pk).update(archived_at=timezone.now())
    tier.refresh_from_db()
    for plan in (circle, tier):
        with pytest.raises(WrongOffer):
            save_offer(viewer=viewer_of(admin), terms=OfferTerms("x", [plan], 1, "CNY"))


def test_offers_are_changed_by_those_who_manage_money(moderator: User, admin: User, monthly: Offer) -> None:
    with pytest.raises(NotPermitted):
        archive_offer(viewer=viewer_of(moderator), offer=monthly)
    with pytest.raises(NotPermitted):
        save_offer(viewer=viewer_of(moderator), terms=OfferTerms("x", list(monthly.plans.all()), 1, "CNY"))
    assert archive_offer(viewer=viewer_of(admin), offer=monthly).archived_at is not None


@pytest.mark.parametrize(
    "attack",
    [
        {"state": "paid"},
        {"paid_at": timezone.now()},
        {"number": "TAKEN"},
        {"charge_id": "taken"},
        {"currency": "yuan"},
        {"total": -1},
    ],
)
def test_the_database_refuses_impossible_orders(
    order: Order, visitor: User, attack: dict[str, object]
) -> None:
    Order.objects.create(
        community=order.community,
        buyer=visitor,
        offer=order.offer,
        number="TAKEN",
        total=1,
        currency="CNY",
        term="month",
        provider="sandbox",
        charge_id="taken",
        expires_at=timezone.now(),
    )
    with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(**attack)
