"""Gift cards: money that waits behind a code."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from paideia.access.models import Grant
from paideia.commerce.models import CardTerms, GiftCard, Offer, Order, Refund
from paideia.commerce.quoting import Quote
from paideia.commerce.soon import deliver_card_soon
from paideia.commerce.terms import end_of_term


class Card:
    """The price goes onto the card, and is a sale when it is spent. A refund takes it from there: what was redeemed
    is no longer there, and so cannot be refunded."""

    def prepare(self, order: Order, quote: Quote) -> None:
        pass  # commerce.actions.cards writes the card beside the order

    def account_name(self, order: Order) -> tuple[str, str]:
        return order.gift_card.account

    def deliver(self, order: Order) -> list[Grant]:
        assert order.paid_at is not None
        card, terms = order.gift_card, CardTerms.objects.filter(community=order.community_id).first()
        if terms is not None and terms.valid_months:
            zone, months = order.community.time_zone, terms.valid_months
            card.expires_at = end_of_term(order.paid_at, Offer.Term.MONTH, zone, times=months)
        if card.recipient_email and card.deliver_at is None:
            card.deliver_at = timezone.now()
        card.save(update_fields=["expires_at", "deliver_at"])
        deliver_card_soon(card)
        return []

    def withdraw(
        self, order: Order, *, access: str, share: tuple[int, int], because: str, at: datetime
    ) -> None:
        if access == Refund.Access.REVOKED:
            cards = GiftCard.objects.filter(order=order, redeemed_at=None, revoked_at=None)
            cards.update(revoked_at=at)

    def give_again(self, order: Order, *, taken: list[dict[str, Any]], key: str, at: datetime) -> None:
        GiftCard.objects.filter(order=order).update(revoked_at=None)
