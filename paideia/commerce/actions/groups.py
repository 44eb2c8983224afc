"""Ending groups of buyers: full, and everybody gets what they bought; or over, and everybody gets the money back."""

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from paideia.activity.actions import record
from paideia.commerce.actions.refunds import refund_order
from paideia.commerce.actions.settling import locked
from paideia.commerce.deliveries.giving import give_term
from paideia.commerce.deliveries.group import PAID, locked_group
from paideia.commerce.life import advance
from paideia.commerce.models import BuyingGroup, GroupPlace, Order
from paideia.commerce.refusals import WrongRefund
from paideia.ledger.actions import Move, account, post


def groups_to_finish() -> list[int]:
    """Groups whose window has closed, and those that ended and have a place that is not dealt with."""
    over = BuyingGroup.objects.filter(closes_at__lte=timezone.now(), filled_at=None, failed_at=None)
    ended = GroupPlace.objects.filter(order__state__in=PAID, delivered_at=None)
    filled = ended.filter(group__filled_at__isnull=False).values_list("group_id", flat=True)
    failed = ended.filter(group__failed_at__isnull=False).values_list("group_id", flat=True)
    return sorted({*over.values_list("pk", flat=True), *filled, *failed})


def finish_group(group_id: int) -> None:
    """Deal with each place of a group that is full or over, each in a transaction of its own: the group is never
    held while orders are waited for. Safe to repeat, also after a crash."""
    group = _closed(group_id)
    for order_id in group.places.order_by("pk").values_list("pk", flat=True):
        if group.filled_at is not None:
            _give(order_id)
        elif group.failed_at is not None:
            _give_back(order_id)


@transaction.atomic
def _closed(group_id: int) -> BuyingGroup:
    group = locked_group(pk=group_id)
    if group.filled_at is None and group.failed_at is None and group.closes_at <= timezone.now():
        group.failed_at = timezone.now()
        group.save(update_fields=["failed_at"])
        record("group.failed", community=group.community_id, object=group)
    return group


@transaction.atomic
def _give(order_id: int) -> None:
    order = locked(order_id)
    place = GroupPlace.objects.select_for_update().get(order=order)
    if place.delivered_at is not None or order.state not in PAID or order.offer is None:
        return
    place.delivered_at = timezone.now()
    place.save(update_fields=["delivered_at"])
    give_term(
        user=order.buyer,
        plans=order.offer.plans.all(),
        term=order.term,
        deadline=order.ends_at,
        time_zone=order.community.time_zone,
        at=place.delivered_at,
        source=f"order:{order.pk}",
    )
    if earned := order.value - order.refunded:
        held = account(order.community, f"group:{place.group_id}", "held", order.currency)
        sales = account(order.community, "house", "sales", order.currency)
        post([Move(held, sales, earned, f"order:{order.pk}:group", {"order": order.number})])


def _give_back(order_id: int) -> None:
    with transaction.atomic():
        order = locked(order_id)
        if order.may_be_paid:
            advance(order, Order.State.EXPIRED)
            record(
                "order.expired",
                community=order.community_id,
                actor=order.buyer_id,
                object=order,
                number=order.number,
            )
        if order.state not in PAID:
            return
    with translation.override(order.community.language):
        reason = _("The group was not full in time")
    try:
        refund_order(viewer=None, order=order, reason=reason, key=f"group-{order.pk}")
    except WrongRefund:  # its way of paying sends nothing back: they can spend it here
        left = order.value - order.refunded
        refund_order(viewer=None, order=order, reason=reason, amount=0, credit=left, key=f"group-{order.pk}")
