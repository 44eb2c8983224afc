"""What is bought for somebody else: nothing for the buyer, a link for whoever gets it."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from paideia.access.models import Grant
from paideia.commerce.codes import new_token
from paideia.commerce.deliveries.purchase import Purchase
from paideia.commerce.models import Gift as GiftRow
from paideia.commerce.models import Order, Refund
from paideia.commerce.quoting import Quote
from paideia.commerce.soon import deliver_gift_soon


class Gift(Purchase):
    """Before it is claimed a refund cancels the gift; afterwards it takes from the plans as from any purchase."""

    def prepare(self, order: Order, quote: Quote) -> None:
        wish = quote.wish.gift
        assert wish is not None
        GiftRow.objects.create(
            order=order,
            token=new_token(),
            recipient_email=wish.recipient_email.strip().lower(),
            recipient_name=wish.recipient_name.strip()[:120],
            message=wish.message.strip()[:500],
            deliver_at=wish.deliver_at,
        )

    def deliver(self, order: Order) -> list[Grant]:
        gift = order.gift
        if gift.recipient_email and gift.deliver_at is None:
            gift.deliver_at = timezone.now()
            gift.save(update_fields=["deliver_at"])
        deliver_gift_soon(gift)
        return []

    def withdraw(
        self, order: Order, *, access: str, share: tuple[int, int], because: str, at: datetime
    ) -> None:
        gift = GiftRow.objects.select_for_update().get(order=order)
        if gift.claimed_at is not None:
            super().withdraw(order, access=access, share=share, because=because, at=at)
        elif access == Refund.Access.REVOKED and gift.cancelled_at is None:
            gift.cancelled_at = at
            gift.save(update_fields=["cancelled_at"])

    def give_again(self, order: Order, *, taken: list[dict[str, Any]], key: str, at: datetime) -> None:
        from paideia.commerce.deliveries.resting import give_grants_again

        GiftRow.objects.filter(order=order).update(cancelled_at=None)
        give_grants_again(order, taken, key=key, at=at)
