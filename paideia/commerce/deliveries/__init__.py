"""What a paid order gives, and how it is taken back: one module for each kind of order."""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from paideia.access.models import Grant
from paideia.commerce.models import Offer, Order

if TYPE_CHECKING:
    from paideia.commerce.quoting import Quote


class Delivery(Protocol):
    """Each is called with the order locked, in the transaction that books the money, and once: an order is
    paid once."""

    def prepare(self, order: Order, quote: "Quote") -> None:
        """Write what the order needs besides itself, when it is placed."""

    def deliver(self, order: Order) -> list[Grant]:
        """Give all that was promised, from `order.paid_at` on. Returns the plans given at once."""

    def withdraw(
        self, order: Order, *, access: str, share: tuple[int, int], because: str, at: datetime
    ) -> None:
        """Take back what was given: all of it from `at` on, or, where `access` is "shortened", the last part of
        each term, `share[0]` in `share[1]` of what it lasts by now; what never ends then stays."""

    def account_name(self, order: Order) -> tuple[str, str]:
        """The owner and the kind of the ledger's account that the price goes to."""


def delivery_of(order: Order) -> Delivery:
    """The module for this kind of order."""
    from paideia.commerce.deliveries.card import Card
    from paideia.commerce.deliveries.change import Change
    from paideia.commerce.deliveries.gift import Gift
    from paideia.commerce.deliveries.group import Group
    from paideia.commerce.deliveries.period import Period
    from paideia.commerce.deliveries.purchase import Purchase
    from paideia.commerce.deliveries.seats import Seats
    from paideia.commerce.deliveries.subscribing import PaidTrial, Subscribing

    once = order.renewal == Offer.Renewal.NONE
    kinds: dict[str, Delivery] = {
        Order.Kind.PURCHASE: Purchase() if once else Subscribing(),
        Order.Kind.TRIAL: PaidTrial(),
        Order.Kind.RENEWAL: Period(),
        Order.Kind.INSTALMENT: Period(),
        Order.Kind.CHANGE: Change(),
        Order.Kind.GIFT: Gift(),
        Order.Kind.CARD: Card(),
        Order.Kind.SEATS: Seats(),
        Order.Kind.GROUP: Group(),
    }
    return kinds[order.kind]
