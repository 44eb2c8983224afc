"""What a bank claimed of an order and could not get because a refund was on its way: it gets it when the refund
fails."""

from django.db.models import F, Sum

from paideia.commerce import books
from paideia.commerce.models import Dispute, Order

State = Dispute.State


def take_the_rest(order: Order) -> Dispute | None:
    """Hand an open or lost dispute what it claimed and is there again, for a caller who holds the order and has
    undone the refund. Returns the dispute, if there is one; of a lost one `order.refunded` says it, which the
    caller saves."""
    short = Dispute.objects.filter(order=order, state__in=[State.OPEN, State.LOST], amount__lt=F("claimed"))
    dispute = short.order_by("pk").first()
    if dispute is None:
        return None
    held_back = Dispute.objects.filter(order=order, state=State.OPEN).aggregate(sum=Sum("amount"))["sum"] or 0
    more = min(dispute.claimed - dispute.amount, order.value - order.refunded - held_back)
    key = f"dispute:{dispute.pk}:rest:{dispute.amount}"
    detail, held = {"order": order.number, "dispute": dispute.dispute_id}, books.disputed(order)
    books.take_from_income(order, held, more, key, detail, must=True)
    if dispute.state == State.LOST:
        books.move(held, books.charges_of(order, order.currency), more, f"{key}:lost", detail)
        order.refunded += more
    dispute.amount += more
    dispute.save(update_fields=["amount"])
    return dispute
