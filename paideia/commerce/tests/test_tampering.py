"""Whatever a buyer sends, what they pay is the shop's own reckoning: no order, and no charge at the provider, has an
amount that somebody made up."""

from typing import Any

import pytest

from paideia.accounts.models import User
from paideia.commerce.models import Offer, Order, SandboxCharge
from paideia.communities.actions import create_community
from tests.cast import person, sign_in

HERE = "/c/agora"
FIELDS = (
    *("price", "total", "amount", "credit", "currency", "chosen_price", "quantity", "coupon", "gift", "pool"),
    *("renew", "begin", "group", "key", "term", "plans", "buyer", "state", "trial_price", "instalments"),
    *("early_price", "provider", "deliver_at", "recipient_email", "replaces", "subscription", "period"),
)
VALUES: tuple[Any, ...] = (
    *("-1", "0", "1", "1e18", "0.01", "NaN", "Infinity", "USD", "JPY", "trial", "{}", "[]", "null", "\x00"),
    *("on", "9" * 30, "١", "1;drop", "' or 1=1", ["1", "2"], "x" * 5000),
)


def worth(order: Order) -> set[int]:
    """What this may cost: the listed prices, times the seats."""
    assert order.offer is not None
    offer = order.offer
    if order.kind == Order.Kind.TRIAL:
        return {offer.trial_price}
    if order.currency != offer.currency:
        return {one.price for one in offer.prices.all() if one.currency == order.currency}
    if offer.is_for_seats:
        best = [band.price for band in offer.bands.all() if band.seats_min <= order.quantity]
        return {(best[-1] if best else offer.price) * order.quantity}
    return {offer.price if offer.early_price is None else offer.early_price}


def nothing_was_made_up() -> None:
    for order in Order.objects.select_related("offer"):
        assert sum(line.amount for line in order.lines.all()) == order.value
        least = worth(order)
        if order.offer is not None and order.offer.price_is_minimum:
            assert order.value >= min(least)
        else:
            assert order.value in least, (order.kind, order.currency, order.quantity, order.value)
        assert order.state in {"created", "awaiting", "expired"} or order.total == 0
    for charge in SandboxCharge.objects.all():
        order = Order.objects.get(number=charge.order_number)
        assert (charge.amount, charge.currency) == (order.total, order.currency)


def offers(monthly: Offer) -> dict[str, Offer]:
    """One of each kind."""
    plan = monthly.plans.get()

    def offer(name: str, **terms: Any) -> Offer:
        made = Offer.objects.create(
            community=monthly.community,
            name=name,
            **{"price": 3000, "currency": "CNY", "term": "month", **terms},
        )
        made.plans.add(plan)
        return made

    abroad = offer("abroad")
    abroad.prices.create(currency="USD", price=499)
    seats = offer("seats", is_for_seats=True, term="year")
    seats.bands.create(seats_min=10, price=2000)
    return {
        "plain": monthly,
        "abroad": abroad,
        "seats": seats,
        "minimum": offer("minimum", price_is_minimum=True),
        "renewed": offer("renewed", renewal="automatic", trial_days=7, trial_price=100),
        "instalments": offer("instalments", renewal="instalments", instalments=3, term="year"),
        "early": offer("early", early_price=2000, early_until="2999-01-01T00:00Z"),
        "hidden": offer("hidden", hidden_key="k" * 32),
    }


@pytest.mark.parametrize(
    "kind", ["plain", "abroad", "seats", "minimum", "renewed", "instalments", "early", "hidden"]
)
@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.long)], ids=["some", "all"])
def test_nothing_that_is_sent_makes_a_price(visitor: User, monthly: Offer, kind: str, step: int) -> None:
    offer = offers(monthly)[kind]
    client = sign_in(visitor)
    address = f"{HERE}/offers/{offer.pk}/checkout/"
    base = {"provider": "sandbox", "next": "/", "buy": "1"}
    base |= {"quantity": "3", "pool_name": "Class"} if kind == "seats" else {}
    base |= {"key": "k" * 32} if kind == "hidden" else {}
    base |= {"chosen_price": "30"} if kind == "minimum" else {}
    base |= {"currency": "USD"} if kind == "abroad" else {}
    assert client.post(address, base).status_code == 302
    for number, field in enumerate(FIELDS):
        for value in VALUES[number % step :: step]:
            answer = client.post(address, {**base, field: value})
            assert answer.status_code < 500, (field, value)
            Order.objects.filter(state__in=["created", "awaiting"]).update(state="expired")
        answer = client.get(f"{HERE}/offers/{offer.pk}/sum/", {**base, field: VALUES[0]})
        assert answer.status_code < 500
        nothing_was_made_up()


@pytest.mark.parametrize("kind", ["plain", "renewed"])
def test_trials_redeeming_and_cards_take_no_price_either(visitor: User, monthly: Offer, kind: str) -> None:
    offer = offers(monthly)[kind]
    client = sign_in(visitor)
    for path in (f"offers/{offer.pk}/trial/", "redeem/", "cards/"):
        for field in ("price", "amount", "currency", "days", "code", "plans"):
            for value in ("-1", "1e18", "0", ["1", "2"], "\x00", "USD"):
                assert client.post(f"{HERE}/{path}", {field: value}).status_code < 500, (path, field, value)
    assert all(order.value > 0 or order.offer_id is not None for order in Order.objects.all())


def test_offers_of_another_place_are_not_sold_here(visitor: User, monthly: Offer) -> None:
    other = create_community(by=person("otto"), slug="other", name="Other", language="en")
    theirs = Offer.objects.create(community=other, name="x", price=1, currency="CNY")
    client = sign_in(visitor)
    for address in (f"offers/{theirs.pk}/checkout/", f"offers/{theirs.pk}/sum/"):
        assert client.post(f"{HERE}/{address}", {"provider": "sandbox"}).status_code in {404, 405}
    form = {"provider": "sandbox", "buy": "1", "offer": str(theirs.pk), "offer_id": str(theirs.pk)}
    client.post(f"{HERE}/offers/{monthly.pk}/checkout/", form)
    assert [order.offer_id for order in Order.objects.all()] == [monthly.pk]
