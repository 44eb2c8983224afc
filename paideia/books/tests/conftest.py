"""The shop of commerce's tests, and paid orders in numbers."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from paideia.commerce.models import Offer, Order
from paideia.commerce.tests.conftest import (  # noqa: F401
    gate,
    lifetime,
    monthly,
    order,
    paid,
    paid_at_the_sandbox,
)
from paideia.communities.models import Community
from paideia.ledger.actions import Move, account, post
from paideia.ledger.queries import audit
from paideia.ledger.tests.chart import unlisted


@pytest.fixture(autouse=True)
def _books_are_right(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did, the ledger balances."""
    has_books = {"db", "transactional_db", "community"} & set(request.fixturenames)
    if has_books:
        request.getfixturevalue("_django_db_helper")
    yield
    if has_books:
        assert audit() == []
        if "monkeypatch" not in request.fixturenames:  # who bends the code may post anything
            assert unlisted() == []  # docs/ledger.md names every account and key


def sell(
    community: Community,
    buyer: object,
    offer: Offer,
    when: list[datetime],
    *,
    provider: str = "sandbox",
    mark: str = "ch",
) -> list[Order]:
    """Orders paid at these moments, booked as settling books them; no access is given."""
    orders = Order.objects.bulk_create(
        [
            Order(
                community=community,
                buyer=buyer,
                offer=offer,
                number=f"P-{mark}-{n}",
                total=offer.price,
                currency=offer.currency,
                term=offer.term,
                state="paid",
                provider=provider,
                charge_id=f"{mark}_{n}",
                expires_at=at + timedelta(hours=1),
                paid_at=at,
            )
            for n, at in enumerate(when)
        ],
        batch_size=1000,
    )
    charges = account(community, f"world:{provider}", "charges", offer.currency)
    sales = account(community, "house", "sales", offer.currency)
    post(
        [
            Move(
                charges,
                sales,
                one.total,
                f"order:{one.pk}:sale",
                {"order": one.number, "charge": one.charge_id},
                one.paid_at,
            )
            for one in orders
        ]
    )
    return orders
