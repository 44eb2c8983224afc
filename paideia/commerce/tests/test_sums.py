"""Any stack of prices, coupons, seats, bands, choice and credit makes lines that add up, and books that balance."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.commerce.actions import place_order, settle_order
from paideia.commerce.life import advance
from paideia.commerce.models import Coupon, CouponUse, Offer, Order, SeatBand
from paideia.commerce.quoting import Wish
from paideia.commerce.tests.test_credit import give
from paideia.ledger.queries import audit, balance
from tests.cast import viewer_of

MONEY = st.integers(0, 10**9)
COUPON = st.one_of(
    st.fixed_dictionaries({"percent": st.integers(1, 100)}),
    st.fixed_dictionaries({"amount": st.integers(1, 10**9), "currency": st.just("CNY")}),
)
CASES = st.fixed_dictionaries(
    {
        "price": MONEY,
        "early": st.one_of(st.none(), st.integers(0, 99)),  # percent of the price
        "extra": st.one_of(st.none(), MONEY),
        "coupons": st.lists(COUPON, max_size=4),
        "credit": MONEY,
        "seats": st.one_of(st.none(), st.integers(1, 900)),
        "band": st.integers(0, 99),
        "end": st.sampled_from(["paid", "failed", "paid late"]),
    }
)


class Undone(Exception):
    """Ends a case; nothing of it stays."""


def offer_of(tier: Plan, case: dict[str, Any]) -> Offer:
    early, seats = case["early"], case["seats"]
    has_early = early is not None and case["price"] > 0
    offer = Offer.objects.create(
        community=tier.community,
        name="Any",
        price=case["price"],
        currency="CNY",
        term="month",
        price_is_minimum=case["extra"] is not None and seats is None,
        early_price=case["price"] * early // 100 if has_early else None,
        early_until=timezone.now() + timedelta(1) if has_early else None,
        is_for_seats=seats is not None,
    )
    offer.plans.add(tier)
    if seats is not None:
        SeatBand.objects.create(offer=offer, seats_min=10, price=case["price"] * case["band"] // 100)
    for number, coupon in enumerate(case["coupons"]):
        Coupon.objects.create(community=tier.community, code=f"CODE{number}", stacks=True, **coupon)
    return offer


def wish_of(offer: Offer, case: dict[str, Any]) -> Wish:
    chosen = None
    if offer.price_is_minimum:
        least = offer.early_price if offer.early_price is not None else offer.price
        chosen = least + case["extra"]
    return Wish(
        kind="purchase" if case["seats"] is None else "seats",
        quantity=case["seats"] or 1,
        codes=[f"CODE{number}" for number in range(len(case["coupons"]))],
        chosen_price=chosen,
        uses_credit=True,
    )


def check(tier: Plan, buyer: User, case: dict[str, Any]) -> None:
    offer = offer_of(tier, case)
    if case["credit"]:
        give(offer, buyer, case["credit"])
    order = place_order(viewer=viewer_of(buyer), offer=offer, provider="sandbox", wish=wish_of(offer, case))
    lines = list(order.lines.values_list("amount", flat=True))
    assert sum(lines) == order.total + order.credit >= 0
    assert all(sum(lines[: at + 1]) >= 0 for at in range(len(lines)))
    assert order.credit <= case["credit"]
    off = sum(CouponUse.objects.values_list("amount", flat=True))
    assert off == -sum(order.lines.filter(kind="coupon").values_list("amount", flat=True))
    settle(order, case["end"])
    community = tier.community
    kept = balance(community, f"user:{buyer.pk}", "credit", "CNY")
    sold = balance(community, "house", "sales", "CNY")
    order.refresh_from_db()
    was_sold = order.state == "paid"
    assert (sold, kept) == ((order.value, case["credit"] - order.credit) if was_sold else (0, case["credit"]))
    assert audit() == []


def settle(order: Order, end: str) -> None:
    if order.state == "paid":
        return
    if end != "paid":
        advance(order, "failed")
    if end != "failed":
        settle_order(order.pk, charge_id="c", amount=order.total, currency="CNY", paid_at=timezone.now())


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=CASES)
def test_every_stack_adds_up(tier: Plan, visitor: User, case: dict[str, Any]) -> None:
    with pytest.raises(Undone), transaction.atomic():
        check(tier, visitor, case)
        raise Undone


@pytest.mark.long
@settings(max_examples=5_000, suppress_health_check=list(HealthCheck))
@given(case=CASES)
def test_every_stack_adds_up_at_length(tier: Plan, visitor: User, case: dict[str, Any]) -> None:
    with pytest.raises(Undone), transaction.atomic():
        check(tier, visitor, case)
        raise Undone
