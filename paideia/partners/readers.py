"""What partners do when they hear of orders."""

from paideia.activity.models import Fact
from paideia.activity.readers import reader
from paideia.commerce.models import Order
from paideia.partners.actions.commissions import reckon_commissions

OF_ORDERS = {"order.settled", "order.refunded", "order.disputed", "dispute.closed"}


def keep() -> None:
    """A replay forgets nothing: what stands of an order decides, so hearing of it again changes nothing."""


@reader("partners.commissions", verbs={*OF_ORDERS, "refund.failed"}, clear=keep)
def commissions(facts: list[Fact]) -> None:
    """Bring the commissions of each order to what stands of it."""
    for fact in facts:
        if (order_id := _order_of(fact)) is not None:
            reckon_commissions(order_id)


def _order_of(fact: Fact) -> int | None:
    if fact.verb in OF_ORDERS:
        return fact.object_id
    return (
        Order.objects.filter(number=str(fact.detail.get("number", ""))).values_list("pk", flat=True).first()
    )
