"""What lets a provider charge a member again unasked."""

from paideia.commerce.deliveries.grace import bridge
from paideia.commerce.deliveries.stopping import subscription_of
from paideia.commerce.models import Order, Subscription


def keep_mandate(order: Order, mandate_id: str) -> None:
    """Remember a mandate that came with a payment for the subscription that the order belongs to, if it does. A
    trial that is charged by itself has the grace days after it."""
    row = subscription_of(order)
    if row is None:
        return
    fresh = row.state == Subscription.State.TRIAL and not row.mandate_id
    row.mandate_id, row.provider = mandate_id[:120], order.provider
    row.save(update_fields=["mandate_id", "provider"])
    if fresh:
        bridge(row)
