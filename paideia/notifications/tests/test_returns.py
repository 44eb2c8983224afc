"""What people hear of money that goes back, or that a bank took."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.activity.readers import run_once
from paideia.commerce.actions import accept_dispute_news, accept_payment, place_order, refund_order
from paideia.commerce.actions.sending import take_answer
from paideia.commerce.models import Offer, Order
from paideia.commerce.providers import DisputeNews, DisputeState, Payment, RefundAnswer, RefundState
from paideia.notifications.jobs import send_owed
from paideia.notifications.models import Notification
from paideia.notifications.wording import sentence
from tests.cast import viewer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(visitor: User, tier: Plan) -> Order:
    offer = Offer.objects.create(
        community=tier.community, name="Monthly", price=3000, currency="CNY", term="month"
    )
    offer.plans.add(tier)
    placed = place_order(viewer=viewer_of(visitor), offer=offer, provider="sandbox")
    pay(placed, "c1")
    run_once()
    Notification.objects.all().delete()
    send_owed()
    mail.outbox.clear()
    placed.refresh_from_db()
    return placed


def pay(order: Order, charge: str) -> None:
    at = timezone.now() - timedelta(seconds=1)
    payment = Payment(charge, order.number, True, charge, order.total, order.currency, at, {})
    accept_payment(community=order.community, provider="sandbox", payment=payment)


def told(user: User) -> list[str]:
    run_once()
    return [sentence(one) for one in Notification.objects.filter(user=user).order_by("pk")]


def disputed(order: Order, state: DisputeState) -> None:
    news: dict[str, Any] = {"dispute_id": "d", "order_number": order.number, "charge_id": "c1", "body": {}}
    news |= {"amount": order.total, "currency": "CNY", "at": timezone.now(), "message_id": f"d{state}"}
    accept_dispute_news(community=order.community, provider="sandbox", news=DisputeNews(state=state, **news))


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (None, "¥30 for Monthly go back to you, and your access has ended. Reason: Sorry"),
        (1000, "¥10 for Monthly go back to you. A term ends earlier by that share. Reason: Sorry"),
    ],
)
def test_a_buyer_is_told_of_a_refund_by_mail(
    order: Order, owner: User, visitor: User, amount: int | None, words: str
) -> None:
    refund_order(viewer=viewer_of(owner), order=order, reason="Sorry", amount=amount)
    assert (told(visitor), told(owner)) == ([words], [])
    send_owed()
    assert [(one.to, one.subject) for one in mail.outbox] == [([visitor.email], words[:150])]
    assert f"/orders/{order.number}/" in mail.outbox[0].body


def test_who_paid_twice_is_told_that_it_goes_back(order: Order, visitor: User) -> None:
    pay(order, "c2")
    assert told(visitor) == ["You paid twice for Monthly. The second ¥30 are on their way back."]


@pytest.mark.parametrize(
    ("end", "buyer", "team"),
    [
        (
            DisputeState.WON,
            "The dispute about Monthly is over. What you bought is yours again.",
            "is won: ¥30 are back.",
        ),
        (
            DisputeState.LOST,
            "The dispute about Monthly is over. Your bank keeps the money with you.",
            "is lost: ¥30 are gone.",
        ),
    ],
)
def test_a_dispute_is_told_to_the_buyer_and_the_team(
    order: Order, owner: User, visitor: User, moderator: User, end: DisputeState, buyer: str, team: str
) -> None:
    disputed(order, DisputeState.OPENED)
    disputed(order, end)
    rests = "Your bank has taken the payment for Monthly back. Until it decides, your access rests."
    assert told(visitor) == [rests, buyer]
    taken = f"The bank has taken ¥30 back for order {order.number}. Answer on the provider's pages."
    assert told(owner) == [taken, f"The dispute about order {order.number} {team}"]
    assert told(moderator) == []


def test_a_refund_that_failed_is_the_teams_to_look_at(
    order: Order, owner: User, visitor: User, community: Any
) -> None:
    refund = refund_order(viewer=None, order=order, reason="Sorry")
    told(visitor)
    take_answer(refund.pk, RefundAnswer(RefundState.FAILED, "r", "card closed"))
    assert told(owner) == [f"The refund of ¥30 for order {order.number} failed. Please look at it."]
    assert len(told(visitor)) == 2  # that it was agreed, and that it failed
