"""Payment providers: each a folder that is a whole slice, behind one small protocol.

A provider is asked where to send a buyer, what a notification says, what became of an order or a refund, and
for a day's statement. It never decides anything: what it says is compared with the order in
`commerce.actions`.

Nothing here is called inside a transaction that holds locks. A provider that cannot be reached, or whose
answer is not certain, raises ProviderDown: the same call is made again later, and whatever took effect the
first time takes effect once (`order.number`, `refund.key` are the idempotency keys).
"""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from paideia.commerce.models import Order, Refund
from paideia.commerce.providers.news import (
    DisputeNews,
    DisputeState,
    LineKind,
    News,
    Nothing,
    Payment,
    RefundAnswer,
    RefundNews,
    RefundState,
    StatementLine,
)
from paideia.communities.models import Community
from paideia.lib.refusal import NotFound, Refused


class BadNotification(Refused):
    """A notification that is not from the provider, or too old, or no notification at all."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class ProviderDown(Exception):
    """The provider did not answer, or not for certain. Whether it acted is unknown: ask again."""


class Capability(StrEnum):
    """What not every provider can."""

    REFUNDS = "refunds"  # whole ones
    PARTIAL_REFUNDS = "partial_refunds"
    MANDATES = "mandates"  # `charge` without the buyer: automatic renewals
    STATEMENTS = "statements"  # `reconcile`


class Provider(Protocol):
    key: str
    capabilities: frozenset[Capability]
    currencies: frozenset[str] | None  # None: every one
    refund_days: int  # after the payment, in which it can be refunded

    @property
    def label(self) -> str | Promise: ...

    @property
    def note(self) -> str | Promise:
        """What buyers should know before they choose it."""

    def start(self, order: Order, *, return_url: str, notify_url: str) -> str:
        """The address of the page where the order is paid. Asked again, it may give the same. Where the order's
        offer renews itself, the buyer is asked there to agree to later charges."""

    def read_notification(self, request: HttpRequest) -> News:
        """What this request says, once it is certain that the provider sent it. Raises BadNotification."""

    def query(self, order: Order) -> Payment | None:
        """What became of the order, asked of the provider; None when nothing has yet."""

    def charge(self, order: Order, mandate_id: str) -> Payment:
        """Charge the buyer of an order without them, as they agreed. Succeeded or declined, for certain; else
        ProviderDown. Asked again for the same order, it charges once. Only with Capability.MANDATES."""

    def refund(self, refund: Refund) -> RefundAnswer:
        """Send `refund.amount` of the charge `charge_of(refund)` back. Asked again with the same `refund.key` it
        pays once and answers alike. Raises ProviderDown."""

    def query_refund(self, refund: Refund) -> RefundAnswer:
        """What became of a refund that was sent. Raises ProviderDown."""

    def reconcile(self, community: Community, day: date) -> Iterable[StatementLine]:
        """The provider's statement of one day (UTC) for one community, in any order. Only with
        Capability.STATEMENTS. Raises ProviderDown."""


def charge_of(refund: Refund) -> str:
    """The provider's id of the charge that a refund is of."""
    return refund.stray_charge_id or refund.order.charge_id or ""


def available() -> list[Provider]:
    """The providers that this installation takes money with, the first choice first: those whose settings are
    whole, then the sandbox, where it is on."""
    from paideia.commerce.providers.configuring import configured
    from paideia.commerce.providers.sandbox.provider import Sandbox

    return [*configured(), *([Sandbox()] if settings.PAYMENT_SANDBOX else [])]


def order_life(key: str, usual: timedelta) -> timedelta:
    """How long an order at this provider waits to be paid: days, where money takes days."""
    found = next((one for one in available() if one.key == key), None)
    life: timedelta = getattr(found, "order_life", usual)
    return life


def provider_of(key: str) -> Provider:
    """The provider of this name. Raises NotFound when it is not switched on."""
    for provider in available():
        if provider.key == key:
            return provider
    raise NotFound(_("This way of paying is not available here."))


__all__ = [
    "BadNotification",
    "Capability",
    "DisputeNews",
    "DisputeState",
    "LineKind",
    "News",
    "Nothing",
    "Payment",
    "Provider",
    "ProviderDown",
    "RefundAnswer",
    "RefundNews",
    "RefundState",
    "StatementLine",
    "available",
    "charge_of",
    "order_life",
    "provider_of",
]
