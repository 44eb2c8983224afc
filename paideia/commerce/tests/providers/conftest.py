"""A counterpart for each provider, and an order that waits to be paid there."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from paideia.accounts.models import User
from paideia.commerce.actions import place_order
from paideia.commerce.models import Offer, Order
from paideia.commerce.tests.providers.alipay_counterpart import AlipayCounterpart
from paideia.commerce.tests.providers.paypal_counterpart import PayPalCounterpart
from paideia.commerce.tests.providers.serving import Counterpart
from paideia.commerce.tests.providers.stripe_counterpart import StripeCounterpart
from paideia.commerce.tests.providers.wechat_counterpart import WeChatCounterpart, WeChatWithCertificates
from tests.cast import sign_in, viewer_of

COUNTERPARTS: dict[str, type[Counterpart]] = {
    "alipay": AlipayCounterpart,
    "paypal": PayPalCounterpart,
    "stripe": StripeCounterpart,
    "wechat": WeChatCounterpart,
}
VARIANTS: dict[str, type[Counterpart]] = {"wechat-certificates": WeChatWithCertificates}


@pytest.fixture
def serve(settings: Any, tmp_path: Path) -> Iterator[Callable[[str], Counterpart]]:
    """Start counterparts and set them up; nothing they found unsound may be left unsaid."""
    started: list[Counterpart] = []

    def start(name: str) -> Counterpart:
        one = {**COUNTERPARTS, **VARIANTS}[name](tmp_path)
        started.append(one)
        payments = copy.deepcopy(settings.PAYMENTS)
        payments[one.key] |= one.settings()
        settings.PAYMENTS = payments
        return one

    yield start
    for one in started:
        one.close()
    assert [fault for one in started for fault in one.faults] == []


@pytest.fixture
def buyer(visitor: User) -> Client:
    return sign_in(visitor)


@pytest.fixture
def order_at(visitor: User, monthly: Offer) -> Callable[[Counterpart], Order]:
    """An order at this provider, in a currency that it takes."""

    def place(counterpart: Counterpart) -> Order:
        Offer.objects.filter(pk=monthly.pk).update(currency=counterpart.currency)
        monthly.refresh_from_db()
        return place_order(viewer=viewer_of(visitor), offer=monthly, provider=counterpart.key)

    return place


@pytest.fixture
def begun(order_at: Callable[[Counterpart], Order], buyer: Client) -> Callable[[Counterpart], Order]:
    """An order whose buyer stands on the provider's page."""

    def begin(counterpart: Counterpart) -> Order:
        order = order_at(counterpart)
        buyer.post(f"/c/agora/orders/{order.number}/payment/")
        counterpart.open(buyer, order)
        order.refresh_from_db()
        return order

    return begin
