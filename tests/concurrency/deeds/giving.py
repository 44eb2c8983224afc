"""What is passed on: gifts, codes, cards, seats."""

from paideia.commerce import actions as shop
from paideia.commerce.actions.cards import give_card, place_card, redeem_card, revoke_card
from paideia.commerce.actions.gifts import claim_gift
from paideia.commerce.actions.redeeming import redeem_code, revoke_batch, revoke_code
from paideia.commerce.actions.seats import offer_seats, reclaim_seat, take_seat
from paideia.commerce.models import (
    Gift,
    GiftCard,
    RedeemCode,
    Seat,
    SeatPool,
)
from paideia.commerce.quoting import GiftWish, Wish
from tests.concurrency.deeds.register import CODES, deed, newest, of, orders, paid, place, tell
from tests.concurrency.town import Town


@deed(4)
def give(town: Town, a: int, b: int, c: int) -> object:
    order = place(town, a, b, Wish(kind="gift", gift=GiftWish(), codes=of(CODES, c)))
    tell(town, paid(town, order) if order.paid_at is None else None)
    return order


@deed(5)
def claim(town: Town, a: int, b: int, c: int) -> object:
    gift = newest(Gift.objects.filter(order__community=town.community), a, 3)
    return claim_gift(viewer=town.viewer(of(town.people, b)), token=gift.token) if gift is not None else None


@deed(4)
def redeem(town: Town, a: int, b: int, c: int) -> object:
    code = of(list(RedeemCode.objects.filter(batch=town.batch).order_by("used_at", "pk")), a % 3)
    return redeem_code(viewer=town.viewer(of(town.people, b)), code=code.code)


@deed(1)
def revoke_codes(town: Town, a: int, b: int, c: int) -> object:
    code = of(list(RedeemCode.objects.filter(batch=town.batch).order_by("used_at", "pk")), a % 3)
    if c % 40 == 0:
        return revoke_batch(viewer=town.team, batch=town.batch)
    return revoke_code(viewer=town.team, batch=town.batch, code=code.code) if c % 4 == 0 else None


@deed(4)
def buy_card(town: Town, a: int, b: int, c: int) -> object:
    viewer = town.viewer(of(town.people, b))
    order = place_card(viewer=viewer, amount=of([2000, 10000], a), provider="bank")
    tell(town, paid(town, order), 1 + c % 2)
    return order


@deed(2)
def hand_out_card(town: Town, a: int, b: int, c: int) -> object:
    currency = of(["CNY", "USD", "JPY"], b)
    return give_card(viewer=town.team, amount=500 + a % 3000, currency=currency)


@deed(6)
def use_card(town: Town, a: int, b: int, c: int) -> object:
    card = newest(GiftCard.objects.filter(community=town.community), a, 3)
    if card is None:
        return None
    if c % 6 == 0:
        return revoke_card(viewer=town.team, card=card)
    return redeem_card(viewer=town.viewer(of(town.people, b)), code=card.code)


@deed(3)
def refund_card(town: Town, a: int, b: int, c: int) -> object:
    order = newest(orders(town).filter(kind="card", paid_at__isnull=False), a, 2)
    if order is None:
        return None
    amount = None if c % 3 else order.total // 4
    return shop.refund_order(viewer=town.team, order=order, reason="asked", amount=amount)


@deed(6)
def seat(town: Town, a: int, b: int, c: int) -> object:
    """Offered, taken or taken back."""
    pool = newest(SeatPool.objects.filter(community=town.community), a, 3)
    if pool is None:
        return None
    person = of(town.people, b)
    if c % 4 == 0:
        return offer_seats(viewer=town.viewer(pool.manager), pool=pool, addresses=[person.email])
    row = newest(Seat.objects.filter(pool=pool), b, 4)
    if row is None:
        return None
    if c % 4 == 1:
        return reclaim_seat(viewer=town.viewer(pool.manager), pool=pool, seat_id=row.pk)
    return take_seat(viewer=town.viewer(person), token=row.token)
