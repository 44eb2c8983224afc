"""What must be true after every step, and what must be true when the faults have stopped."""

from collections import Counter

from django.db import connection
from django.utils import timezone

from paideia.access.models import Grant
from paideia.commerce.models import CouponUse, Notice, Order, Refund, Subscription
from paideia.ledger.queries import audit, balance
from tests.simulation.world import PLACES, USES, World

State = Order.State
GIVEN = {State.PAID, State.PARTLY_REFUNDED, State.DISPUTED}
BOOKED = """
SELECT o.id, o.number, o.kind, o.state, o.total + o.credit,
    coalesce((SELECT sum(t.amount) FROM ledger_transfer t
        WHERE t.key IN ('order:' || o.id || ':sale', 'order:' || o.id || ':credit')), 0),
    (SELECT count(*) FROM access_grant g WHERE g.source = 'order:' || o.id AND g.revoked_at IS NULL),
    (SELECT count(*) FROM access_grant g WHERE g.source = 'order:' || o.id),
    o.subscription_id
FROM commerce_order o WHERE o.community_id = %s
"""


def broken(world: World) -> list[str]:
    """The laws that do not hold now."""
    wrong = [str(finding) for finding in audit(world.town.community)]
    with connection.cursor() as cursor:
        cursor.execute(BOOKED, [world.town.community.pk])
        for pk, number, kind, state, value, booked, standing, given, subscription in cursor.fetchall():
            was_paid = state not in {State.CREATED, State.AWAITING, State.FAILED, State.EXPIRED}
            if booked != (value if was_paid else 0):
                wrong.append(f"{number} is {state}, worth {value}, and {booked} is booked")
            if not was_paid and given:
                wrong.append(f"{number} is {state} and gave something")
            if state == State.PAID and kind == Order.Kind.PURCHASE and not subscription and not standing:
                wrong.append(f"{number} is paid and gives nothing")
            if state in {State.REFUNDED, State.DISPUTED} and standing:
                wrong.append(f"order {pk} ({number}) is {state} and still gives")
    return wrong + _limits(world) + _charges(world) + _subscriptions(world)


def _limits(world: World) -> list[str]:
    wrong = []
    orders = Order.objects.filter(community=world.town.community)
    sold = orders.filter(offer=world.town.offers["few"], state__in=GIVEN).count()
    if sold > PLACES:
        wrong.append(f"{sold} of {PLACES} places are sold")
    uses = CouponUse.objects.filter(coupon=world.town.coupon, released_at=None).count()
    if uses > USES:
        wrong.append(f"{uses} of {USES} uses of the coupon are taken")
    for period, times in Counter(
        orders.filter(state__in=GIVEN, subscription__isnull=False).values_list("subscription", "period")
    ).items():
        if times > 1:
            wrong.append(f"period {period} was paid {times} times")
    return wrong


def _charges(world: World) -> list[str]:
    """Nobody is charged twice unasked, and no more goes back than came."""
    wrong = []
    unasked = Counter(one.order_number for one in world.provider.charges.values() if one.unasked)
    wrong += [f"{number} was charged {times} times" for number, times in unasked.items() if times > 1]
    wrong += [
        f"{one.charge_id} went back twice" for one in world.provider.charges.values() if one.gone > one.amount
    ]
    agreed: Counter[str] = Counter()
    for refund in Refund.objects.exclude(state=Refund.State.FAILED).select_related("order"):
        agreed[refund.stray_charge_id or refund.order.charge_id or ""] += refund.amount
    for charge_id, amount in agreed.items():
        if amount > world.provider.charges[charge_id].amount:
            wrong.append(f"{amount} of {charge_id} is agreed to go back")
    sent = Counter((one.charge.charge_id, one.amount) for one in world.provider.refunds.values())
    ours = Counter(
        (refund.stray_charge_id or refund.order.charge_id, refund.amount)
        for refund in Refund.objects.select_related("order").filter(amount__gt=0)
    )
    wrong += [f"{key} was sent back {times} times" for key, times in sent.items() if times > ours[key]]
    return wrong


def _subscriptions(world: World) -> list[str]:
    """Who pays is in; who was cancelled is not charged."""
    wrong, now = [], timezone.now()
    for row in Subscription.objects.filter(community=world.town.community).select_related("user"):
        held = Grant.objects.filter(
            user=row.user, plan__offers=row.offer, revoked_at=None, starts_at__lte=now, ends_at__gt=now
        )
        untouched = not row.orders.filter(
            state__in=[State.DISPUTED, State.REFUNDED, State.PARTLY_REFUNDED]
        ).exists()
        was_disputed = (
            row.orders.filter(disputes__isnull=False).exists()
            or row.orders.filter(refunds__isnull=False).exists()
        )
        forever = Grant.objects.filter(user=row.user, plan__offers=row.offer, revoked_at=None, ends_at=None)
        is_paid = row.state == Subscription.State.ACTIVE and row.period_ends_at > now
        if is_paid and untouched and not was_disputed and not held.exists() and not forever.exists():
            wrong.append(f"subscription {row.pk} is paid until {row.period_ends_at} and gives nothing")
        over = row.ended_at is not None and row.state == Subscription.State.ENDED
        if over and not was_disputed and held.filter(source__in=_sources(row)).exists():
            wrong.append(f"subscription {row.pk} has ended and still gives")
    return wrong


def _sources(row: Subscription) -> list[str]:
    return [f"order:{pk}" for pk in row.orders.values_list("pk", flat=True)]


def unfinished(world: World) -> list[str]:
    """What faults have left behind that rest did not bring to an end."""
    community = world.town.community
    wrong = broken(world)
    wrong += [
        f"{order.number} is {order.state} since {order.created_at}"
        for order in Order.objects.filter(community=community, state__in=[State.CREATED, State.AWAITING])
        if order.subscription is None or not order.subscription.is_live
    ]
    under_way = Refund.objects.filter(state__in=[Refund.State.AGREED, Refund.State.SENT])
    wrong += [f"refund {one.pk} is {one.state}" for one in under_way]
    wrong += [f"{one.number} is disputed" for one in Order.objects.filter(state=State.DISPUTED)]
    wrong += [
        f"{notice.message_id} was {notice.outcome} and is not sent back"
        for notice in Notice.objects.filter(outcome__in=["paid_twice", "too_late", "gone"])
        if not Refund.objects.filter(stray_charge_id=notice.charge_id).exists()
    ]
    # A bank that took back what had settled nothing is left to the team, with a notice that stays open.
    settled = set(Order.objects.exclude(charge_id=None).values_list("charge_id", flat=True))
    taken = [one for one in world.provider.charges.values() if one.dispute == "lost"]
    left = sum(one.amount for one in taken if one.charge_id not in settled)
    here = -balance(community, "world:simpay", "charges", "CNY")
    if here != world.provider.held() + left:
        wrong.append(f"the books say {here} came in, the provider {world.provider.held()}")
    return wrong
