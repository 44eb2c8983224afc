"""What commerce does when it hears of its own orders, and of members who are suspended: papers, and rests."""

from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.activity.readers import reader
from paideia.commerce.actions.invoices import write_invoices
from paideia.commerce.actions.rests import begin_rest, end_rest
from paideia.commerce.models import Order

OF_ORDERS = {"order.settled", "order.refunded", "dispute.closed"}


def keep() -> None:
    """A replay forgets nothing: what was written stays, and nothing is missing after it."""


@reader("commerce.invoices", verbs={*OF_ORDERS, "refund.failed"}, clear=keep)
def invoices(facts: list[Fact]) -> None:
    """Numbers are given here and not while an order is settled: buyers do not wait for each other's."""
    for fact in facts:
        if (order_id := _order_of(fact)) is not None:
            write_invoices(order_id)


@reader("commerce.rests", verbs={"member.suspended", "member.reinstated"}, clear=keep)
def rests(facts: list[Fact]) -> None:
    """What is so now decides, so that hearing of it again changes nothing."""
    for fact in facts:
        if fact.community_id and User.objects.filter(pk=fact.object_id or 0).exists():
            assert fact.object_id is not None
            begin_rest(fact.community_id, fact.object_id)
            end_rest(fact.community_id, fact.object_id)


def _order_of(fact: Fact) -> int | None:
    if fact.verb in OF_ORDERS:
        return fact.object_id
    return (
        Order.objects.filter(number=str(fact.detail.get("number", ""))).values_list("pk", flat=True).first()
    )
