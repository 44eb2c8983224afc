"""What a purchase costs: computed here from what stands in the database, for the page that shows it and for the
order that is placed, by the same steps. Buyers name wishes, never amounts (but what they pay on top by choice).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet

from paideia.accounts.models import User
from paideia.commerce.models import CouponUse, Offer, Order, OrderLine

if TYPE_CHECKING:
    from paideia.commerce.models import Coupon, Subscription

Kind = OrderLine.Kind


@dataclass(frozen=True, slots=True)
class GiftWish:
    """To whom an offer is to be given."""

    recipient_email: str = ""
    recipient_name: str = ""
    message: str = ""
    deliver_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody wants to buy an offer. `kind` is one of Order.Kind that a buyer may choose."""

    kind: str = Order.Kind.PURCHASE
    currency: str = ""  # the offer's own, if nothing is said
    quantity: int = 1  # seats
    codes: Sequence[str] = ()  # of coupons
    chosen_price: int | None = None  # minor units, of an offer whose buyer may pay more
    uses_credit: bool = False
    hidden_key: str = ""  # of the link to an offer that is not listed
    referral_code: str = ""
    gift: GiftWish | None = None
    replaces: str = ""  # number of the order whose plan is changed
    at_end: bool = False  # when that ends; else at once
    pool_name: str = ""  # of seats
    pool_domain: str = ""
    pool_id: int | None = None  # of a pool that gets more seats, or another term
    renews_pool: bool = False
    group: str = ""  # token of a group of buyers, or "new"


@dataclass(slots=True)
class Quote:
    """The lines of a purchase, in the order in which they were reckoned, and what follows from them."""

    offer: Offer
    buyer: User | None
    wish: Wish
    now: datetime
    currency: str
    kind: str
    lines: list[OrderLine] = field(default_factory=list)
    coupons: list[tuple["Coupon", int]] = field(default_factory=list)  # each with what it takes off
    credit: int = 0  # minor units that the buyer's own credit covers
    subscription: "Subscription | None" = None  # that the order is a period of, or changes
    replaces: Order | None = None
    # Unpaid orders of the buyer that this one takes the place of: what they hold is there for it.
    replaceable: Sequence[int] = ()

    @property
    def value(self) -> int:
        """The sum of the lines, in minor units; never below zero."""
        return sum(line.amount for line in self.lines)

    @property
    def total(self) -> int:
        """What the provider has to bring."""
        return self.value - self.credit

    def add(self, kind: str, amount: int, note: str = "") -> None:
        """One line more; what comes off never leaves less than nothing."""
        amount = max(amount, -self.value)
        if amount or kind == Kind.PRICE:
            self.lines.append(OrderLine(kind=kind, amount=amount, note=note[:120]))


Step = Callable[[Quote], None]


def steps() -> list[Step]:
    """What a quote is reckoned by, in this order: prices, then coupons, then what was paid before and not used,
    then tax that comes on top, then the buyer's own credit."""
    from paideia.commerce.quoting import coupons, credit, groups, pools, prices, tax, unused, win_back, wishes

    return [
        *(wishes.fits, prices.price, pools.pool, groups.group, win_back.win_back),
        *(coupons.coupons, unused.unused, tax.tax, credit.credit),
    ]


def quote(*, offer: Offer, buyer: User | None, wish: Wish, now: datetime) -> Quote:
    """What this purchase costs now. Raises what the steps refuse: a wrong coupon, a currency that the offer has
    no price in, too little where the buyer chooses."""
    found = Quote(
        offer=offer,
        buyer=buyer,
        wish=wish,
        now=now,
        currency=wish.currency or offer.currency,
        kind=wish.kind,
        replaceable=list(replaceable_orders(offer, buyer, wish).values_list("pk", flat=True)),
    )
    for step in steps():
        step(found)
    return found


def replaceable_orders(offer: Offer, buyer: User | None, wish: Wish) -> QuerySet[Order]:
    """The buyer's unpaid orders of this offer, of the same kind, that hold a coupon or credit. Placing anew closes
    them, so that what they hold is used once."""
    waiting = Order.objects.filter(
        buyer=buyer, offer=offer, kind=wish.kind, state__in=[Order.State.CREATED, Order.State.AWAITING]
    )
    return waiting.filter(Q(credit__gt=0) | Exists(CouponUse.objects.filter(order=OuterRef("pk"))))
