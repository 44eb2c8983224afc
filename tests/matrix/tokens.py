"""What is bought to be passed on: a present, seats, a gift card and redeem codes of the visitor's world, each with its
token and the words of whoever it is for."""

from typing import TYPE_CHECKING

from django.utils import timezone

from paideia.commerce.actions import place_order, settle_order
from paideia.commerce.actions.cards import place_card
from paideia.commerce.actions.redeeming import make_batch
from paideia.commerce.actions.seats import offer_seats
from paideia.commerce.models import CardTerms, Offer, Order
from paideia.commerce.quoting import GiftWish, Wish
from tests.matrix.canaries import BUYER, HOLDER, NOBODY, TEAM, Canary, word

if TYPE_CHECKING:
    from tests.matrix.world import World


def add_tokens(world: "World", offer: Offer) -> None:
    """The visitor is the holder: who bought it may pass it on. The team sees the order and not what opens it."""
    _gift(world, offer)
    _seats(world, offer)
    _card(world)
    _codes(world, offer)


def _canary(world: "World", part: str, secret: str, where: str) -> None:
    world.canaries.append(Canary(secret, 0, part, where))


def _pay(world: "World", order: Order) -> Order:
    world.ids["order"].append(order.number)
    _canary(world, BUYER, order.number, f"number of an order ({order.kind})")
    return settle_order(
        order.pk,
        charge_id=f"ch{order.pk}",
        amount=order.total,
        currency=order.currency,
        paid_at=timezone.now(),
    )


def _gift(world: "World", offer: Offer) -> None:
    email, message = word(), word()
    present = GiftWish(recipient_email=f"{email}@example.org", message=f"for you {message}")
    wish = Wish(kind=Order.Kind.GIFT, gift=present)
    order = place_order(viewer=world.viewer("visitor"), offer=offer, provider="sandbox", wish=wish)
    gift = _pay(world, order).gift
    world.ids["gift_token"] = [gift.token]
    _canary(world, HOLDER, gift.token, "token of a gift")
    _canary(world, BUYER, email, "address of whoever a gift is for")


def _seats(world: "World", offer: Offer) -> None:
    name, pupil = word(), word()
    seats = Offer.objects.create(
        community=world.community, name="Seats", price=500, currency="CNY", term="year", is_for_seats=True
    )
    seats.plans.set(offer.plans.all())
    wish = Wish(kind=Order.Kind.SEATS, quantity=3, pool_name=f"Class {name}", pool_domain="school.example")
    viewer = world.viewer("visitor")
    pool = _pay(world, place_order(viewer=viewer, offer=seats, provider="sandbox", wish=wish)).seats.pool
    (seat,) = offer_seats(viewer=viewer, pool=pool, addresses=[f"{pupil}@example.org"])
    world.ids |= {"pool": [pool.pk], "pool_token": [pool.token], "seat_token": [seat.token]}
    world.ids["seat"] = [(pool.pk, seat.pk)]
    _canary(world, HOLDER, pool.token, "token of a pool of seats")
    _canary(world, NOBODY, seat.token, "token of a seat, which is mailed and shown to nobody")
    _canary(world, HOLDER, pupil, "address of whoever has a seat")


def _card(world: "World") -> None:
    CardTerms.objects.create(community=world.community, currency="CNY", amounts=[10000])
    card = _pay(world, place_card(viewer=world.viewer("visitor"), amount=10000, provider="sandbox")).gift_card
    world.ids["card"] = [card.pk]
    _canary(world, HOLDER, card.code, "code of a gift card")


def _codes(world: "World", offer: Offer) -> None:
    batch = make_batch(viewer=world.viewer("owner"), offer=offer, name="Fair", size=2)
    world.ids["batch"] = [batch.pk]
    for code in batch.codes.all():
        _canary(world, TEAM, code.code, "redeem code")
