"""What the sandbox says, and how the shop reads it."""

from datetime import datetime
from typing import Any

from paideia.commerce.providers.news import (
    DisputeNews,
    DisputeState,
    News,
    Payment,
    RefundNews,
    RefundState,
)
from paideia.commerce.providers.sandbox.models import SandboxCharge, SandboxDispute, SandboxRefund


def message_of(charge: SandboxCharge, *, failed: bool | None = None) -> dict[str, Any]:
    """What the sandbox says of a charge: as it stands, or that it failed."""
    failed = charge.state == SandboxCharge.State.FAILED if failed is None else failed
    what = "payment.failed" if failed else "payment.succeeded"
    paid = charge.amount if charge.paid_amount is None else charge.paid_amount
    message = _said(charge, f"{charge.charge_id}:{what}", what, paid, charge.paid_at or charge.created_at)
    return message if failed else {**message, "mandate": charge.mandate_id}


def refund_message(refund: SandboxRefund) -> dict[str, Any]:
    what = f"refund.{refund.state}"
    at = refund.done_at or refund.created_at
    message = _said(refund.charge, f"{refund.refund_id}:{what}", what, refund.amount, at)
    return {**message, "refund": refund.refund_id, "key": refund.key}


def dispute_message(dispute: SandboxDispute) -> dict[str, Any]:
    what = f"dispute.{dispute.state}"
    at = dispute.closed_at or dispute.opened_at
    message = _said(dispute.charge, f"{dispute.dispute_id}:{what}", what, dispute.amount, at)
    return {**message, "dispute": dispute.dispute_id, "reason": "not recognised"}


def _said(charge: SandboxCharge, message_id: str, what: str, amount: int, at: datetime) -> dict[str, Any]:
    return {
        "id": message_id,
        "type": what,
        "charge": charge.charge_id,
        "order": charge.order_number,
        "amount": amount,
        "currency": charge.currency,
        "at": at.isoformat(),
    }


def news_in(message: dict[str, Any]) -> News:
    """What a message says. Raises ValueError, KeyError or TypeError for anything else."""
    noun = _text(message, "type").partition(".")[0]
    if noun == "payment":
        return payment_in(message)
    return _refund_in(message) if noun == "refund" else _dispute_in(message)


def payment_in(message: dict[str, Any]) -> Payment:
    if message["type"] not in {"payment.succeeded", "payment.failed"}:
        raise ValueError(message["type"])
    return Payment(
        message_id=_text(message, "id"),
        order_number=_text(message, "order"),
        succeeded=message["type"] == "payment.succeeded",
        charge_id=_text(message, "charge"),
        amount=_amount(message),
        currency=_text(message, "currency"),
        at=_moment(message),
        body=message,
        mandate_id=_text(message, "mandate") if "mandate" in message else "",
    )


def _refund_in(message: dict[str, Any]) -> RefundNews:
    return RefundNews(
        message_id=_text(message, "id"),
        state=RefundState(message["type"].partition(".")[2]),
        refund_key=_text(message, "key"),
        refund_id=_text(message, "refund"),
        order_number=_text(message, "order"),
        charge_id=_text(message, "charge"),
        amount=_amount(message),
        currency=_text(message, "currency"),
        at=_moment(message),
        body=message,
        message="The sandbox refuses to refund this." if message["type"] == "refund.failed" else "",
    )


def _dispute_in(message: dict[str, Any]) -> DisputeNews:
    return DisputeNews(
        message_id=_text(message, "id"),
        state=DisputeState(message["type"].removeprefix("dispute.")),
        dispute_id=_text(message, "dispute"),
        order_number=_text(message, "order"),
        charge_id=_text(message, "charge"),
        amount=_amount(message),
        currency=_text(message, "currency"),
        at=_moment(message),
        body=message,
        reason=_text(message, "reason"),
    )


def _text(message: dict[str, Any], name: str) -> str:
    value = message[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _amount(message: dict[str, Any]) -> int:
    if type(message["amount"]) is not int:
        raise TypeError("amount")
    return int(message["amount"])


def _moment(message: dict[str, Any]) -> datetime:
    at = datetime.fromisoformat(message["at"])
    if at.tzinfo is None:
        raise ValueError("at")
    return at
