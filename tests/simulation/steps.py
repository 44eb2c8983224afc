"""What people do, and what happens to them: each takes its chances from the world."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from paideia.activity.readers import run_once
from paideia.commerce import actions
from paideia.commerce.actions.asking import ask_about_waiting
from paideia.commerce.actions.cards import expire_cards
from paideia.commerce.actions.renewing import renew_due
from paideia.commerce.actions.subscriptions import cancel, change_next, pay_period, resume, stay
from paideia.commerce.models import Offer, Order, Subscription
from paideia.commerce.quoting import GiftWish, Wish
from paideia.commerce.quoting.unused import REPLACEABLE, REPLACEABLE_KINDS
from tests.simulation import presents
from tests.simulation.world import BOOKS, World

Kind = Order.Kind


def an_offer(world: World, *names: str) -> Offer | None:
    """One of those that are sold in this course, of these names (none: all but seats)."""
    sold = [name for name in world.shape.offers if (name in names if names else name != "team")]
    return world.town.offers[world.chance.choice(sold)] if sold else None


def place(world: World, offer: Offer | None, wish: Wish, *, who: int | None = None) -> None:
    """Place an order, and mostly go to the provider's page."""
    user = world.someone() if who is None else next(one for one in world.people if one.pk == who)
    if offer is not None:
        order = actions.place_order(viewer=world.viewer(user), offer=offer, provider="simpay", wish=wish)
        go_to_pay(world, order)


def go_to_pay(world: World, order: Order) -> None:
    if order.may_be_paid and world.happens(0.9):
        actions.begin_payment(order=order, return_url="", notify_url="")


def buy(world: World) -> None:
    offer = an_offer(world)
    codes = [world.chance.choice(["SAVE20", "SAVE20", "OFF3"])] if world.happens(world.shape.haggles) else []
    chosen = world.chance.choice([1000, 1500, 9900])
    is_chosen = offer is not None and offer.price_is_minimum and not codes
    wish = Wish(
        codes=codes,
        chosen_price=chosen if is_chosen else None,
        uses_credit=world.happens(max(0.4, world.shape.haggles)),
    )
    place(world, offer, wish)


def give(world: World) -> None:
    """Buy for somebody else, by a link or by mail."""
    email = "friend@example.org" if world.happens(0.1) else ""
    wish = Wish(kind=Kind.GIFT, gift=GiftWish(recipient_email=email), uses_credit=world.happens(0.2))
    place(world, an_offer(world, "good", "month", "sub", "wish"), wish)


def try_out(world: World) -> None:
    offer = an_offer(world, "year", "taste")
    if offer is not None and not offer.trial_price:
        actions.start_trial(viewer=world.viewer(world.someone()), offer=offer)
    elif offer is not None:
        place(world, offer, Wish(kind=Kind.TRIAL))


def change(world: World) -> None:
    """Somebody wants another plan instead of one that they paid for, now or when it ends."""
    theirs = Order.objects.filter(
        state__in=REPLACEABLE, kind__in=REPLACEABLE_KINDS, buyer__in=world.people, replaced_by=None
    )
    if found := list(theirs.order_by("pk")):
        before = world.chance.choice(found[-4:])
        wish = Wish(
            kind=Kind.CHANGE,
            replaces=before.number,
            at_end=world.happens(0.3),
            uses_credit=world.happens(0.2),
        )
        place(world, an_offer(world), wish, who=before.buyer_id)


def buy_seats(world: World) -> None:
    wish = Wish(
        kind=Kind.SEATS, quantity=world.chance.choice([1, 1, 2]), pool_name="x", pool_domain="example.org"
    )
    place(world, an_offer(world, "team"), wish)


def pay(world: World) -> None:
    """Somebody pays on a page that they have open, perhaps long after, perhaps again."""
    if world.provider.pages:
        number = world.chance.choice(list(world.provider.pages)[-4:])
        world.provider.pay(number, fails=world.happens(world.shape.declines))
        if world.happens(0.5):
            come_back(world, number)


def come_back(world: World, number: str) -> None:
    order = Order.objects.get(number=number)
    if (said := world.provider.query(order)) is not None:
        world.take_in(said)


def hear(world: World) -> None:
    """News arrive; those that nobody lived to take in come again."""
    again = timezone.now() + timedelta(hours=1)
    arrived = world.provider.arrived()
    world.provider.news += [(again, news) for news in arrived]
    for news in arrived:
        world.take_in(news)
        world.provider.news.remove((again, news))


def work(world: World) -> None:
    world.work()


def sweep(world: World) -> None:
    """Two workers at the same: what one does the other finds done."""
    jobs: list[Callable[[], object]] = [
        *(actions.expire_orders, renew_due, expire_cards, ask_about_waiting),
        lambda: run_once(*(() if world.shape.hears_all else BOOKS)),
    ]
    job = world.chance.choice(jobs)
    for _ in range(2):
        job()


def pass_time(world: World) -> None:
    world.hands.shift(timedelta(minutes=world.chance.choice(world.shape.pauses)))


def refund(world: World) -> None:
    paid = Order.objects.filter(paid_at__isnull=False).order_by("pk")
    if chosen := list(paid):
        order = world.chance.choice(chosen[-6:])
        part = order.value // 3 if world.happens(0.4) else None
        as_credit = part is not None and world.happens(0.3)
        actions.refund_order(
            viewer=world.viewer(world.town.owner),
            order=order,
            amount=0 if as_credit else part,
            credit=part if as_credit else None,
            access=world.chance.choice(["", "", "", "kept", "revoked"]),
            reason="asked",
        )


def dispute(world: World) -> None:
    world.provider.dispute()


def bank(world: World) -> None:
    world.provider.finish_refunds()


def leave(world: World) -> None:
    """Somebody does something with what renews itself: leaves, stays, pays by hand, wants another for the next time."""
    rows = list(Subscription.objects.select_related("user").order_by("pk"))
    if not rows:
        return
    row = world.chance.choice(rows)
    viewer = world.viewer(row.user)
    what = world.chance.choice(["cancel", "cancel", "resume", "stay", "next", "pay", "pay"])
    if what == "cancel":
        cancel(viewer=viewer, subscription=row, reason="price")
    elif what == "resume":
        resume(viewer=viewer, subscription=row)
    elif what == "stay":
        stay(viewer=viewer, subscription=row)
    elif what == "next":
        change_next(viewer=viewer, subscription=row, offer=an_offer(world, "sub", "year", "taste"))
    else:
        go_to_pay(world, pay_period(viewer=viewer, subscription=row, provider="simpay"))


def outage(world: World) -> None:
    world.provider.is_down = world.shape.is_silent > 0 and world.happens(0.4)


STEPS: list[tuple[Callable[[World], None], float]] = [
    *((buy, 16), (pay, 20), (hear, 16), (work, 9), (sweep, 4), (pass_time, 12), (refund, 5)),
    *((dispute, 2), (bank, 3), (leave, 4), (outage, 2), (give, 1), (try_out, 1), (change, 1.5)),
    *((buy_seats, 1), (presents.claim, 1.5), (presents.buy_card, 1), (presents.hand_card, 0.7)),
    *((presents.redeem, 2), (presents.withdraw, 0.5), (presents.take_seat, 1), (presents.reclaim, 0.5)),
    *((presents.suspend_or_lift, 1), (presents.visit, 1)),
]
