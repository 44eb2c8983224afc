"""Stripe's balance transactions of a day as a statement."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from paideia.commerce.providers.news import LineKind, StatementLine

KINDS = {
    "charge": LineKind.CHARGE,
    "payment": LineKind.CHARGE,
    "refund": LineKind.REFUND,
    "payment_refund": LineKind.REFUND,
    "refund_failure": LineKind.REFUND_FAILED,
    "payment_failure_refund": LineKind.REFUND_FAILED,
    "stripe_fee": LineKind.FEE,
    "payout": LineKind.PAYOUT,
}
ABOUT_CHARGES = {
    LineKind.CHARGE,
    LineKind.REFUND,
    LineKind.REFUND_FAILED,
    LineKind.DISPUTE,
    LineKind.DISPUTE_WON,
}
DISPUTES = {"dispute": LineKind.DISPUTE, "dispute_reversal": LineKind.DISPUTE_WON}


def lines(v1: Any, day: date) -> Iterator[StatementLine]:
    """Every movement of that day (UTC)."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    created = {"gte": int(start.timestamp()), "lt": int((start + timedelta(days=1)).timestamp())}
    query = {"created": created, "limit": 100, "expand": ["data.source"]}
    for row in v1.balance_transactions.list(query).auto_paging_iter():
        yield _line(row.to_dict())


def _line(row: dict[str, Any]) -> StatementLine:
    by_category = DISPUTES.get(str(row.get("reporting_category")), LineKind.OTHER)
    kind = KINDS.get(str(row.get("type")), by_category)
    source = row.get("source")
    source = source if isinstance(source, dict) else {}
    metadata = source.get("metadata") or {}
    # A charge in another currency than the account's is told as the buyer paid it; its fee is in the account's.
    is_whole = kind in ABOUT_CHARGES
    told = source if is_whole and "amount" in source and "currency" in source else row
    return StatementLine(
        kind=kind,
        line_id=str(row["id"]),
        charge_id=_charge_id(source),
        order_number=str(metadata.get("order", "")),
        amount=abs(int(told["amount"])),
        currency=str(told["currency"]).upper(),
        at=datetime.fromtimestamp(int(row["created"]), UTC),
        refund_key=str(metadata.get("key", "")) if kind == LineKind.REFUND else "",
        fee=int(row.get("fee") or 0) if told["currency"] == row["currency"] else 0,
    )


def _charge_id(source: dict[str, Any]) -> str:
    intent = source.get("payment_intent") or ""
    return str(intent.get("id", "")) if isinstance(intent, dict) else str(intent)
