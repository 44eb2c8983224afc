"""The team writes offers whole, buyers see what they cost now, and a link opens what is hidden."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.commerce.actions import OfferTerms, place_order, save_offer
from paideia.commerce.models import Offer
from paideia.commerce.refusals import WrongOffer
from tests.cast import sign_in, viewer_of

HERE = "/c/agora"
LATER = timezone.now() + timedelta(days=30)


@pytest.fixture
def filled(tier: Plan) -> dict[str, Any]:
    return {"name": "Yearly", "plans": [tier.pk], "price": "365", "currency": "CNY", "term": "year"}


def test_every_field_of_an_offer_can_be_written_and_is_shown_again(
    admin: User, filled: dict[str, Any]
) -> None:
    form = {
        **filled,
        "summary": "All year",
        "price_is_minimum": "on",
        "renewal": "automatic",
        "locks_price": "on",
        "grace_days": "5",
        "trial_days": "7",
        "trial_price": "1",
        "early_price": "300",
        "early_until": "2999-01-01T00:00",
        "on_sale_from": "2020-01-01T00:00",
        "on_sale_until": "2999-02-01T00:00",
        "quantity_max": "50",
        "is_hidden": "on",
        "position": "3",
        "highlighted": "on",
        "prices_0_currency": "USD",
        "prices_0_price": "59.90",
        "prices_1_currency": "JPY",
        "prices_1_price": "9000",
    }
    client = sign_in(admin)
    answer = client.post(f"{HERE}/manage/offers/new/", form)
    offer = Offer.objects.get()
    assert answer.headers["Location"].endswith(f"/manage/offers/{offer.pk}/")
    assert (offer.renewal, offer.grace_days, offer.trial_price, offer.early_price) == (
        "automatic",
        5,
        100,
        30000,
    )
    assert (offer.quantity_max, offer.price_is_minimum, len(offer.hidden_key)) == (50, True, 32)
    assert dict(offer.prices.values_list("currency", "price")) == {"USD": 5990, "JPY": 9000}
    page = client.get(f"{HERE}/manage/offers/{offer.pk}/").text
    assert page.count(f"?key={offer.hidden_key}") >= 1
    for name in ("prices_0_currency", "grace_days", "early_until", "quantity_max"):
        assert re.search(rf'name="{name}"', page)
    fact = Fact.objects.get(verb="offer.changed")
    assert (fact.actor_id, fact.detail["before"], fact.detail["after"]["prices"]) == (
        admin.pk,
        None,
        {"USD": 5990, "JPY": 9000},
    )
    assert offer.hidden_key not in str(fact.detail)


def test_seats_have_bands(admin: User, filled: dict[str, Any]) -> None:
    form = {
        **filled,
        "is_for_seats": "on",
        "bands_0_seats": "10",
        "bands_0_price": "300",
        "bands_1_seats": "50",
    }
    client = sign_in(admin)
    assert client.post(f"{HERE}/manage/offers/new/", form).status_code == 422
    client.post(f"{HERE}/manage/offers/new/", {**form, "bands_1_price": "250"})
    assert list(Offer.objects.get().bands.values_list("seats_min", "price")) == [(10, 30000), (50, 25000)]


def test_a_change_says_what_it_was_before(admin: User, filled: dict[str, Any]) -> None:
    client = sign_in(admin)
    client.post(f"{HERE}/manage/offers/new/", {**filled, "locks_price": "on"})
    offer = Offer.objects.get()
    client.post(f"{HERE}/manage/offers/{offer.pk}/", {**filled, "locks_price": "on", "price": "400"})
    fact = Fact.objects.filter(verb="offer.changed").latest("pk")
    assert (fact.detail["before"], fact.detail["after"]) == ({"price": 36500}, {"price": 40000})


WRONG = [
    {"renewal": "automatic", "term": "lifetime"},
    {"renewal": "automatic", "price": 0},
    {"renewal": "instalments", "instalments": 1},
    {"renewal": "instalments", "instalments": 37},
    {"instalments": 3},
    {"renewal": "instalments", "instalments": 3, "price_is_minimum": True},
    {"term": "deadline"},
    {"ends_at": LATER},
    {"trial_days": 366},
    {"trial_price": 100},
    {"early_price": 36500, "early_until": LATER},
    {"early_price": 100},
    {"early_until": LATER},
    {"on_sale_from": LATER, "on_sale_until": LATER},
    {"group_size": 3},
    {"group_price": 100},
    {"group_size": 1, "group_price": 100},
    {"group_size": 3, "group_price": 36500},
    {"group_size": 3, "group_price": 100, "renewal": "automatic"},
    {"quantity_max": 0},
    {"prices": {"CNY": 1}},
    {"prices": {"USD": -1}},
    {"prices": {"USD": 10**12 + 1}},
    {"bands": [(10, 100)]},
    {"is_for_seats": True, "bands": [(1, 100)]},
    {"is_for_seats": True, "bands": [(10, 100), (10, 90)]},
    {"is_for_seats": True, "renewal": "automatic"},
    {"is_for_seats": True, "trial_days": 7},
    {"is_for_seats": True, "prices": {"USD": 1}},
    {"grace_days": 61},
    {"price": True},
    {"price": 1.5},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_does_not_go_together_is_refused(admin: User, tier: Plan, wrong: dict[str, Any]) -> None:
    terms = {"name": "x", "plans": [tier], "price": 36500, "currency": "CNY", "term": "year", **wrong}
    with pytest.raises(WrongOffer):
        save_offer(viewer=viewer_of(admin), terms=OfferTerms(**terms))
    assert Offer.objects.count() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": "NaN"},
        {"price": "1e18"},
        {"early_price": "-1"},
        {"early_until": "yesterday"},
        {"quantity_max": "0"},
        {"quantity_max": "1e3"},
        {"prices_0_currency": "USD"},
        {"prices_0_currency": "XXX", "prices_0_price": "1"},
        {"prices_0_currency": "JPY", "prices_0_price": "1.5"},
        {
            "prices_0_currency": "USD",
            "prices_0_price": "1",
            "prices_1_currency": "USD",
            "prices_1_price": "2",
        },
        {"prices_99999999_currency": "USD", "prices_99999999_price": "1", "term": "eternity"},
        {"renewal": "forever"},
        {"group_size": "-1"},
    ],
)
def test_a_form_with_senseless_answers_is_shown_again(
    admin: User, filled: dict[str, Any], wrong: dict[str, str]
) -> None:
    assert sign_in(admin).post(f"{HERE}/manage/offers/new/", {**filled, **wrong}).status_code == 422
    assert Offer.objects.count() == 0


def test_the_card_is_shown_while_it_is_written_and_nothing_is_kept(
    admin: User, filled: dict[str, Any]
) -> None:
    client = sign_in(admin)
    form = {**filled, "term": "lifetime", "price": "100", "renewal": "instalments", "instalments": "3"}
    card = client.post(f"{HERE}/manage/offers/preview/", form).text
    assert (card.count("3 × ¥100 monthly, ¥300 in all."), card.count("a month, 3 times")) == (1, 1)
    assert client.post(f"{HERE}/manage/offers/preview/", {"name": "x"}).text.count("it appears here") == 1
    odd = client.post(f"{HERE}/manage/offers/preview/", {**form, "instalments": "1"}).text
    assert odd.count("Choose from 2 to 36 instalments.") == 1
    assert Offer.objects.count() == 0


def test_a_hidden_offer_is_for_who_has_the_link(admin: User, monthly: Offer, anonymous: Client) -> None:
    Offer.objects.update(hidden_key="k" * 32)
    monthly.refresh_from_db()

    def listed(key: str) -> int:
        return anonymous.get(f"{HERE}/pricing/", {"key": key}).text.count(f"/offers/{monthly.pk}/checkout/")

    assert [listed(key) for key in ("", "k" * 31, "k" * 32)] == [0, 0, 1]
    sign_in(admin).post(f"{HERE}/manage/offers/{monthly.pk}/link/")
    monthly.refresh_from_db()
    assert [listed(key) for key in ("k" * 32, monthly.hidden_key)] == [0, 1]


def test_an_early_price_stands_beside_what_it_will_be(monthly: Offer, anonymous: Client) -> None:
    until = timezone.now() + timedelta(days=3)
    Offer.objects.update(early_price=2000, early_until=until)
    page = anonymous.get(f"{HERE}/pricing/", headers={"Accept-Language": "en"}).text
    assert re.findall(r'price-amount">([^<]+)<', page) == ["¥20"]
    assert re.findall(r"</span>([^<]+)</s>", page) == ["¥30"]
    assert page.count("Early price until") == 1
    Offer.objects.update(early_until=timezone.now() - timedelta(seconds=1))
    page = anonymous.get(f"{HERE}/pricing/?again", headers={"Accept-Language": "en"}).text
    assert re.findall(r'price-amount">([^<]+)<', page) == ["¥30"]


def test_places_that_are_left_are_counted(monthly: Offer, anonymous: Client, visitor: User) -> None:
    Offer.objects.update(quantity_max=2, trial_days=0)
    monthly.refresh_from_db()
    pages = []
    for number in range(2):
        pages.append(anonymous.get(f"{HERE}/pricing/?{number}", headers={"Accept-Language": "en"}).text)
        place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox")
    assert [page.count("2 places are left.") for page in pages] == [1, 0]
    assert [page.count("1 place is left.") for page in pages] == [0, 1]


def test_a_sold_out_offer_cannot_be_chosen(monthly: Offer, anonymous: Client, visitor: User) -> None:
    Offer.objects.update(quantity_max=1, trial_days=0)
    monthly.refresh_from_db()
    place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox")
    page = anonymous.get(f"{HERE}/pricing/", headers={"Accept-Language": "en"}).text
    assert (page.count("Sold out"), page.count(f"/offers/{monthly.pk}/checkout/")) == (1, 0)


def test_prices_can_be_seen_in_another_currency(monthly: Offer, lifetime: Offer, anonymous: Client) -> None:
    monthly.prices.create(currency="USD", price=499)
    page = anonymous.get(f"{HERE}/pricing/?currency=USD", headers={"Accept-Language": "en"}).text
    amounts = re.findall(r'price-amount">([^<]+)<', page)
    assert amounts == ["$4.99", "¥999"]
    assert page.count("currency=USD") >= 2  # the switch, and the way to the checkout
    wrong = anonymous.get(f"{HERE}/pricing/?currency=%00", headers={"Accept-Language": "en"}).text
    assert re.findall(r'price-amount">([^<]+)<', wrong) == ["¥30", "¥999"]


def test_what_is_not_yet_or_no_more_on_sale_is_not_listed(monthly: Offer, anonymous: Client) -> None:
    counts = []
    for number, times in enumerate(({"on_sale_from": LATER}, {"on_sale_until": timezone.now()}, {})):
        Offer.objects.update(**{"on_sale_from": None, "on_sale_until": None, **times})
        counts.append(anonymous.get(f"{HERE}/pricing/?{number}").text.count("/checkout/"))
    assert counts == [0, 0, 1]
