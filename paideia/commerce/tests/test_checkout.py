"""The checkout: one page from the choice to the payment, for strangers too."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from paideia.accounts.models import User
from paideia.commerce.models import Coupon, Offer, OfferPrice, Order, SeatBand
from paideia.commerce.tests.test_credit import give
from tests.cast import PASSWORD, sign_in

HERE = "/c/agora"
LINE = f"{HERE}/articles/3/#paywall"
NEW = {"email": "nina@example.org", "username": "nina", "password1": PASSWORD, "terms": "on"}


def address(offer: Offer, page: str = "checkout") -> str:
    return f"{HERE}/offers/{offer.pk}/{page}/"


def sum_of(client: Client, offer: Offer, **asked: Any) -> list[str]:
    """The amounts of the sum that is shown, line by line, or the problem."""
    text = client.get(address(offer, "sum"), asked).text
    if found := re.findall(r"<dd>([^<]+)</dd>", text):
        return found
    return re.findall(r"<p>([^<]+)</p>", text)


@pytest.fixture(autouse=True)
def _english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


def test_a_stranger_signs_up_and_buys_in_one_step(anonymous: Client, monthly: Offer) -> None:
    page = anonymous.get(address(monthly), {"next": LINE}).text
    assert page.count('name="password1"') == 1
    answer = anonymous.post(address(monthly), {**NEW, "provider": "sandbox", "next": LINE})
    assert (answer.status_code, answer.headers["Location"].startswith(f"{HERE}/sandbox/")) == (302, True)
    order = Order.objects.get()
    assert (order.buyer.handle, order.buyer.email, order.return_to, order.total) == (
        *("nina", "nina@example.org", LINE),
        3000,
    )
    assert anonymous.get(address(monthly)).text.count('name="password1"') == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": ""}, "id_username"),
        ({"password1": "short"}, "id_password1"),
        ({"terms": ""}, "id_terms"),
        ({"email": "x"}, "id_email"),
    ],
)
def test_a_stranger_who_fills_in_half_is_asked_again(
    anonymous: Client, monthly: Offer, change: dict[str, str], field: str
) -> None:
    answer = anonymous.post(address(monthly), {**NEW, "provider": "sandbox", "coupon": "", **change})
    assert answer.status_code == 422
    assert answer.text.count(f'id="{field}-error"') == 1
    assert (User.objects.filter(handle="nina").count(), Order.objects.count()) == (0, 0)


def test_what_cannot_be_bought_makes_no_account(anonymous: Client, monthly: Offer) -> None:
    answer = anonymous.post(address(monthly), {**NEW, "provider": "sandbox", "coupon": "NONE"})
    assert answer.status_code == 422
    assert answer.text.count("There is no coupon NONE. Check how it is written.") == 2
    Offer.objects.update(on_sale_until=timezone.now())
    assert anonymous.post(address(monthly), {**NEW, "provider": "sandbox"}).status_code == 409
    assert User.objects.filter(handle="nina").count() == 0


def test_an_address_that_is_known_makes_no_second_account_and_is_not_told(
    anonymous: Client, monthly: Offer, stranger: User
) -> None:
    answer = anonymous.post(address(monthly), {**NEW, "email": stranger.email, "provider": "sandbox"})
    assert answer.status_code == 302
    assert Order.objects.filter(buyer=stranger).count() == 0
    assert anonymous.get(f"{HERE}/orders/").status_code in {200, 302}


def test_signing_up_here_has_the_limits_of_signing_up(
    anonymous: Client, monthly: Offer, settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"signup": "1/m/ip"}
    anonymous.post(address(monthly), {**NEW, "provider": "sandbox"})
    other = {**NEW, "username": "nora", "email": "nora@example.org"}
    assert Client().post(address(monthly), {**other, "provider": "sandbox"}).status_code == 429
    assert User.objects.filter(handle="nora").count() == 0


def test_where_nobody_may_sign_up_strangers_sign_in(anonymous: Client, monthly: Offer, settings: Any) -> None:
    settings.SIGN_UP_OPEN = False
    page = anonymous.get(address(monthly)).text
    assert (page.count('name="password1"'), page.count("New accounts are not made here")) == (0, 1)
    assert anonymous.post(address(monthly), {**NEW, "provider": "sandbox"}).status_code == 403
    assert User.objects.filter(handle="nina").count() == 0


def test_the_sum_is_reckoned_while_one_chooses(visitor: User, monthly: Offer) -> None:
    Coupon.objects.create(community=monthly.community, code="SAVE", percent=10)
    client = sign_in(visitor)
    assert sum_of(client, monthly) == ["¥30", "¥30"]
    assert sum_of(client, monthly, coupon="save") == ["¥30", "-¥3", "¥27"]
    text = client.get(address(monthly, "sum"), {"coupon": "nope"}).text
    assert text.count("There is no coupon NOPE") == 1
    assert text.count("Pay ¥30") == 1
    assert Order.objects.count() == 0


def test_a_link_fills_the_coupon_in(visitor: User, monthly: Offer) -> None:
    Coupon.objects.create(community=monthly.community, code="SAVE", percent=10)
    page = sign_in(visitor).get(address(monthly), {"coupon": "SAVE"}).text
    assert (page.count('value="SAVE"'), page.count("Pay ¥27")) == (1, 1)


def test_without_a_script_the_sum_is_reckoned_by_a_button(anonymous: Client, monthly: Offer) -> None:
    Coupon.objects.create(community=monthly.community, code="SAVE", percent=10)
    answer = anonymous.post(
        address(monthly), {**NEW, "password1": "", "coupon": "SAVE", "reckon": "1", "provider": "sandbox"}
    )
    assert (answer.status_code, answer.text.count("Pay ¥27"), answer.text.count("field-error")) == (200, 1, 0)
    assert answer.text.count('value="nina"') == 1
    assert User.objects.filter(handle="nina").count() == 0


def test_one_pays_what_one_wants_but_not_less(visitor: User, monthly: Offer) -> None:
    Offer.objects.update(price_is_minimum=True)
    client = sign_in(visitor)
    assert sum_of(client, monthly, chosen_price="45.50") == ["¥30", "¥15.50", "¥45.50"]
    assert sum_of(client, monthly, chosen_price="29") == ["Choose a price of at least ¥30."]
    for wrong in ("29.99", "-1", "1e18", "x", "", "30.001"):
        form = {"provider": "sandbox", "chosen_price": wrong}
        assert client.post(address(monthly), form).status_code == 422
    client.post(address(monthly), {"provider": "sandbox", "chosen_price": "45.50"})
    assert [order.total for order in Order.objects.all()] == [4550]


def test_an_offer_with_prices_in_two_currencies_lets_one_choose(visitor: User, monthly: Offer) -> None:
    OfferPrice.objects.create(offer=monthly, currency="USD", price=450)
    client = sign_in(visitor)
    assert sum_of(client, monthly, currency="USD") == ["$4.50", "$4.50"]
    client.post(address(monthly), {"provider": "sandbox", "currency": "USD"})
    assert client.post(address(monthly), {"provider": "sandbox", "currency": "EUR"}).status_code == 422
    assert list(Order.objects.values_list("total", "currency")) == [(450, "USD")]


def test_seats_cost_what_the_band_that_is_reached_says(visitor: User, monthly: Offer) -> None:
    Offer.objects.update(is_for_seats=True)
    SeatBand.objects.create(offer=monthly, seats_min=10, price=2500)
    client = sign_in(visitor)
    assert sum_of(client, monthly, quantity="9") == ["¥270", "¥270"]
    assert sum_of(client, monthly, quantity="10") == ["¥300", "-¥50", "¥250"]
    for wrong in ("0", "-1", "100001", "1.5", ""):
        form = {"provider": "sandbox", "quantity": wrong}
        assert client.post(address(monthly), form).status_code == 422
    assert Order.objects.count() == 0


def test_a_hidden_offer_is_for_who_has_its_link(visitor: User, monthly: Offer) -> None:
    Offer.objects.update(hidden_key="k" * 43)
    client = sign_in(visitor)
    for key in ({}, {"key": "x"}):
        assert client.get(address(monthly), key).status_code == 404
        assert client.get(address(monthly, "sum"), key).status_code == 404
        assert client.post(address(monthly), {"provider": "sandbox", **key}).status_code == 404
    page = client.get(address(monthly), {"key": "k" * 43}).text
    assert page.count(f'name="key" value="{"k" * 43}"') == 1
    client.post(address(monthly), {"provider": "sandbox", "key": "k" * 43})
    assert Order.objects.count() == 1


def test_credit_is_used_where_one_says_so(visitor: User, monthly: Offer) -> None:
    client = sign_in(visitor)
    assert sum_of(client, monthly, credit="on") == ["¥30", "¥30"]
    give(monthly, visitor, 1000)
    assert sum_of(client, monthly) == ["¥30", "¥30"]
    assert sum_of(client, monthly, credit="on") == ["¥30", "-¥10", "¥20"]
    client.post(address(monthly), {"provider": "sandbox", "credit": "on"})
    client.post(address(monthly), {"provider": "sandbox", "credit": "on"})
    assert list(Order.objects.values_list("total", "credit")) == [(2000, 1000)]


HOSTILE = ["-1", "1e18", "0.01", "USD", "9" * 21, "\x00", "NaN", "on"]
FIELDS = [
    *("currency", "chosen_price", "quantity", "coupon", "credit", "gift", "recipient_email", "deliver_at"),
    *("message", "key", "group", "pool", "renew", "begin", "total", "price", "amount", "uses_credit", "kind"),
]


@pytest.mark.parametrize(
    "kind", ["plain", "seats", *(pytest.param(one, marks=pytest.mark.long) for one in ("chosen", "group"))]
)
def test_no_field_of_the_checkout_makes_a_price(visitor: User, monthly: Offer, kind: str) -> None:
    """For each field: out of range, of another type, twice. Every order costs what the shop reckons."""
    change: dict[str, Any] = {
        "plain": {},
        "chosen": {"price_is_minimum": True},
        "seats": {"is_for_seats": True},
        "group": {"group_size": 2, "group_price": 2000},
    }[kind]
    Offer.objects.update(**change)
    base = {"provider": "sandbox", "chosen_price": "30", "quantity": "1"}
    client = sign_in(visitor)
    for field in FIELDS:
        for value in (*HOSTILE, ["1", "-5"]):
            answer = client.post(address(monthly), {**base, field: value})
            assert answer.status_code in {302, 403, 404, 409, 422}, (field, value, answer.status_code)
            if value in ("-1", "\x00"):
                assert client.get(address(monthly, "sum"), {**base, field: value}).status_code in {200, 404}
            Order.objects.filter(state="awaiting").update(
                state="expired"
            )  # so that there is room for the next
    for order in Order.objects.all():
        assert sum(order.lines.values_list("amount", flat=True)) == order.total >= 3000 * order.quantity
        assert order.currency == "CNY"
