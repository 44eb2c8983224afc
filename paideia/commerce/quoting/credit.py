"""The buyer's own credit: from gift cards, and from refunds that went back to it."""

from paideia.accounts.models import User
from paideia.commerce.models import Offer, Order
from paideia.commerce.quoting import Quote
from paideia.communities.models import Community
from paideia.ledger.queries import balance


def credit(quote: Quote) -> None:
    """Let the buyer's credit cover as much as it can, where they wish it to."""
    if quote.wish.uses_credit and quote.buyer is not None:
        quote.credit = min(credit_left(quote), quote.value)


def credit_left(quote: Quote) -> int:
    """What the buyer has in the currency of the quote: freely, or set aside for an unpaid order that this one
    would take the place of."""
    if quote.buyer is None:
        return 0
    held = Order.objects.filter(pk__in=quote.replaceable, currency=quote.currency)
    free = credit_of(quote.buyer, quote.offer.community, quote.currency)
    return free + sum(held.values_list("credit", flat=True))


def credit_for(offer: Offer, user: User) -> int:
    """What a person could pay this offer with, in its own currency: unpaid orders of it give way to another."""
    held = Order.objects.filter(
        buyer=user,
        offer=offer,
        currency=offer.currency,
        state__in=[Order.State.CREATED, Order.State.AWAITING],
    )
    return credit_of(user, offer.community, offer.currency) + sum(held.values_list("credit", flat=True))


def credit_of(user: User, community: Community, currency: str) -> int:
    """What a person can pay with, in minor units."""
    return balance(community, f"user:{user.pk}", "credit", currency)
