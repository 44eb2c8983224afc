"""What goes back beside what comes in: nobody waits in a ring, and nobody meets an error of the database."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from paideia.accounts.models import User
from paideia.commerce import books
from paideia.commerce.actions import (
    accept_dispute_news,
    accept_payment,
    accept_refund_news,
    place_order,
    refund_order,
    return_stray,
)
from paideia.commerce.actions import refunds as refunds_action
from paideia.commerce.actions.cards import place_card, redeem_card
from paideia.commerce.actions.strays import can_be_sent_back
from paideia.commerce.models import CardTerms, GiftCard, Notice, Offer, Order
from paideia.commerce.providers import DisputeNews, DisputeState, Payment, RefundNews, RefundState
from paideia.commerce.refusals import WrongRefund
from paideia.commerce.tests.races import at_once
from paideia.commerce.tests.test_coupons import crowd
from paideia.ledger.actions import account
from paideia.ledger.models import Account
from tests.cast import viewer_of

pytestmark = pytest.mark.django_db(transaction=True)
Say = Callable[..., Payment]


def bought(buyer: User, offer: Offer, paid: Say) -> Order:
    order = ordered(buyer, offer)
    pay(order, paid)
    return order


def ordered(buyer: User, offer: Offer) -> Order:
    return place_order(viewer=viewer_of(buyer), offer=offer, provider="sandbox")


def pay(order: Order, paid: Say, **other: Any) -> Notice:
    name = f"ch-{order.pk}-{other.get('amount', '')}"
    said = paid(order, message_id=name, charge_id=name, **other)
    return accept_payment(community=order.community, provider="sandbox", payment=said)


def about(order: Order, name: str) -> dict[str, Any]:
    return {
        "message_id": f"{name}-{order.pk}",
        "order_number": order.number,
        "charge_id": f"ch-{order.pk}-",
        "amount": order.total,
        "currency": order.currency,
        "at": timezone.now(),
        "body": {},
    }


def refunded_there(order: Order) -> Notice:
    news = RefundNews(state=RefundState.DONE, refund_key="", refund_id=f"re-{order.pk}", **about(order, "re"))
    return accept_refund_news(community=order.community, provider="sandbox", news=news)


def lost(order: Order) -> Notice:
    news = DisputeNews(state=DisputeState.LOST, dispute_id=f"dp-{order.pk}", **about(order, "dp"))
    return accept_dispute_news(community=order.community, provider="sandbox", news=news)


def errors(results: list[object]) -> list[object]:
    return [one for one in results if isinstance(one, DatabaseError)]


def in_and_out(offer: Offer, people: list[User], paid: Say, back: Callable[[Order], object]) -> list[object]:
    """Half of them have their money back at the moment at which the others pay."""
    for name in (("world:sandbox", "charges"), ("house", "sales")):  # what comes in holds them in this order
        account(offer.community, *name, "CNY")
    half = len(people) // 2
    before = [bought(person, offer, paid) for person in people[:half]]
    coming = [ordered(person, offer) for person in people[half:]]
    goes: list[Callable[[], object]] = [lambda order=order: back(order) for order in before]
    comes: list[Callable[[], object]] = [lambda order=order: pay(order, paid) for order in coming]
    return at_once(*[one for pair in zip(goes, comes, strict=True) for one in pair])


@pytest.mark.parametrize("back", [refunded_there, lost])
def test_money_that_went_back_at_the_bank_is_booked_beside_money_that_comes(
    community: Any, monthly: Offer, paid: Say, back: Callable[[Order], Notice]
) -> None:
    results = in_and_out(monthly, crowd(monthly, 16), paid, back)
    assert errors(results) == []
    outcome = Notice.Outcome.REFUNDED if back is refunded_there else Notice.Outcome.DISPUTE_CLOSED
    found = [one.outcome for one in results if isinstance(one, Notice)]
    assert (found.count(Notice.Outcome.SETTLED), found.count(outcome)) == (8, 8)


def test_without_holding_the_accounts_first_they_wait_in_a_ring(
    community: Any, monthly: Offer, paid: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""

    def not_held(order: Order) -> dict[int, int]:
        source = books.income_of(order)
        return {source.pk: source.balance}

    monkeypatch.setattr(books, "hold", not_held)
    people = crowd(monthly, 48)
    tries = [people[:16], people[16:32], people[32:]]
    assert any(errors(in_and_out(monthly, some, paid, refunded_there)) for some in tries)


def test_who_writes_about_an_order_holding_the_sales_does_not_wait_for_its_refund(
    owner: User, order: Order, paid: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the reader of commissions does, and a statement: the database looks for the order at the commit."""
    pay(order, paid)
    writes, refunds = threading.Event(), threading.Event()
    real = refunds_action._withdraw

    def withdraw(*given: Any) -> Any:
        refunds.set()  # the order is held
        assert writes.wait(10)
        return real(*given)

    def write() -> None:
        with transaction.atomic():
            about_it = {
                "community": order.community,
                "provider": "sandbox",
                "message_id": "m",
                "order": order,
            }
            Notice.objects.create(**about_it, outcome=Notice.Outcome.NOTED, body={})
            sales = account(order.community, "house", "sales", "CNY")
            Account.objects.select_for_update(no_key=True).get(pk=sales.pk)
            writes.set()
            assert refunds.wait(10)
            time.sleep(0.2)  # until the refund waits for the sales

    monkeypatch.setattr(refunds_action, "_withdraw", withdraw)
    results = at_once(write, lambda: refund_order(viewer=viewer_of(owner), order=order, reason="asked"))
    assert [one for one in results if isinstance(one, Exception)] == []
    order.refresh_from_db()
    assert order.state == "refunded"


def test_a_refund_that_fits_nothing_is_no_payment_to_send_back(
    owner: User, order: Order, visitor: User, monthly: Offer, paid: Say, sign_in: Any
) -> None:
    """Its money does not lie here: what would be sent is others'."""
    pay(order, paid)
    stray = pay(ordered(owner, monthly), paid, amount=2999)
    refunded_there(order)
    news = RefundNews(
        state=RefundState.DONE, refund_key="", refund_id="re-2", **{**about(order, "again"), "amount": 100}
    )
    notice = accept_refund_news(community=order.community, provider="sandbox", news=news)
    assert (notice.outcome, can_be_sent_back([notice, stray])) == (Notice.Outcome.MISMATCHED, {stray.pk})
    with pytest.raises(WrongRefund):
        return_stray(viewer=viewer_of(owner), notice=notice)
    page = sign_in(owner).get("/c/agora/manage/orders/").content.decode()
    assert (f"notices/{stray.pk}/return" in page, f"notices/{notice.pk}/return" in page) == (True, False)


def test_a_stray_is_sent_back_while_the_right_amount_comes(
    community: Any, owner: User, monthly: Offer, paid: Say
) -> None:
    """Both want the order and the notice of the first payment."""
    for person in crowd(monthly, 6):
        order = ordered(person, monthly)
        stray = pay(order, paid, amount=order.total - 1)
        team = viewer_of(owner)
        results = at_once(*[lambda: pay(order, paid), lambda: return_stray(viewer=team, notice=stray)] * 3)  # noqa: B023
        assert errors(results) == []
        order.refresh_from_db()
        stray.refresh_from_db()
        assert (order.state, stray.is_open, order.refunds.count()) == ("paid", False, 1)


def test_a_card_is_redeemed_while_it_is_refunded(
    community: Any, owner: User, monthly: Offer, paid: Say
) -> None:
    """Either its buyer has the money back, or somebody has the credit."""
    CardTerms.objects.create(community=community, currency="CNY", amounts=[5000])
    for buyer in crowd(monthly, 6):
        order = place_card(viewer=viewer_of(buyer), amount=5000, provider="sandbox")
        pay(order, paid)
        card = GiftCard.objects.get(order=order)
        results = at_once(
            *[
                lambda: redeem_card(viewer=viewer_of(owner), code=card.code),  # noqa: B023
                lambda: refund_order(viewer=viewer_of(owner), order=order, reason="asked"),  # noqa: B023
            ]
            * 3
        )
        assert errors(results) == []
        card.refresh_from_db()
        order.refresh_from_db()
        assert (card.redeemed_by is None) == (order.state == "refunded")
