"""Limited places are sold once each, whoever is late."""

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from django.utils import timezone

from paideia.access.models import Grant
from paideia.accounts.models import User
from paideia.commerce.actions import accept_payment, archive_offer, expire_orders, place_order, refund_order
from paideia.commerce.actions import orders as orders_action
from paideia.commerce.models import Notice, Offer, Order, Refund
from paideia.commerce.places import places_taken
from paideia.commerce.providers import Payment
from paideia.commerce.quoting import Wish
from paideia.commerce.refusals import SoldOut
from paideia.commerce.tests.races import in_turns
from paideia.ledger.queries import balance
from tests.cast import person, viewer_of

Say = Callable[..., Payment]


@pytest.fixture
def limited(monthly: Offer) -> Offer:
    monthly.quantity_max, monthly.trial_days = 1, 0
    monthly.save()
    return monthly


def place(user: User, offer: Offer) -> Order:
    return place_order(viewer=viewer_of(user), offer=offer, provider="sandbox")


def pay(order: Order, paid: Say, charge: str) -> Notice:
    payment = paid(order, message_id=charge, charge_id=charge)
    return accept_payment(community=order.community, provider="sandbox", payment=payment)


def expire(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    expire_orders()


def test_the_last_place_is_held_while_its_order_can_be_paid(
    limited: Offer, visitor: User, stranger: User
) -> None:
    first = place(visitor, limited)
    with pytest.raises(SoldOut):
        place(stranger, limited)
    expire(first)
    assert place(stranger, limited).state == "created"


def test_who_pays_late_for_a_place_that_is_gone_has_the_money_back(
    limited: Offer, visitor: User, stranger: User, paid: Say
) -> None:
    late = place(visitor, limited)
    expire(late)
    pay(place(stranger, limited), paid, "ch1")
    notice = pay(late, paid, "ch2")
    assert (notice.outcome, notice.is_open) == ("gone", False)
    refund = Refund.objects.get()
    assert (refund.order_id, refund.stray_charge_id, refund.amount) == (late.pk, "ch2", 3000)
    late.refresh_from_db()
    assert (late.state, Grant.objects.filter(user=visitor).count()) == ("expired", 0)
    assert balance(late.community, "house", "sales", "CNY") == 3000


def test_who_pays_late_for_a_place_that_is_still_free_has_it(
    limited: Offer, visitor: User, paid: Say
) -> None:
    late = place(visitor, limited)
    expire(late)
    assert pay(late, paid, "ch1").outcome == "settled"


def test_a_late_payment_for_an_archived_offer_goes_back(
    monthly: Offer, visitor: User, owner: User, paid: Say
) -> None:
    waiting, late = place(visitor, monthly), place(owner, monthly)
    expire(late)
    archive_offer(viewer=viewer_of(owner), offer=monthly)
    assert (pay(waiting, paid, "ch1").outcome, pay(late, paid, "ch2").outcome) == ("settled", "gone")


def test_a_payment_after_the_fixed_day_goes_back(monthly: Offer, visitor: User, paid: Say) -> None:
    monthly.term, monthly.ends_at = "deadline", timezone.now() + timedelta(minutes=1)
    monthly.save()
    order = place(visitor, monthly)
    Order.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert pay(order, paid, "ch1").outcome == "gone"


def test_a_fully_refunded_order_gives_its_place_back(
    limited: Offer, visitor: User, stranger: User, paid: Say
) -> None:
    order = place(visitor, limited)
    pay(order, paid, "ch1")
    with pytest.raises(SoldOut):
        place(stranger, limited)
    refund_order(viewer=None, order=order, reason="-")
    assert place(stranger, limited).state == "created"


def sell_out(offer: Offer, paid: Say, *, buyers: int, abandon: float, seed: int = 1) -> list[Order]:
    """So many buyers at once, some of whom never pay or pay after their time; until nobody is left."""
    charges, dice = count(), random.Random(seed)
    people = [person(f"b{number}") for number in range(buyers)]
    for user in people:
        viewer_of(user)

    def buy(user: User, fate: float) -> Callable[[], object]:
        def go() -> object:
            order = place(user, offer)
            if fate < abandon:
                Order.objects.filter(pk=order.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
                return expire_orders()
            if fate < abandon * 1.5:
                expire(order)
            return pay(order, paid, f"ch{next(charges)}")

        return go

    in_turns([buy(user, dice.random()) for user in people], width=8)
    return list(Order.objects.filter(state="paid"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("buyers", "places"), [(24, 6), pytest.param(200, 50, marks=pytest.mark.long)])
def test_places_are_sold_out_exactly(monthly: Offer, paid: Say, buyers: int, places: int) -> None:
    Offer.objects.update(quantity_max=places, trial_days=0)
    sold = sell_out(monthly, paid, buyers=buyers, abandon=0)
    assert (len(sold), Grant.objects.filter(source__startswith="order:").count()) == (places, places)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("buyers", "places"), [(24, 4), pytest.param(200, 10, marks=pytest.mark.long)])
def test_abandoned_places_come_back_and_none_is_sold_twice(
    monthly: Offer, paid: Say, buyers: int, places: int
) -> None:
    Offer.objects.update(quantity_max=places, trial_days=0)
    sold = len(sell_out(monthly, paid, buyers=buyers, abandon=0.5))
    assert sold <= places
    Order.objects.filter(paid_at=None).update(expires_at=timezone.now() - timedelta(minutes=1))
    expire_orders()
    for number in range(places - sold):
        pay(place(person(f"last{number}"), monthly), paid, f"last{number}")
    monthly.refresh_from_db()
    assert (Order.objects.filter(state="paid").count(), places_taken(monthly)) == (places, places)
    with pytest.raises(SoldOut):
        place(person("toolate"), monthly)


@pytest.mark.django_db(transaction=True)
def test_without_counting_places_are_oversold(
    monthly: Offer, paid: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break."""
    Offer.objects.update(quantity_max=3, trial_days=0)
    monkeypatch.setattr(orders_action, "places_taken", lambda offer: 0)
    assert len(sell_out(monthly, paid, buyers=10, abandon=0)) > 3


def test_who_changes_to_a_limited_offer_takes_a_place(
    monthly: Offer, lifetime: Offer, visitor: User, stranger: User, paid: Say
) -> None:

    before = place(visitor, monthly)
    pay(before, paid, "ch1")
    lifetime.quantity_max = 1
    lifetime.save()
    wish = Wish(kind="change", replaces=before.number)
    change = place_order(viewer=viewer_of(visitor), offer=lifetime, provider="sandbox", wish=wish)
    assert places_taken(lifetime) == 1
    with pytest.raises(SoldOut):
        place(stranger, lifetime)
    assert pay(change, paid, "ch2").outcome == Notice.Outcome.SETTLED
    change.refresh_from_db()
    refund_order(viewer=None, order=change, reason="asked")
    assert places_taken(lifetime) == 0
