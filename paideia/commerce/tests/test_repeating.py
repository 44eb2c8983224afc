"""Whatever is asked again under its key has one effect and one answer: from many connections at once, and from
processes that are killed between the effect and the answer.

The long form asks 1,000 times over 32 connections and kills 50 of them: `--long`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import set_urlconf
from django.utils import timezone

from paideia.access.actions import grant
from paideia.access.models import Grant, Plan
from paideia.access.refusals import KeyUsed
from paideia.accounts.models import User
from paideia.commerce.actions import accept_payment, begin_payment, refund_order, send_refund
from paideia.commerce.models import Notice, Offer, Order, Refund, SandboxCharge, SandboxRefund
from paideia.commerce.providers import Payment
from paideia.commerce.providers.sandbox.actions import pay
from paideia.commerce.providers.sandbox.messages import message_of
from paideia.commerce.providers.sandbox.signing import HEADER, sign
from paideia.commerce.refusals import WrongRefund
from paideia.commerce.tests.crashing import asked_again
from paideia.communities.actions import create_community
from paideia.communities.middleware import COMMUNITY_URLS
from paideia.communities.models import Community
from paideia.ledger.actions import Move, PostedOtherwise, account, post
from paideia.ledger.models import Transfer
from tests.cast import person, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
Ask = Callable[[], Any]
SIZES = [
    pytest.param((64, 8, 6), id="64"),
    pytest.param((1000, 32, 50), id="1000", marks=pytest.mark.long),
]


@dataclass
class Case:
    """Something that is asked again and again, and the rows it may have made once."""

    ask: Ask
    effects: Callable[[], list[int]]
    once: list[int]


def delivered(order: Order) -> Ask:
    """The provider's notification at our door: status and body."""
    set_urlconf(COMMUNITY_URLS)
    begin_payment(order=order, return_url="/", notify_url="")
    set_urlconf(None)
    charge = pay(charge=SandboxCharge.objects.get(order_number=order.number), course="silent")
    body = json.dumps(message_of(charge)).encode()
    signature = sign(order.community, body)

    def ask() -> Any:
        answer = Client().post(
            "/c/agora/providers/sandbox/notifications/",
            body,
            content_type="application/json",
            headers={HEADER: signature},
        )
        return answer.status_code, answer.content.decode()

    return ask


def notification(order: Order) -> Case:
    def effects() -> list[int]:
        booked = Transfer.objects.filter(key=f"order:{order.pk}:sale").count()
        given = Grant.objects.filter(source=f"order:{order.pk}").count()
        return [Notice.objects.count(), booked, given, Order.objects.filter(state="paid").count()]

    return Case(delivered(order), effects, [1, 1, 1, 1])


def checkout(order: Order) -> Case:
    """The same form sent again: status and where it leads."""
    offer, client = order.offer, sign_in(order.buyer)
    assert offer is not None
    Order.objects.all().update(state="expired")

    def ask() -> Any:
        address = f"/c/agora/offers/{offer.pk}/checkout/"
        answer = client.post(address, {"provider": "sandbox", "next": "/", "buy": "1"})
        return answer.status_code, answer.headers.get("Location")

    def effects() -> list[int]:
        return [Order.objects.exclude(state="expired").count(), SandboxCharge.objects.count()]

    return Case(ask, effects, [1, 1])


def posting(order: Order) -> Case:
    source = account(order.community, "world:sandbox", "charges", "CNY")
    target = account(order.community, "house", "sales", "CNY")

    def ask() -> Any:
        return [one.pk for one in post([Move(source, target, 700, "order:0:sale", {"n": 1})])]

    return Case(ask, lambda: [Transfer.objects.count()], [1])


def granting(order: Order) -> Case:
    assert order.offer is not None
    plan, now = order.offer.plans.get(), timezone.now()

    def ask() -> Any:
        terms = {"starts_at": now, "ends_at": now + timedelta(days=3), "source": "staff:1", "key": "k1"}
        return grant(user=order.buyer, plan=plan, **terms).pk

    return Case(ask, lambda: [Grant.objects.count()], [1])


def refunding(order: Order) -> Case:
    delivered(order)()
    order.refresh_from_db()

    def ask() -> Any:
        refund = refund_order(viewer=None, order=order, reason="-", amount=1000, key="key1")
        return send_refund(refund.pk).pk, refund.amount

    def effects() -> list[int]:
        order.refresh_from_db()
        return [Refund.objects.count(), SandboxRefund.objects.count(), order.refunded]

    return Case(ask, effects, [1, 1, 1000])


CASES = [notification, checkout, posting, granting, refunding]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("what", CASES)
def test_asked_again_it_happens_once_and_answers_alike(
    order: Order, what: Callable[[Order], Case], size: tuple[int, int, int]
) -> None:
    times, width, kills = size
    case = what(order)
    answers, killed = asked_again(case.ask, times=times, width=width, kills=kills)
    assert (len(answers), killed) == (times - kills, kills)
    assert len({json.dumps(one) for one in answers}) == 1
    assert case.effects() == case.once


def test_without_the_key_it_happens_each_time(order: Order) -> None:
    """The control that must break."""
    delivered(order)()

    def ask() -> Any:
        return refund_order(viewer=None, order=order, reason="-", amount=10).pk

    answers, _killed = asked_again(ask, times=16, width=8, kills=0)
    assert (len({json.dumps(one) for one in answers}), Refund.objects.count()) == (16, 16)


def test_a_key_with_another_content_is_refused_and_changes_nothing(
    order: Order, visitor: User, tier: Plan
) -> None:
    for case in (posting(order), granting(order), refunding(order)):
        case.ask()
    before = [Transfer.objects.count(), Grant.objects.count(), Refund.objects.count()]
    source = account(order.community, "world:sandbox", "charges", "CNY")
    with pytest.raises(PostedOtherwise):
        post([Move(source, account(order.community, "house", "sales", "CNY"), 701, "order:0:sale", {"n": 1})])
    with pytest.raises(KeyUsed):
        grant(user=person("other"), plan=tier, starts_at=timezone.now(), source="staff:1", key="k1")
    with pytest.raises(WrongRefund):
        refund_order(viewer=None, order=order, reason="-", amount=1001, key="key1")
    assert [Transfer.objects.count(), Grant.objects.count(), Refund.objects.count()] == before


def test_a_message_that_comes_again_with_another_content_changes_nothing(
    order: Order, paid: Callable[..., Payment]
) -> None:
    """Providers never do this; whoever could sign it would gain nothing."""
    first = accept_payment(community=order.community, provider="sandbox", payment=paid(order))
    again = accept_payment(
        community=order.community, provider="sandbox", payment=paid(order, amount=1, charge_id="other")
    )
    assert (first.pk, again.amount, Transfer.objects.count()) == (again.pk, 3000, 1)


def test_a_key_of_one_community_says_nothing_in_another(
    order: Order, stranger: User, paid: Callable[..., Payment], community: Community
) -> None:
    other = create_community(by=stranger, slug="other", name="Other", language="en")
    offer = Offer.objects.create(community=other, name="Theirs", price=500, currency="CNY", term="month")
    theirs = Order.objects.create(
        community=other,
        buyer=stranger,
        offer=offer,
        number="theirs",
        total=500,
        currency="CNY",
        term="month",
        provider="sandbox",
        expires_at=timezone.now() + timedelta(hours=1),
    )
    for one in (order, theirs):
        accept_payment(community=one.community, provider="sandbox", payment=paid(one))
    assert Order.objects.filter(state="paid").count() == Notice.objects.count() == 2
