"""Asking providers what became of orders that wait, for notifications that were lost."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from paideia.commerce.actions.notices import accept_payment
from paideia.commerce.models import Order
from paideia.commerce.providers import Provider, ProviderDown, available
from paideia.lib.refusal import Refused

FRESH = timedelta(minutes=2)  # the buyer is on the provider's page: the notification is faster
ASKED_AFTER_EXPIRY = timedelta(days=1)
SLOTS = 12  # of an hour: an expired order is asked about once in it
AT_ONCE_MAX = 200  # of one provider


def ask_about_waiting() -> int:
    """Ask each provider about the orders that wait to be paid there, and once an hour about those that expired within
    a day. How many were settled. A provider that does not answer is left alone until the next time."""
    settled = 0
    for provider in available():
        try:
            settled += sum(_ask(provider, order) for order in _waiting(provider))
        except ProviderDown:
            continue
    return settled


def _waiting(provider: Provider) -> Iterable[Order]:
    now = timezone.now()
    slot = now.minute * SLOTS // 60
    begun = Q(state=Order.State.AWAITING, created_at__lte=now - FRESH)
    over = Q(
        state__in=[Order.State.EXPIRED, Order.State.FAILED],
        expires_at__gte=now - ASKED_AFTER_EXPIRY,
        slot=slot,
    )
    found = Order.objects.alias(slot=F("pk") % SLOTS).filter(begun | over, provider=provider.key)
    return found.select_related("community").order_by("-created_at")[:AT_ONCE_MAX]


def _ask(provider: Provider, order: Order) -> bool:
    """Whether it turned out to be paid. A failure is left to who tells of it: its buyer may try again."""
    try:
        said = provider.query(order)
    except Refused:  # it knows the order, and does not tell
        return False
    if said is None or not said.succeeded:
        return False
    notice = accept_payment(community=order.community, provider=provider.key, payment=said)
    return bool(notice.outcome == notice.Outcome.SETTLED)
