"""The team's pages of offers, orders and payments."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.commerce.actions import place_order
from paideia.commerce.models import Offer, Order
from tests.cast import sign_in, viewer_of

HERE = "/c/agora"
LINE = f"{HERE}/articles/3/#paywall"
HOOK = f"{HERE}/providers/sandbox/notifications/"


def test_the_pages_of_the_team_are_for_the_team(
    admin: User, moderator: User, member: User, monthly: Offer, order: Order
) -> None:
    pages = ["manage/offers/", "manage/offers/new/", f"manage/offers/{monthly.pk}/", "manage/orders/"]
    for page in pages:
        answers = [sign_in(user).get(f"{HERE}/{page}").status_code for user in (admin, moderator, member)]
        assert answers == [200, 404, 404]
        assert Client().get(f"{HERE}/{page}").status_code == 302


def test_the_team_makes_changes_archives_and_restores_an_offer(admin: User, tier: Plan) -> None:
    client = sign_in(admin)
    form = {"name": "Yearly", "plans": [tier.pk], "price": "199.50", "currency": "CNY", "term": "year"}
    assert client.post(f"{HERE}/manage/offers/new/", form).status_code == 302
    offer = Offer.objects.get()
    assert (offer.name, offer.price, offer.currency, offer.term) == ("Yearly", 19950, "CNY", "year")
    yen = {**form, "price": "500", "currency": "JPY"}
    client.post(f"{HERE}/manage/offers/{offer.pk}/", yen)
    offer.refresh_from_db()
    assert (offer.price, offer.currency) == (500, "JPY")
    for fields, archived in (({}, True), ({"restore": "1"}, False)):
        client.post(f"{HERE}/manage/offers/{offer.pk}/archive/", fields)
        offer.refresh_from_db()
        assert (offer.archived_at is not None) == archived


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": "1.999"},
        {"price": "-1"},
        {"price": "1e30"},
        {"price": "NaN"},
        {"currency": "XXX"},
        {"plans": []},
        {"term": "eternity"},
    ],
)
def test_an_offer_that_makes_no_sense_is_shown_again(
    admin: User, tier: Plan, wrong: dict[str, object]
) -> None:
    form = {"name": "x", "plans": [tier.pk], "price": "1", "currency": "CNY", "term": "year", **wrong}
    assert sign_in(admin).post(f"{HERE}/manage/offers/new/", form).status_code == 422
    assert Offer.objects.count() == 0


def test_orders_are_found_by_number_buyer_and_offer(
    admin: User, visitor: User, stranger: User, monthly: Offer, lifetime: Offer
) -> None:
    first = place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox")
    second = place_order(viewer=viewer_of(stranger), offer=lifetime, provider="sandbox")
    client = sign_in(admin)

    def found(**parameters: str) -> list[str]:
        page = client.get(f"{HERE}/manage/orders/", parameters).text
        return [order.number for order in (first, second) if f"/orders/{order.number}/" in page]

    assert found() == [first.number, second.number]
    assert found(q=first.number[:6].lower()) == [first.number]
    assert found(q="vera") == [first.number]
    assert found(q="For good") == [second.number]
    assert found(q="stan@example.org") == [second.number]
    assert found(state="paid") == []
    assert found(state="awaiting", q="nobody") == []


def test_a_payment_that_settled_nothing_is_shown_until_it_is_resolved(
    admin: User, order: Order, paid: Callable[..., Any]
) -> None:
    from paideia.commerce.actions import accept_payment

    body = {"amount": 1, "currency": "CNY"}
    notice = accept_payment(
        community=order.community, provider="sandbox", payment=paid(order, amount=1, body=body)
    )
    client = sign_in(admin)
    assert client.get(f"{HERE}/manage/orders/").text.count("Payments to look at") == 1
    assert (
        client.post(f"{HERE}/manage/notices/{notice.pk}/resolution/", {"resolution": ""}).status_code == 422
    )
    client.post(f"{HERE}/manage/notices/{notice.pk}/resolution/", {"resolution": "Returned by hand"})
    notice.refresh_from_db()
    assert (notice.is_open, notice.resolved_by, notice.resolution) == (False, admin, "Returned by hand")
    assert client.get(f"{HERE}/manage/orders/").text.count("Payments to look at") == 0
