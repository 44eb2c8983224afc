"""Changes, gifts, gift cards and refunds take no price, no amount and no order from who fills them in."""

from collections.abc import Callable
from typing import Any

import pytest

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.commerce.actions.cards import save_card_terms
from paideia.commerce.models import Offer, Order, Refund, SandboxCharge
from paideia.commerce.quoting import prices
from paideia.ledger.queries import balance
from tests.cast import person, sign_in, viewer_of

from .test_tampering import VALUES, nothing_was_made_up

HERE = "/c/agora"
Pay = Callable[[Order], Order]
STEP = [5, pytest.param(1, marks=pytest.mark.long)]


@pytest.fixture
def dearer(tier: Plan) -> Offer:
    plan = Plan.objects.create(community=tier.community, key="more", name="More")
    offer = Offer.objects.create(
        community=tier.community, name="More", price=9000, currency="CNY", term="month"
    )
    offer.plans.add(plan)
    return offer


def try_all(
    post: Callable[[dict[str, Any]], Any], base: dict[str, Any], fields: tuple[str, ...], step: int
) -> None:
    """Each field with each kind of nonsense. Nothing breaks."""
    for number, name in enumerate(fields):
        for value in VALUES[number % step :: step]:
            assert post({**base, name: value}).status_code < 500, (name, value)


@pytest.mark.parametrize("step", STEP)
def test_a_change_costs_what_we_reckon(
    order: Order, visitor: User, dearer: Offer, paid_at_the_sandbox: Pay, step: int
) -> None:
    paid_at_the_sandbox(order)
    client = sign_in(visitor)
    address = f"{HERE}/orders/{order.number}/change/"
    base = {"to": f"{dearer.pk}-now", "provider": "sandbox"}
    fields = (
        "to",
        "provider",
        "price",
        "total",
        "credit",
        "currency",
        "replaces",
        "unused",
        "quantity",
        "coupon",
    )
    assert client.post(address, base).status_code == 302
    try_all(lambda said: client.post(address, said), base, fields, step)
    for made in Order.objects.exclude(pk=order.pk):
        price, unused = made.lines.get(kind="price").amount, made.lines.get(kind="unused").amount
        assert (made.offer, made.currency, price) == (dearer, "CNY", 9000)
        assert -order.value <= unused < -order.value * 9 // 10  # just bought: nearly all of it is left
        assert made.value == price + unused
    for charge in SandboxCharge.objects.exclude(order_number=order.number):
        made = Order.objects.get(number=charge.order_number)
        assert (charge.amount, charge.currency) == (made.total, made.currency)


def test_nobody_changes_what_others_bought(
    order: Order, stranger: User, dearer: Offer, paid_at_the_sandbox: Pay
) -> None:
    paid_at_the_sandbox(order)
    said = {"to": f"{dearer.pk}-now", "provider": "sandbox"}
    assert sign_in(stranger).post(f"{HERE}/orders/{order.number}/change/", said).status_code == 404
    assert Order.objects.count() == 1


@pytest.mark.parametrize("step", STEP)
def test_a_gift_costs_what_its_offer_costs(visitor: User, monthly: Offer, step: int) -> None:
    client = sign_in(visitor)
    address = f"{HERE}/offers/{monthly.pk}/checkout/"
    base = {"provider": "sandbox", "gift": "1", "recipient_email": "a@example.org", "buy": "1", "next": "/"}
    fields = ("gift", "recipient_email", "message", "deliver_at", "price", "amount", "quantity", "currency")
    assert client.post(address, base).status_code == 302

    def post(said: dict[str, Any]) -> Any:
        answer = client.post(address, said)
        Order.objects.filter(state__in=["created", "awaiting"]).update(state="expired")
        return answer

    try_all(post, base, fields, step)
    nothing_was_made_up()


@pytest.mark.parametrize("step", STEP)
def test_a_card_costs_what_is_on_sale(visitor: User, admin: User, monthly: Offer, step: int) -> None:
    save_card_terms(viewer=viewer_of(admin), currency="CNY", amounts=[5000, 10000], valid_months=12)
    client = sign_in(visitor)
    base = {"amount": "5000", "provider": "sandbox"}
    fields = ("amount", "provider", "currency", "recipient_email", "message", "deliver_at", "price", "total")
    assert client.post(f"{HERE}/cards/", base).status_code == 302
    try_all(lambda said: client.post(f"{HERE}/cards/", said), base, fields, step)
    client.post(f"{HERE}/cards/", {**base, "amount": "1"})
    assert set(Order.objects.values_list("total", "credit", "currency")) <= {
        (5000, 0, "CNY"),
        (10000, 0, "CNY"),
    }


@pytest.mark.parametrize("step", STEP)
def test_a_refund_is_of_what_was_paid(order: Order, owner: User, paid_at_the_sandbox: Pay, step: int) -> None:
    paid_at_the_sandbox(order)
    client = sign_in(owner)
    address = f"{HERE}/manage/orders/{order.number}/refund/"
    base = {"amount": "0.01", "reason": "Asked", "access": ""}
    fields = ("amount", "credit", "access", "reason", "key", "currency", "total", "refunded", "order")
    try_all(lambda said: client.post(address, said), base, fields, step)
    order.refresh_from_db()
    sent = Refund.objects.filter(order=order)
    assert all(one.amount >= 0 and one.credit >= 0 and one.currency == "CNY" for one in sent)
    assert sum(one.value for one in sent) == order.refunded <= order.value
    assert balance(order.community, "house", "sales", "CNY") == order.value - order.refunded


def test_another_ones_coupon_counts_for_its_own_only(visitor: User, monthly: Offer) -> None:
    """A code of another community, or of nobody."""
    from paideia.commerce.models import Coupon
    from paideia.communities.actions import create_community

    other = create_community(by=person("otto"), slug="other", name="Other", language="en")
    Coupon.objects.create(community=other, code="THEIRS", percent=99)
    said = {"provider": "sandbox", "coupon": "THEIRS", "buy": "1", "next": "/"}
    assert sign_in(visitor).post(f"{HERE}/offers/{monthly.pk}/checkout/", said).status_code == 422
    assert Order.objects.count() == 0


def test_a_price_that_the_buyer_names_would_be_seen(
    visitor: User, monthly: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break: a checkout that charges what was sent."""
    real: Callable[..., None] = prices.price

    def named(quote: Any) -> None:
        real(quote)
        quote.lines[0].amount = 1

    monkeypatch.setattr(prices, "price", named)
    said = {"provider": "sandbox", "buy": "1", "next": "/"}
    sign_in(visitor).post(f"{HERE}/offers/{monthly.pk}/checkout/", said)
    with pytest.raises(AssertionError):
        nothing_was_made_up()
