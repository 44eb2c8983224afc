"""What commerce leaves to a worker once this transaction is committed, by the names of the jobs: they know the actions,
and the actions need not know them."""

from django.utils import timezone

from paideia.commerce.models import BuyingGroup, Gift, GiftCard, Seat
from paideia.lib.soon import soon


def send_refund_soon(refund_id: int) -> None:
    soon("commerce.send_refund", about=f"refund:{refund_id}", refund_id=refund_id)


def ask_after_soon(order_id: int) -> None:
    """Ask the provider what became of an order, until it answers."""
    soon("commerce.ask_after", about=f"order:{order_id}:after", order_id=order_id)


def finish_group_soon(group: BuyingGroup) -> None:
    soon("commerce.finish_group", about=f"group:{group.pk}", group_id=group.pk)


def deliver_gift_soon(gift: Gift) -> None:
    """Mail it, if its time has come."""
    if is_due(gift):
        soon("commerce.deliver_gift", about=f"gift:{gift.pk}", order_id=gift.pk)


def deliver_card_soon(card: GiftCard) -> None:
    """Mail it, if its time has come."""
    if is_due(card):
        soon("commerce.deliver_card", about=f"card:{card.pk}", card_id=card.pk)


def invite_soon(seat: Seat) -> None:
    soon("commerce.invite_to_seat", about=f"seat:{seat.pk}", seat_id=seat.pk)


def is_due(present: Gift | GiftCard) -> bool:
    """Whether it is to be mailed by now."""
    return bool(present.recipient_email) and (
        present.deliver_at is not None and present.deliver_at <= timezone.now()
    )
