"""What people do with what is behind a link or a code: gifts, cards, codes and seats. And who is shut out."""

from django.utils import timezone

from paideia.commerce.actions.cards import give_card, place_card, redeem_card
from paideia.commerce.actions.gifts import claim_gift
from paideia.commerce.actions.redeeming import redeem_code, revoke_batch
from paideia.commerce.actions.seats import reclaim_seat, take_seat_by_domain
from paideia.commerce.models import Gift, GiftCard, Order, RedeemCode, Seat, SeatPool
from paideia.communities.actions import lift_suspension, suspend
from paideia.communities.models import Membership, Suspension
from tests.simulation.world import World


def claim(world: World) -> None:
    """Somebody opens the link of a gift, whatever has become of it."""
    if tokens := list(Gift.objects.order_by("pk").values_list("token", flat=True)):
        claim_gift(viewer=world.viewer(world.someone()), token=world.chance.choice(tokens[-3:]))


def buy_card(world: World) -> None:
    from tests.simulation.steps import go_to_pay

    amount = world.chance.choice([500, 4000])
    order = place_card(viewer=world.viewer(world.someone()), amount=amount, provider="simpay")
    go_to_pay(world, order)


def hand_card(world: World) -> None:
    give_card(viewer=world.viewer(world.town.owner), amount=world.chance.choice([700, 3000]), currency="CNY")


def redeem(world: World) -> None:
    """Somebody types a code of either sort, which somebody may have typed before."""
    viewer = world.viewer(world.someone())
    if world.happens(0.4):
        codes = list(RedeemCode.objects.order_by("pk").values_list("code", flat=True))
        redeem_code(viewer=viewer, code=world.chance.choice(codes))
    elif cards := list(GiftCard.objects.order_by("pk").values_list("code", flat=True)):
        redeem_card(viewer=viewer, code=world.chance.choice(cards[-3:]))


def withdraw(world: World) -> None:
    revoke_batch(viewer=world.viewer(world.town.owner), batch=world.town.batch)


def take_seat(world: World) -> None:
    if tokens := list(SeatPool.objects.order_by("pk").values_list("token", flat=True)):
        token = world.chance.choice(tokens[-2:])
        take_seat_by_domain(viewer=world.viewer(world.someone()), token=token)


def reclaim(world: World) -> None:
    if seats := list(Seat.objects.select_related("pool__manager").order_by("pk")):
        seat = world.chance.choice(seats[-3:])
        reclaim_seat(viewer=world.viewer(seat.pool.manager), pool=seat.pool, seat_id=seat.pk)


def suspend_or_lift(world: World) -> None:
    user = world.someone()
    membership = Membership.objects.get(community=world.town.community, user=user)
    if user.pk in world.shut:
        lift_suspension(membership=membership, by=world.town.owner)
        del world.shut[user.pk]
    else:
        row = suspend(membership=membership, by=world.town.owner, reason="quarrel")
        Suspension.objects.filter(pk=row.pk).update(at=timezone.now())  # the database has its own clock
        last = Order.objects.order_by("-pk").values_list("pk", flat=True).first()
        world.shut[user.pk] = (last or 0, timezone.now())


def visit(world: World) -> None:
    """Somebody looks in: what opens to them is what they hold."""
    from tests.simulation.laws import shut_out

    world.twin.hear()
    if wrong := shut_out(world):
        raise AssertionError(wrong)
