"""Tries to pay at providers that do not know an order by our number: kept, so that they are gone on with and can be
asked about."""

from datetime import datetime

from django.utils import timezone

from paideia.commerce.models import Attempt, Order


def open_page(order: Order, provider: str) -> str:
    """The address of a page that was opened for this order before and can still be used; "" for none."""
    open_ones = order.attempts.filter(provider=provider, expires_at__gt=timezone.now()).exclude(address="")
    return open_ones.values_list("address", flat=True).first() or ""


def keep(
    order: Order, provider: str, reference: str, *, address: str = "", expires_at: datetime | None = None
) -> bool:
    """Remember a try. True for a new one."""
    _attempt, is_new = Attempt.objects.get_or_create(
        order=order,
        provider=provider,
        reference=reference,
        defaults={"address": address, "expires_at": expires_at},
    )
    return is_new


def references(order: Order, provider: str) -> list[str]:
    """The provider's names of all tries, the newest first."""
    return list(order.attempts.filter(provider=provider).values_list("reference", flat=True))


def order_number_of(provider: str, reference: str) -> str:
    """The number of the order that a try was of; "" for an unknown one."""
    found = Attempt.objects.filter(provider=provider, reference=reference)
    return found.values_list("order__number", flat=True).first() or ""
