"""What is bought together: set aside until enough have paid, then given to all of them."""

from datetime import timedelta

from django.utils import timezone

from paideia.access.models import Grant
from paideia.activity.actions import record
from paideia.commerce.codes import new_token
from paideia.commerce.deliveries.purchase import Purchase
from paideia.commerce.models import BuyingGroup, GroupPlace, Order
from paideia.commerce.quoting import Quote
from paideia.commerce.quoting.groups import NEW, must_be_open
from paideia.commerce.soon import finish_group_soon

WINDOW = timedelta(hours=24)
PAID = (Order.State.PAID, Order.State.PARTLY_REFUNDED)


class Group(Purchase):
    """The price lies at the group until it is full. Then commerce.actions.groups gives everybody what they bought,
    or gives everybody their money back when the window closes."""

    def prepare(self, order: Order, quote: Quote) -> None:
        assert order.offer is not None
        if quote.wish.group == NEW:
            group = BuyingGroup.objects.create(
                community=order.community,
                offer=order.offer,
                token=new_token(),
                size=order.offer.group_size,
                price=order.offer.group_price or 0,
                begun_by=order.buyer,
                closes_at=quote.now + WINDOW,
            )
            record("group.begun", community=order.community_id, actor=order.buyer_id, object=group)
        else:
            group = locked_group(token=quote.wish.group)
            must_be_open(group, order.buyer_id, besides=[order.pk])
        GroupPlace.objects.create(order=order, group=group)

    def account_name(self, order: Order) -> tuple[str, str]:
        place = GroupPlace.objects.get(order=order)
        return ("house", "sales") if place.delivered_at else (f"group:{place.group_id}", "held")

    def deliver(self, order: Order) -> list[Grant]:
        place = GroupPlace.objects.get(order=order)
        group = locked_group(pk=place.group_id)
        if group.failed_at is None and group.filled_at is None and group.paid_places >= group.size:
            group.filled_at = timezone.now()
            group.save(update_fields=["filled_at"])
            record("group.filled", community=group.community_id, actor=order.buyer_id, object=group)
        if group.failed_at is not None or group.filled_at is not None:
            finish_group_soon(group)
        return []


def locked_group(**which: object) -> BuyingGroup:
    """The group, held for this transaction: its places are counted by one at a time."""
    return BuyingGroup.objects.select_for_update(of=("self",)).get(**which)
