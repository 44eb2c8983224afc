"""A person's own credit covers what it can, once."""

import pytest
from django.db import transaction
from django.utils import timezone

from paideia.accounts.models import User
from paideia.commerce.actions import expire_orders, place_order, settle_order
from paideia.commerce.life import advance
from paideia.commerce.models import Offer, Order
from paideia.commerce.quoting import Wish
from paideia.commerce.refusals import HeldElsewhere
from paideia.commerce.tests.races import at_once
from paideia.ledger.actions import Move, account, post
from paideia.ledger.queries import balance
from tests.cast import viewer_of


def give(offer: Offer, user: User, amount: int, currency: str = "CNY") -> None:
    given = account(offer.community, "world:giving", "cards", currency)
    theirs = account(offer.community, f"user:{user.pk}", "credit", currency)
    post([Move(given, theirs, amount, f"test:{user.pk}:{currency}:{amount}")])


def place(user: User, offer: Offer) -> Order:
    wish = Wish(uses_credit=True)
    return place_order(viewer=viewer_of(user), offer=offer, provider="sandbox", wish=wish)


def left(offer: Offer, user: User) -> tuple[int, int]:
    held = sum(balance(offer.community, f"order:{one.pk}", "held", "CNY") for one in Order.objects.all())
    return balance(offer.community, f"user:{user.pk}", "credit", "CNY"), held


def test_credit_covers_a_part_and_is_earned_when_the_rest_is_paid(visitor: User, monthly: Offer) -> None:
    give(monthly, visitor, 1000)
    give(monthly, visitor, 9000, "USD")
    order = place(visitor, monthly)
    assert (order.total, order.credit, order.state) == (2000, 1000, "created")
    assert left(monthly, visitor) == (0, 1000)
    settle_order(order.pk, charge_id="c", amount=2000, currency="CNY", paid_at=timezone.now())
    assert left(monthly, visitor) == (0, 0)
    assert balance(monthly.community, "house", "sales", "CNY") == 3000


def test_credit_that_covers_all_needs_no_provider(visitor: User, monthly: Offer) -> None:
    give(monthly, visitor, 5000)
    order = place(visitor, monthly)
    assert (order.total, order.credit, order.state, order.provider) == (0, 3000, "paid", "free")
    assert left(monthly, visitor) == (2000, 0)


@pytest.mark.parametrize("end", ["failed", "expired"])
def test_credit_comes_back_when_the_order_is_not_paid(visitor: User, monthly: Offer, end: str) -> None:
    give(monthly, visitor, 1000)
    order = place(visitor, monthly)
    if end == "failed":
        with transaction.atomic():
            advance(order, "failed")
    else:
        Order.objects.update(expires_at=timezone.now())
        expire_orders()
    assert left(monthly, visitor) == (1000, 0)
    settle_order(order.pk, charge_id="c", amount=2000, currency="CNY", paid_at=timezone.now())
    assert left(monthly, visitor) == (0, 0)


def test_a_late_payment_finds_its_credit_spent(visitor: User, monthly: Offer, lifetime: Offer) -> None:
    give(monthly, visitor, 1000)
    order = place(visitor, monthly)
    Order.objects.update(expires_at=timezone.now())
    expire_orders()
    assert place(visitor, lifetime).credit == 1000
    with pytest.raises(HeldElsewhere):
        settle_order(order.pk, charge_id="c", amount=2000, currency="CNY", paid_at=timezone.now())
    assert left(monthly, visitor) == (0, 1000)


def test_a_second_click_finds_the_same_credit(visitor: User, monthly: Offer) -> None:
    give(monthly, visitor, 1000)
    assert place(visitor, monthly) == place(visitor, monthly)
    Offer.objects.update(price=4000)
    dearer = place(visitor, monthly)
    assert (dearer.total, dearer.credit, left(monthly, visitor)) == (3000, 1000, (0, 1000))
    assert Order.objects.filter(state="expired").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_checkouts_at_once_use_the_same_credit_once(
    visitor: User, monthly: Offer, lifetime: Offer
) -> None:
    give(monthly, visitor, 3000)
    results = at_once(lambda: place(visitor, monthly), lambda: place(visitor, lifetime))
    orders = [one for one in results if isinstance(one, Order)]
    assert sorted(order.credit for order in orders) == [0, 3000]
    assert left(monthly, visitor)[0] == 0
