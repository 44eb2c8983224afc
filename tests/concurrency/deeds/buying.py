"""What buyers do."""

from paideia.commerce import actions as shop
from paideia.commerce.actions.subscriptions import cancel, change_next, pay_period, resume, stay
from paideia.commerce.models import (
    BuyingGroup,
    SeatPool,
    Subscription,
)
from paideia.commerce.quoting import Wish
from tests.concurrency.deeds.register import CODES, deed, newest, of, orders, paid, place, tell, wish_for
from tests.concurrency.town import Town


@deed(8)
def buy(town: Town, a: int, b: int, c: int) -> object:
    return place(town, a, b, wish_for(town, b, c))


@deed(14)
def buy_and_pay(town: Town, a: int, b: int, c: int) -> object:
    order = place(town, a, b, wish_for(town, b, c))
    if order.paid_at is None:
        tell(town, paid(town, order), 1 + c % 2)
    return order


@deed(2)
def buy_few(town: Town, a: int, b: int, c: int) -> object:
    """A place of which there are not many."""
    viewer, offer = town.viewer(of(town.people, b)), town.offer("few")
    return shop.place_order(viewer=viewer, offer=offer, provider="bank", wish=wish_for(town, b, c))


@deed(3)
def use_coupon(town: Town, a: int, b: int, c: int) -> object:
    """One that is soon used up, for this or that."""
    wish, offer = Wish(codes=of(CODES[3:], a)), town.offer(of(["month", "good", "wish", "day"], c))
    return shop.place_order(viewer=town.viewer(of(town.people, b)), offer=offer, provider="bank", wish=wish)


@deed(5)
def subscribe(town: Town, a: int, b: int, c: int) -> object:
    offer = town.offer(of(["sub", "more", "parts"], a))
    viewer, wish = town.viewer(of(town.people, b)), wish_for(town, b, c)
    order = shop.place_order(viewer=viewer, offer=offer, provider="bank", wish=wish)
    tell(town, paid(town, order) if order.paid_at is None else None)
    return order


@deed(3)
def buy_abroad(town: Town, a: int, b: int, c: int) -> object:
    name, currency = of([("good", "USD"), ("month", "JPY")], a)
    viewer, wish = town.viewer(of(town.people, b)), Wish(currency=currency, uses_credit=True)
    order = shop.place_order(viewer=viewer, offer=town.offer(name), provider="bank", wish=wish)
    tell(town, paid(town, order) if order.paid_at is None else None)
    return order


@deed(5)
def join_group(town: Town, a: int, b: int, c: int) -> object:
    group = newest(BuyingGroup.objects.filter(community=town.community), a, 2)
    token = group.token if group is not None and c % 3 else "new"
    viewer = town.viewer(of(town.people, b))
    wish = Wish(kind="group", group=token)
    order = shop.place_order(viewer=viewer, offer=town.offer("year"), provider="bank", wish=wish)
    tell(town, paid(town, order) if c % 5 and order.paid_at is None else None)
    return order


@deed(4)
def buy_seats(town: Town, a: int, b: int, c: int) -> object:
    pool = newest(SeatPool.objects.filter(community=town.community), a, 3)
    wish = Wish(kind="seats", quantity=1 + b % 4)
    if pool is not None and c % 4:
        renews = c % 4 == 1
        wish = Wish(
            kind="seats", quantity=pool.size if renews else 1 + b % 4, pool_id=pool.pk, renews_pool=renews
        )
    viewer = town.viewer(pool.manager if wish.pool_id else of(town.people, b))
    order = shop.place_order(viewer=viewer, offer=town.offer("seats"), provider="bank", wish=wish)
    tell(town, paid(town, order))
    return order


@deed(5)
def change(town: Town, a: int, b: int, c: int) -> object:
    order = newest(
        orders(town).filter(state__in=["paid", "partly"], kind__in=["purchase", "renewal", "change"]), a
    )
    if order is None:
        return None
    offer = of([one for one in town.offers if not one.is_for_seats], b)
    wish = Wish(kind="change", replaces=order.number, at_end=c % 3 == 0)
    made = shop.place_order(viewer=town.viewer(order.buyer), offer=offer, provider="bank", wish=wish)
    tell(town, paid(town, made) if made.paid_at is None else None)
    return made


@deed(3)
def trial(town: Town, a: int, b: int, c: int) -> object:
    return shop.start_trial(viewer=town.viewer(of(town.people, b)), offer=town.offer("both"))


@deed(7)
def leave(town: Town, a: int, b: int, c: int) -> object:
    row = newest(Subscription.objects.filter(community=town.community), a)
    if row is None:
        return None
    viewer, what = town.viewer(row.user), c % 7
    if what in (0, 1):
        return cancel(viewer=viewer, subscription=row, reason="price")
    if what == 2:
        return resume(viewer=viewer, subscription=row)
    if what == 3:
        return stay(viewer=viewer, subscription=row)
    if what == 4:
        return change_next(viewer=viewer, subscription=row, offer=town.offer(of(["sub", "more"], b)))
    order = pay_period(viewer=viewer, subscription=row, provider="bank")
    if order.paid_at is None and what == 5:
        tell(town, paid(town, order))
    return order
