"""Stripe's exports: "Balance history" of the dashboard and the report "Balance change from activity", itemised."""

from collections.abc import Iterator

from paideia.books.reading.tables import Table
from paideia.commerce.providers import LineKind, StatementLine

# What each column is called in the two exports.
COLUMNS = {
    "id": ("balance_transaction_id", "id"),
    "what": ("reporting_category", "type"),
    "amount": ("gross", "amount"),
    "fee": ("fee",),
    "currency": ("currency",),
    "at": ("created_utc", "created (utc)"),
}
PERHAPS = {
    "source": ("source_id", "source"),
    "charge": ("charge_id",),
    "intent": ("payment_intent_id",),
    "order": ("payment_metadata[order]", "order (metadata)"),
    "key": ("refund_metadata[key]", "key (metadata)"),
    "paid_amount": ("customer_facing_amount", "customer facing amount"),
    "paid_currency": ("customer_facing_currency", "customer facing currency"),
}
KINDS = {
    "charge": LineKind.CHARGE,
    "payment": LineKind.CHARGE,
    "refund": LineKind.REFUND,
    "payment_refund": LineKind.REFUND,
    "refund_failure": LineKind.REFUND_FAILED,
    "payment_failure_refund": LineKind.REFUND_FAILED,
    "dispute": LineKind.DISPUTE,
    "dispute_reversal": LineKind.DISPUTE_WON,
    "fee": LineKind.FEE,
    "stripe_fee": LineKind.FEE,
    "network_cost": LineKind.FEE,
    "payout": LineKind.PAYOUT,
}


def matches(table: Table) -> bool:
    names = {name.strip().strip('"').lower() for name in table.first.split(",")}
    return all(names & set(known) for known in COLUMNS.values())


def lines(table: Table) -> Iterator[StatementLine]:
    """Each movement of the balance."""
    rows = table.rows()
    names = [name.strip().lower() for name in next(rows)]
    for row in rows:
        yield _line(table, table.named(names, row))


def _line(table: Table, row: dict[str, str]) -> StatementLine:
    said = {part: _first(row, names) for part, names in (COLUMNS | PERHAPS).items()}
    kind = KINDS.get(said["what"].lower(), LineKind.OTHER)
    kept_in = table.currency(said["currency"])
    gross, fee = table.signed(said["amount"], kept_in), table.signed(said["fee"] or "0", kept_in)
    amount, currency = abs(gross), kept_in
    if (
        kind not in {LineKind.FEE, LineKind.PAYOUT, LineKind.OTHER}
        and said["paid_amount"]
        and said["paid_currency"]
    ):
        currency = table.currency(said["paid_currency"])  # as the buyer paid it
        amount = abs(table.signed(said["paid_amount"], currency))
    if kind == LineKind.FEE and not amount:
        amount, fee = max(fee, 0), min(fee, 0)
    return StatementLine(
        kind=kind,
        line_id=table.name(said["id"], 160, needed=True),
        charge_id=table.name(said["intent"] or said["charge"] or said["source"], 120),
        order_number=table.name(said["order"], 64),
        amount=amount,
        currency=currency,
        at=table.moment(said["at"], "%Y-%m-%d %H:%M:%S" if said["at"].count(":") == 2 else "%Y-%m-%d %H:%M"),
        refund_key=table.name(said["key"], 120) if kind == LineKind.REFUND else "",
        fee=fee if currency == kept_in else 0,
    )


def _first(row: dict[str, str], names: tuple[str, ...]) -> str:
    return next((row[name] for name in names if row.get(name)), "")
