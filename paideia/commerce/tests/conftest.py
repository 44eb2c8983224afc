"""The shop of the tests: offers, orders, and the audit that follows every test of commerce."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import set_urlconf
from django.utils import timezone
from procrastinate.contrib.django import app

from paideia.access.models import Gate, Plan
from paideia.accounts.models import User
from paideia.commerce import soon
from paideia.commerce.actions import accept_payment, place_order
from paideia.commerce.actions.redeeming import make_batch
from paideia.commerce.models import Offer, Order, RedeemBatch
from paideia.commerce.providers import Payment
from paideia.commerce.providers.sandbox.actions import pay
from paideia.commerce.providers.sandbox.messages import message_of, payment_in
from paideia.commerce.providers.sandbox.models import SandboxCharge
from paideia.commerce.providers.sandbox.provider import Sandbox
from paideia.communities.middleware import COMMUNITY_URLS
from paideia.ledger.queries import audit
from paideia.ledger.tests.chart import unlisted
from tests.cast import viewer_of


@pytest.fixture(autouse=True)
def _books_are_right(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did, its books balance."""
    has_books = {"db", "transactional_db", "community"} & set(request.fixturenames)
    if has_books:
        request.getfixturevalue("_django_db_helper")  # so that this ends before the database is taken away
    yield
    if has_books:
        assert audit() == []
        if "monkeypatch" not in request.fixturenames:  # who bends the code may post anything
            assert unlisted() == []  # docs/ledger.md names every account and key


@pytest.fixture
def mails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mails of presents and seats go at once, which a worker would send a moment later."""
    later = soon.soon

    def at_once(job: str, *, about: str, **given: Any) -> None:
        if job.startswith(("commerce.deliver_", "commerce.invite_")):
            app.tasks[job].func(**given)
        else:
            later(job, about=about, **given)

    monkeypatch.setattr(soon, "soon", at_once)


@pytest.fixture
def gate(tier: Plan) -> Gate:
    gate = Gate.objects.create(community=tier.community, name="Paid")
    gate.plans.add(tier)
    return gate


@pytest.fixture
def monthly(tier: Plan) -> Offer:
    offer = Offer.objects.create(
        community=tier.community, name="Monthly", price=3000, currency="CNY", term="month", trial_days=7
    )
    offer.plans.add(tier)
    return offer


@pytest.fixture
def lifetime(tier: Plan) -> Offer:
    offer = Offer.objects.create(community=tier.community, name="For good", price=99900, currency="CNY")
    offer.plans.add(tier)
    return offer


@pytest.fixture
def batch(admin: User, monthly: Offer) -> RedeemBatch:
    return make_batch(viewer=viewer_of(admin), offer=monthly, name="Fair", size=5)


@pytest.fixture
def order(visitor: User, monthly: Offer) -> Order:
    return place_order(
        viewer=viewer_of(visitor), offer=monthly, provider="sandbox", return_to="/c/agora/articles/3/#p7"
    )


@pytest.fixture
def paid() -> Callable[..., Payment]:
    """What a provider says of an order: paid in full, unless told otherwise."""

    def say(order: Order, **other: object) -> Payment:
        terms = {
            "message_id": "m1",
            "order_number": order.number,
            "succeeded": True,
            "charge_id": "ch1",
            "amount": order.total,
            "currency": order.currency,
            "at": timezone.now() - timedelta(seconds=1),
            "body": {"charge": "ch1"},
            **other,
        }
        return Payment(**terms)  # type: ignore[arg-type]

    return say


@pytest.fixture
def paid_at_the_sandbox() -> Callable[[Order], Order]:
    """Pay an order on the sandbox's page and let its notification arrive."""

    def pay_there(order: Order) -> Order:
        set_urlconf(COMMUNITY_URLS)
        Sandbox().start(order, return_url="/", notify_url="")
        set_urlconf(None)
        charge = pay(charge=SandboxCharge.objects.get(order_number=order.number), course="silent")
        said = payment_in(message_of(charge))
        accept_payment(community=order.community, provider="sandbox", payment=said)
        order.refresh_from_db()
        return order

    return pay_there
