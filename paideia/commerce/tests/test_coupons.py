"""Coupons take off what they say, for those they are for, as often as they may."""

import threading

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.commerce import holding
from paideia.commerce.actions import expire_orders, place_order, settle_order
from paideia.commerce.life import advance
from paideia.commerce.models import Coupon, CouponUse, Offer, Order
from paideia.commerce.quoting import Wish, quote
from paideia.commerce.refusals import HeldElsewhere, WrongCoupon
from paideia.commerce.tests.races import at_once, in_turns
from tests.cast import let_in, person, viewer_of


def coupon(offer: Offer, code: str = "SAVE", **fields: object) -> Coupon:
    terms = fields if {"amount", "percent"} & fields.keys() else {"percent": 10, **fields}
    return Coupon.objects.create(community=offer.community, code=code, **terms)


def sums(offer: Offer, buyer: User | None, *codes: str, **wish: object) -> list[tuple[str, int, str]]:
    found = quote(offer=offer, buyer=buyer, wish=Wish(codes=codes, **wish), now=timezone.now())  # type: ignore[arg-type]
    return [(line.kind, line.amount, line.note) for line in found.lines]


def place(user: User, offer: Offer, *codes: str, **wish: object) -> Order:
    return place_order(
        viewer=viewer_of(user),
        offer=offer,
        provider="sandbox",
        wish=Wish(codes=codes, **wish),  # type: ignore[arg-type]
    )


def test_a_percentage_is_rounded_down(visitor: User, monthly: Offer) -> None:
    Offer.objects.update(price=1999)
    monthly.refresh_from_db()
    coupon(monthly, percent=33)
    assert sums(monthly, visitor, " save ") == [("price", 1999, ""), ("coupon", -659, "SAVE")]


def test_an_amount_never_takes_more_than_all(visitor: User, monthly: Offer) -> None:
    coupon(monthly, amount=5000, currency="CNY")
    assert sums(monthly, visitor, "SAVE") == [("price", 3000, ""), ("coupon", -3000, "SAVE")]
    order = place(visitor, monthly, "SAVE")
    assert (order.total, order.state, order.provider) == (0, "paid", "free")
    assert CouponUse.objects.get().amount == 3000


def test_stacking_coupons_count_percentages_first(visitor: User, monthly: Offer) -> None:
    coupon(monthly, "FIVE", amount=500, currency="CNY", stacks=True)
    coupon(monthly, "TENTH", percent=10, stacks=True)
    coupon(monthly, "HALF", percent=50, stacks=True)
    assert sums(monthly, visitor, "FIVE", "TENTH", "HALF") == [
        ("price", 3000, ""),
        ("coupon", -1500, "HALF"),
        ("coupon", -150, "TENTH"),
        ("coupon", -500, "FIVE"),
    ]


def test_only_stacking_coupons_are_used_together(visitor: User, monthly: Offer) -> None:
    coupon(monthly, "STACK", stacks=True)
    coupon(monthly, "ALONE")
    with pytest.raises(WrongCoupon) as refusal:
        sums(monthly, visitor, "STACK", "ALONE")
    assert refusal.value.message == "The coupon ALONE cannot be used with another one."
    assert sums(monthly, visitor, "STACK", "stack") == [("price", 3000, ""), ("coupon", -300, "STACK")]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"archived_at": "2020-01-01T00:00Z"}, "The coupon SAVE has ended."),
        ({"ends_at": "2020-01-01T00:00Z"}, "The coupon SAVE has ended."),
        ({"starts_at": "2999-01-01T00:00Z"}, "The coupon SAVE counts from Jan 1, 2999, 12:00\u202fAM on."),
        ({"amount": 5, "currency": "USD"}, "The coupon SAVE is for prices in USD."),
        ({"price_min": 3001}, "The coupon SAVE counts from a price of ¥30.01 on."),
        ({"uses_max": 0}, "The coupon SAVE is used up."),
        ({"uses_each_max": 0}, "You have used the coupon SAVE already."),
    ],
)
def test_who_cannot_use_a_coupon_is_told_why(
    visitor: User, monthly: Offer, fields: dict[str, object], words: str
) -> None:
    coupon(monthly, **fields)
    with timezone.override("UTC"), pytest.raises(WrongCoupon) as refusal:
        sums(monthly, visitor, "SAVE")
    assert refusal.value.message == words
    with pytest.raises(WrongCoupon):
        place(visitor, monthly, "SAVE")
    assert Order.objects.count() == 0


def test_a_coupon_of_an_offer_or_a_community_counts_nowhere_else(
    visitor: User, monthly: Offer, lifetime: Offer
) -> None:
    from paideia.communities.actions import create_community

    coupon(monthly).offers.add(lifetime)
    other = create_community(by=person("otto"), slug="other", name="Other", language="en")
    Coupon.objects.create(community=other, code="THEIRS", percent=50)
    for code in ("SAVE", "THEIRS", "NONE"):
        with pytest.raises(WrongCoupon):
            sums(monthly, visitor, code)
    assert sums(lifetime, visitor, "SAVE")[1] == ("coupon", -9990, "SAVE")


def test_a_use_counts_from_the_placing_and_is_let_go_with_the_order(
    visitor: User, member: User, monthly: Offer, lifetime: Offer
) -> None:
    coupon(monthly, uses_max=1)
    order = place(visitor, monthly, "SAVE")
    stan = let_in(monthly.community, person("stan"))
    with pytest.raises(WrongCoupon):
        place(stan, monthly, "SAVE")
    Order.objects.update(expires_at=timezone.now())
    assert expire_orders() == 1
    assert CouponUse.objects.get().released_at is not None
    assert place(stan, monthly, "SAVE").value == 2700
    order.refresh_from_db()
    with pytest.raises(HeldElsewhere):
        settle_order(order.pk, charge_id="c", amount=2700, currency="CNY", paid_at=timezone.now())
    order.refresh_from_db()
    assert order.state == "expired"


def test_who_pays_late_keeps_a_coupon_that_nobody_took(visitor: User, monthly: Offer) -> None:
    coupon(monthly, uses_max=1)
    order = place(visitor, monthly, "SAVE")
    with transaction.atomic():
        advance(order, "failed")
    settle_order(order.pk, charge_id="c", amount=2700, currency="CNY", paid_at=timezone.now())
    assert CouponUse.objects.get().released_at is None
    with pytest.raises(WrongCoupon):
        place(visitor, monthly, "SAVE")


def test_a_second_click_is_the_same_order_and_another_wish_takes_its_place(
    visitor: User, monthly: Offer
) -> None:
    coupon(monthly)
    coupon(monthly, "MORE", percent=20)
    first = place(visitor, monthly, "SAVE")
    assert place(visitor, monthly, "SAVE") == first
    second = place(visitor, monthly, "MORE")
    first.refresh_from_db()
    assert (first.state, second.total) == ("expired", 2400)
    assert list(CouponUse.objects.filter(released_at=None).values_list("order", "coupon__code")) == [
        (second.pk, "MORE")
    ]


@pytest.mark.parametrize(
    "attack",
    [
        {"percent": 101},
        {"percent": 0},
        {"percent": None},
        {"amount": 5},
        {"currency": "CNY"},
        {"code": "low"},
    ],
)
def test_the_database_refuses_coupons_that_make_no_sense(monthly: Offer, attack: dict[str, object]) -> None:
    one = coupon(monthly)
    with pytest.raises(IntegrityError), transaction.atomic():
        Coupon.objects.filter(pk=one.pk).update(**attack)


def crowd(offer: Offer, size: int) -> list[User]:
    """People of the community, without the cost of a password each."""
    from paideia.communities.models import Membership

    people = User.objects.bulk_create(
        [
            User(handle=f"buyer{n}", handle_skeleton=f"buyer{n}", email=f"b{n}@example.org")
            for n in range(size)
        ],
        batch_size=2000,
    )
    role = offer.community.roles.get(key="member")
    members = [Membership(community=offer.community, user=user, role=role) for user in people]
    Membership.objects.bulk_create(members, batch_size=2000)
    return people


def offers_of(tier: Plan, many: int) -> list[Offer]:
    """Different offers, so that no offer's own lock makes the buyers queue."""
    made = []
    for n in range(many):
        offer = Offer.objects.create(
            community=tier.community, name=f"Offer {n}", price=3000, currency="CNY", term="month"
        )
        offer.plans.add(tier)
        made.append(offer)
    return made


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("buyers", "uses"), [(60, 12), pytest.param(500, 100, marks=pytest.mark.long)])
def test_many_at_once_use_a_coupon_as_often_as_it_may_be(tier: Plan, buyers: int, uses: int) -> None:
    offers = offers_of(tier, 8)
    coupon(offers[0], uses_max=uses)
    people = crowd(offers[0], buyers)
    results = in_turns(
        [lambda n=n, user=user: place(user, offers[n % 8], "SAVE") for n, user in enumerate(people)], width=12
    )
    assert sum(isinstance(one, Order) for one in results) == uses
    assert sum(isinstance(one, WrongCoupon) for one in results) == buyers - uses
    assert CouponUse.objects.filter(released_at=None).count() == uses


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_a_coupon_is_used_too_often(tier: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control that must break: both count, both see the last use, both take it."""
    offers = offers_of(tier, 2)
    coupon(offers[0], uses_max=1)
    counted = threading.Barrier(2)
    count = holding.must_have_a_use_left

    def slowly(*args: object) -> None:
        count(*args)  # type: ignore[arg-type]
        counted.wait(10)

    monkeypatch.setattr(holding, "locked_coupons", lambda ids: list(Coupon.objects.filter(pk__in=ids)))
    monkeypatch.setattr(holding, "must_have_a_use_left", slowly)
    first, second = crowd(offers[0], 2)
    at_once(lambda: place(first, offers[0], "SAVE"), lambda: place(second, offers[1], "SAVE"))
    assert CouponUse.objects.filter(released_at=None).count() == 2
