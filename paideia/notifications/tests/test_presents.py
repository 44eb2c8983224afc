"""Who gave something hears what became of it."""

import pytest
from django.utils import timezone

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.activity.readers import run_once
from paideia.commerce.actions import place_order, settle_order
from paideia.commerce.actions.gifts import claim_gift
from paideia.commerce.actions.seats import offer_seats, take_seat
from paideia.commerce.models import BuyingGroup, Offer, Order, SeatPool
from paideia.commerce.quoting import GiftWish, Wish
from paideia.notifications.models import Notification
from paideia.notifications.wording import sentence
from tests.cast import viewer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer(tier: Plan) -> Offer:
    made = Offer.objects.create(
        community=tier.community, name="Monthly", price=3000, currency="CNY", term="month"
    )
    made.plans.add(tier)
    return made


def bought(buyer: User, offer: Offer, wish: Wish) -> Order:
    order = place_order(viewer=viewer_of(buyer), offer=offer, provider="sandbox", wish=wish)
    return settle_order(
        order.pk, charge_id=f"c{order.pk}", amount=order.total, currency="CNY", paid_at=timezone.now()
    )


def told(user: User) -> list[str]:
    run_once()
    found = Notification.objects.filter(user=user, kind="billing").order_by("pk")
    return [sentence(one) for one in found]


def test_a_giver_hears_that_the_gift_was_opened(visitor: User, stranger: User, offer: Offer) -> None:
    order = bought(visitor, offer, Wish(kind="gift", gift=GiftWish()))
    claim_gift(viewer=viewer_of(stranger), token=order.gift.token)
    assert told(visitor) == ["stan has opened your gift: Monthly"]
    assert told(stranger) == []


def test_a_manager_hears_who_took_a_seat(visitor: User, stranger: User, offer: Offer) -> None:
    Offer.objects.update(is_for_seats=True)
    bought(visitor, offer, Wish(kind="seats", quantity=2, pool_name="Class"))
    pool = SeatPool.objects.get()
    (seat,) = offer_seats(viewer=viewer_of(visitor), pool=pool, addresses=["stan@example.org"])
    take_seat(viewer=viewer_of(stranger), token=seat.token)
    assert told(visitor) == ["stan has taken a seat of “Class”"]


def test_everybody_hears_that_the_group_is_full(visitor: User, stranger: User, offer: Offer) -> None:
    Offer.objects.update(group_size=2, group_price=2000)
    bought(visitor, offer, Wish(kind="group", group="new"))
    bought(stranger, offer, Wish(kind="group", group=BuyingGroup.objects.get().token))
    words = ["Your group is full: Monthly is yours"]
    assert (told(visitor), told(stranger)) == (words, words)
