"""The sandbox as a provider: a page where nothing is paid and everything can happen."""

import json
import secrets
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from paideia.commerce.models import Order
from paideia.commerce.providers import BadNotification, Payment
from paideia.commerce.providers.sandbox import signing
from paideia.commerce.providers.sandbox.models import SandboxCharge

BODY_BYTES_MAX = 16 * 1024


class Sandbox:
    key = "sandbox"
    label = _("Test payment")
    note = _("No money moves: this shows how paying works.")

    def start(self, order: Order, *, return_url: str, notify_url: str) -> str:
        """The address of the sandbox's page for this order; the same while the payment is pending."""
        charge = SandboxCharge.objects.filter(
            community_id=order.community_id, order_number=order.number, state=SandboxCharge.State.PENDING
        ).first()
        if charge is None:
            charge = SandboxCharge.objects.create(
                token=secrets.token_urlsafe(32),
                community_id=order.community_id,
                charge_id=f"sb_{secrets.token_hex(10)}",
                order_number=order.number,
                description=order.title[:160],
                amount=order.total,
                currency=order.currency,
                return_url=return_url[:500],
                notify_url=notify_url[:500],
            )
        return reverse("sandbox_payment", args=[charge.token])

    def read_notification(self, request: HttpRequest) -> Payment:
        if request.content_type != "application/json":
            raise BadNotification("Send application/json.", 415)
        if int(request.headers.get("Content-Length") or 0) > BODY_BYTES_MAX:
            raise BadNotification("The message is too large.", 413)
        body = request.body
        signing.check(request.community, body, request.headers.get(signing.HEADER, ""))  # type: ignore[attr-defined]
        try:
            return _payment(json.loads(body))
        except (ValueError, KeyError, TypeError) as error:
            raise BadNotification("This message says nothing about a payment.") from error

    def query(self, order: Order) -> Payment | None:
        charge = (
            SandboxCharge.objects.filter(community_id=order.community_id, order_number=order.number)
            .exclude(state=SandboxCharge.State.PENDING)
            .order_by("-state", "-paid_at")  # paid before failed
            .first()
        )
        return _payment(message_of(charge)) if charge is not None else None


def message_of(charge: SandboxCharge, *, failed: bool | None = None) -> dict[str, Any]:
    """What the sandbox says of a charge: as it stands, or that it failed."""
    failed = charge.state == SandboxCharge.State.FAILED if failed is None else failed
    what = "payment.failed" if failed else "payment.succeeded"
    at = charge.paid_at or charge.created_at
    return {
        "id": f"{charge.charge_id}:{what}",
        "type": what,
        "charge": charge.charge_id,
        "order": charge.order_number,
        "amount": charge.amount if charge.paid_amount is None else charge.paid_amount,
        "currency": charge.currency,
        "at": at.isoformat(),
    }


def _payment(message: dict[str, Any]) -> Payment:
    at = datetime.fromisoformat(message["at"])
    if message["type"] not in {"payment.succeeded", "payment.failed"} or at.tzinfo is None:
        raise ValueError(message["type"])
    if type(message["amount"]) is not int or not all(
        isinstance(message[name], str) for name in ("id", "charge", "order", "currency")
    ):
        raise TypeError
    return Payment(
        message_id=message["id"],
        order_number=message["order"],
        succeeded=message["type"] == "payment.succeeded",
        charge_id=message["charge"],
        amount=message["amount"],
        currency=message["currency"],
        at=at,
        body=message,
    )
