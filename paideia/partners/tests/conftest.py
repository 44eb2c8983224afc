"""Affiliates, sales by their links, and the audit that follows every test of money."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.activity.readers import run_once
from paideia.commerce.actions import place_order, settle_order
from paideia.commerce.models import Offer, Order
from paideia.commerce.quoting import Wish
from paideia.commerce.tests.conftest import _books_are_right
from paideia.communities.models import Community
from paideia.ledger.queries import balance
from paideia.partners.actions import become_affiliate
from paideia.partners.models import Affiliate, Programme
from tests.cast import viewer_of

__all__ = ["_books_are_right"]


@pytest.fixture
def programme(community: Community) -> Programme:
    return Programme.objects.create(
        community=community, is_open=True, joining="everybody", rate_first=2000, rate_second=500, hold_days=30
    )


@pytest.fixture
def offer(tier: Plan) -> Offer:
    offer = Offer.objects.create(
        community=tier.community, name="Monthly", price=10000, currency="CNY", term="month"
    )
    offer.plans.add(tier)
    return offer


@pytest.fixture
def affiliate(programme: Programme, mentor: User) -> Affiliate:
    return become_affiliate(viewer=viewer_of(mentor))


@pytest.fixture
def sell() -> Callable[..., Order]:
    """An order of this buyer, paid, and heard of by the readers."""

    def sell(offer: Offer, buyer: User, code: str = "", hear: bool = True) -> Order:
        order = place_order(
            viewer=viewer_of(buyer, offer.community),
            offer=offer,
            provider="sandbox",
            wish=Wish(referral_code=code),
        )
        order = settle_order(
            order.pk,
            charge_id=f"ch-{order.pk}",
            amount=order.total,
            currency=order.currency,
            paid_at=timezone.now(),
        )
        if hear:
            run_once("partners.commissions")
        return order

    return sell


@pytest.fixture
def holds(community: Community) -> Callable[..., int]:
    """What is in a person's account of this kind."""

    def holds(user: User, kind: str, currency: str = "CNY", owner: str = "") -> int:
        return balance(community, owner or f"user:{user.pk}", kind, currency)

    return holds
