"""Payment providers: each a folder that is a whole slice, behind one small protocol.

A provider is asked for three things: where to send a buyer, what a notification says, what became of an
order. It never decides anything: amounts are compared with the order in `actions.settling`, whatever the
notification says.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from paideia.commerce.models import Order
from paideia.lib.refusal import NotFound, Refused


@dataclass(frozen=True, slots=True)
class Payment:
    """What a provider says about one order. `message_id` is the same however often it says so."""

    message_id: str
    order_number: str
    succeeded: bool
    charge_id: str
    amount: int  # minor units
    currency: str
    at: datetime
    body: dict[str, Any]


class BadNotification(Refused):
    """A notification that is not from the provider, or too old, or no notification at all."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Provider(Protocol):
    key: str

    @property
    def label(self) -> str | Promise: ...

    @property
    def note(self) -> str | Promise:
        """What buyers should know before they choose it."""

    def start(self, order: Order, *, return_url: str, notify_url: str) -> str:
        """The address of the page where the order is paid. Asked again, it may give the same."""

    def read_notification(self, request: HttpRequest) -> Payment:
        """What this request says, once it is certain that the provider sent it. Raises BadNotification."""

    def query(self, order: Order) -> Payment | None:
        """What became of the order, asked of the provider; None when nothing has yet."""


def available() -> list[Provider]:
    """The providers that this installation takes money with, the first choice first."""
    from paideia.commerce.providers.sandbox.provider import Sandbox

    return [Sandbox()] if settings.PAYMENT_SANDBOX else []


def provider_of(key: str) -> Provider:
    """The provider of this name. Raises NotFound when it is not switched on."""
    for provider in available():
        if provider.key == key:
            return provider
    raise NotFound(_("This way of paying is not available here."))
