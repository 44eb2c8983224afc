"""What Stripe's objects say, in our words. Strict: whatever is missing raises claims.Malformed."""

from dataclasses import replace
from typing import Any

from paideia.commerce.providers import claims
from paideia.commerce.providers.news import (
    DisputeNews,
    DisputeState,
    News,
    Nothing,
    Payment,
    RefundNews,
    RefundState,
)

REFUND_STATES = {
    "succeeded": RefundState.DONE,
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
SESSIONS = {"checkout.session.completed", "checkout.session.async_payment_succeeded"}
REFUNDS = {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
INQUIRIES = ("warning_",)  # a bank asks, and takes nothing


def news_in(event: dict[str, Any]) -> News:
    """What an event says."""
    kind, message_id = claims.text(event, "type"), claims.text(event, "id")
    it = claims.inner(claims.inner(event, "data"), "object")
    at = claims.seconds(event.get("created"))
    if kind in SESSIONS:
        return session_in(it, message_id, at) or Nothing(kind)
    if kind == "payment_intent.succeeded":
        return intent_in(it, message_id, at) or Nothing(kind)
    if kind == "checkout.session.async_payment_failed":
        return failure_in(it, message_id, at, "amount_total") or Nothing(kind)
    if kind == "payment_intent.payment_failed" and _metadata(it).get("off_session") == "yes":
        return failure_in(it, message_id, at, "amount") or Nothing(kind)  # on a page one may try again
    if kind in REFUNDS:
        return refund_in(it, message_id, at)
    if kind == "charge.dispute.created" and not str(it.get("status")).startswith(INQUIRIES):
        return dispute_in(it, message_id, at, DisputeState.OPENED)
    if kind == "charge.dispute.closed" and it.get("status") in {"won", "lost"}:
        return dispute_in(it, message_id, at, DisputeState(it["status"]))
    return Nothing(kind)


def session_in(it: dict[str, Any], message_id: str, at: Any) -> Payment | None:
    """A page on which an order was paid; None while it is not, or where it is none of ours."""
    number = _number(it) or it.get("client_reference_id")
    if it.get("payment_status") != "paid" or not isinstance(number, str) or not number:
        return None
    return Payment(
        message_id=message_id,
        order_number=number[:32],
        succeeded=True,
        charge_id=_id(it, "payment_intent"),
        amount=claims.amount(it, "amount_total"),
        currency=_currency(it),
        at=at,
        body=_kept(it),
        mandate_id=mandate_in(intent) if isinstance(intent := it.get("payment_intent"), dict) else "",
    )


def intent_in(it: dict[str, Any], message_id: str, at: Any) -> Payment | None:
    """A payment that succeeded; None for one of no order of ours."""
    number = _number(it)
    if not number:
        return None
    return Payment(
        message_id=message_id,
        order_number=number[:32],
        succeeded=True,
        charge_id=claims.text(it, "id"),
        amount=claims.amount(it, "amount_received" if "amount_received" in it else "amount"),
        currency=_currency(it),
        at=at,
        body=_kept(it),
        mandate_id=mandate_in(it),
    )


def failure_in(it: dict[str, Any], message_id: str, at: Any, amount: str) -> Payment | None:
    number = _number(it)
    if not number:
        return None
    charge_id = _id(it, "payment_intent") if it.get("object") != "payment_intent" else claims.text(it, "id")
    return Payment(
        message_id, number[:32], False, charge_id, claims.amount(it, amount), _currency(it), at, _kept(it)
    )


def mandate_in(intent: dict[str, Any]) -> str:
    """The customer and the card that may be charged again, where the buyer agreed to it."""
    if intent.get("setup_future_usage") != "off_session" and _metadata(intent).get("off_session") != "yes":
        return ""
    customer, card = _id(intent, "customer", ""), _id(intent, "payment_method", "")
    return f"{customer}:{card}" if customer and card else ""


def refund_in(it: dict[str, Any], message_id: str, at: Any) -> RefundNews:
    status = claims.text(it, "status")
    if status not in REFUND_STATES:
        raise claims.Malformed("status")
    return RefundNews(
        message_id=message_id,
        state=REFUND_STATES[status],
        refund_key=_metadata(it).get("key", "")[:40],
        refund_id=claims.text(it, "id"),
        order_number="",
        charge_id=_id(it, "payment_intent"),
        amount=claims.amount(it, "amount"),
        currency=_currency(it),
        at=at,
        body=_kept(it),
        message=str(it.get("failure_reason") or "")[:300],
    )


def dispute_in(it: dict[str, Any], message_id: str, at: Any, state: DisputeState) -> DisputeNews:
    return DisputeNews(
        message_id=message_id,
        state=state,
        dispute_id=claims.text(it, "id"),
        order_number="",
        charge_id=_id(it, "payment_intent"),
        amount=claims.amount(it, "amount"),
        currency=_currency(it),
        at=at,
        body=_kept(it),
        reason=str(it.get("reason") or "")[:120],
    )


def _id(it: dict[str, Any], name: str, default: str | None = None) -> str:
    """The id of another object, which may stand there whole."""
    value = it.get(name)
    if isinstance(value, dict):
        value = value.get("id")
    if isinstance(value, str) and 0 < len(value) <= 120:
        return value
    if default is None:
        raise claims.Malformed(name)
    return default


def _currency(it: dict[str, Any]) -> str:
    return claims.text(it, "currency", form=r"[a-z]{3}").upper()


def _metadata(it: dict[str, Any]) -> dict[str, str]:
    found = it.get("metadata")
    return (
        {name: value for name, value in found.items() if isinstance(value, str)}
        if isinstance(found, dict)
        else {}
    )


def _number(it: dict[str, Any]) -> str:
    return _metadata(it).get("order", "")


def _kept(it: dict[str, Any]) -> dict[str, Any]:
    """What is kept as evidence: no names, cards or secrets."""
    names = (
        "id", "object", "amount", "amount_total", "amount_received", "currency", "status", "payment_status", "reason",
        "failure_reason", "metadata", "client_reference_id", "created", "livemode",
    )  # fmt: skip
    return {name: it[name] for name in names if name in it}


def session_with(said: Payment, mandate_id: str) -> Payment:
    """The same payment, with the card that may be charged again."""
    return replace(said, mandate_id=mandate_id)
