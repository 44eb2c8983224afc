"""What a bank takes although the buyer has it as credit, or after it was spent: who bears it, and who gets it back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from paideia.access.models import Grant, Plan
from paideia.accounts.models import User
from paideia.commerce.actions import accept_dispute_news, accept_payment, refund_order
from paideia.commerce.actions.cards import place_card, redeem_card, save_card_terms
from paideia.commerce.actions.subscriptions import pay_period
from paideia.commerce.models import Order, Subscription
from paideia.commerce.providers import DisputeNews, DisputeState, Payment
from paideia.ledger.queries import balance
from tests.cast import viewer_of

from .subscribing import Pay, clock, offer_of, pass_time, subscribe

__all__ = ["clock"]


def dispute(order: Order, state: DisputeState, amount: int, *, at: datetime | None = None) -> None:
    news = DisputeNews(
        **{"message_id": f"{order.pk}:{state}", "state": state, "dispute_id": f"d{order.pk}", "body": {}},
        **{"order_number": order.number, "charge_id": order.charge_id or "", "amount": amount},
        **{"currency": order.currency, "at": at or timezone.now()},
    )
    accept_dispute_news(community=order.community, provider=order.provider, news=news)


def lies(order: Order, owner: str, kind: str) -> int:
    return balance(order.community, owner, kind, "CNY")


def test_what_a_bank_takes_that_went_back_as_credit_is_the_owners_loss(
    order: Order, paid: Callable[..., Payment]
) -> None:
    accept_payment(community=order.community, provider="sandbox", payment=paid(order))
    order.refresh_from_db()
    refund_order(viewer=None, order=order, reason="late", amount=0, credit=1000)
    dispute(order, DisputeState.OPENED, 3000)
    dispute(order, DisputeState.LOST, 3000)
    assert lies(order, "world:sandbox", "charges") == 0  # all of it is gone
    assert lies(order, "world:owners", "advances") == -1000
    assert lies(order, f"user:{order.buyer_id}", "credit") == 1000
    assert lies(order, "house", "sales") == 0


def test_what_the_owners_put_in_for_a_spent_card_is_theirs_again_when_the_dispute_is_won(
    owner: User, visitor: User, member: User, paid: Callable[..., Payment], tier: Plan
) -> None:
    save_card_terms(viewer=viewer_of(owner), currency="CNY", amounts=[3000], valid_months=0)
    order = place_card(viewer=viewer_of(visitor), amount=3000, provider="sandbox")
    accept_payment(community=order.community, provider="sandbox", payment=paid(order))
    order.refresh_from_db()
    card = redeem_card(viewer=viewer_of(member), code=order.gift_card.code)
    dispute(order, DisputeState.OPENED, 3000)
    assert lies(order, "world:owners", "advances") == -3000
    dispute(order, DisputeState.WON, 3000)
    assert lies(order, "world:owners", "advances") == 0
    assert lies(order, *card.account) == 0  # nothing lies on what is spent
    assert lies(order, f"user:{member.pk}", "credit") == 3000


def test_a_dispute_that_was_won_before_its_payment_was_told_is_over(
    order: Order, paid: Callable[..., Payment]
) -> None:
    told_at = timezone.now() - timedelta(days=2)  # nobody listened for so long
    order.charge_id = "ch1"
    dispute(order, DisputeState.WON, 3000, at=told_at)
    accept_payment(community=order.community, provider="sandbox", payment=paid(order, at=told_at))
    dispute(order, DisputeState.OPENED, 3000, at=told_at)
    order.refresh_from_db()
    assert order.state == Order.State.PAID
    assert [one.state for one in order.disputes.all()] == ["won"]


def test_a_won_dispute_gives_all_instalments_again(
    clock: Any, visitor: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    course = offer_of(tier, 1000, term="lifetime", renewal="instalments", instalments=2)
    row = subscribe(visitor, course, paid_at_the_sandbox)
    pass_time(clock, row.period_ends_at + timedelta(days=1))
    row.refresh_from_db()
    if row.state != Subscription.State.PAID_OFF:
        paid_at_the_sandbox(pay_period(viewer=viewer_of(visitor), subscription=row, provider="sandbox"))
    first = row.orders.order_by("period").first()
    assert first is not None
    held = Grant.objects.filter(user=visitor, plan=tier, revoked_at=None)
    dispute(first, DisputeState.OPENED, 1000)
    assert list(held.values("source", "starts_at", "ends_at")) == []
    dispute(first, DisputeState.WON, 1000)
    assert held.filter(ends_at=None).count() == 1  # it was paid off: for good
