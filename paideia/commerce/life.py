"""The life of an order: every step that it may take, in one table. docs/orders.md shows the same table, which
a test compares."""

from typing import Any

from paideia.commerce.holding import let_go
from paideia.commerce.models import Order

State = Order.State

# from each state: the states that may follow, and what brings them about
STEPS: dict[str, dict[str, str]] = {
    State.CREATED: {
        State.AWAITING: "the buyer goes to the provider's page",
        State.PAID: "a charge arrives, or nothing is to be paid",
        State.FAILED: "the provider says that the payment failed",
        State.EXPIRED: "nobody paid in time",
    },
    State.AWAITING: {
        State.PAID: "a charge arrives",
        State.FAILED: "the provider says that the payment failed",
        State.EXPIRED: "nobody paid in time",
    },
    State.FAILED: {State.PAID: "a charge arrives after all"},
    State.EXPIRED: {State.PAID: "a charge arrives after all"},
    State.PAID: {
        State.PARTLY_REFUNDED: "a part is refunded",
        State.REFUNDED: "all of it is refunded",
        State.DISPUTED: "the buyer's bank takes the money back for now",
    },
    State.PARTLY_REFUNDED: {
        State.PAID: "the refund could not be made after all",
        State.PARTLY_REFUNDED: "another part is refunded, or one of several could not be made",
        State.REFUNDED: "the rest is refunded",
        State.DISPUTED: "the buyer's bank takes the money back for now",
    },
    State.REFUNDED: {
        State.PAID: "the refund could not be made after all",
        State.PARTLY_REFUNDED: "one of several refunds could not be made after all",
    },
    State.DISPUTED: {
        State.PAID: "the dispute is won",
        State.PARTLY_REFUNDED: "the dispute is won where a part was refunded before, or lost for a part",
        State.REFUNDED: "the dispute is lost",
    },
}


class IllegalStep(Exception):
    """An order cannot go from where it stands to there. The caller has to be mended, not the order."""

    def __init__(self, order: Order, to: str) -> None:
        super().__init__(f"order {order.number} cannot go from {order.state} to {to}")


def may_become(order: Order, to: str) -> bool:
    return to in STEPS[State(order.state)]


def advance(order: Order, to: str, **fields: Any) -> Order:
    """Take one step, with the fields that change with it, on an order that the caller holds locked. What fails
    or expires gives back what it kept (commerce.holding). Raises IllegalStep, and then nothing is written."""
    if not may_become(order, to):
        raise IllegalStep(order, to)
    order.state = State(to)
    for name, value in fields.items():
        setattr(order, name, value)
    order.save(update_fields=["state", *fields])
    if to in (State.FAILED, State.EXPIRED):
        let_go(order)
    return order
