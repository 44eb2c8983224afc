"""The plain format: what anybody can make of any provider's or bank's export. docs/books.md describes it."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from paideia.books.reading.tables import Table
from paideia.commerce.providers import LineKind, StatementLine

NEEDED = ("kind", "line_id", "amount", "currency", "at")
OPTIONAL = ("charge_id", "order_number", "refund_key", "fee")
END = "end"


def matches(table: Table) -> bool:
    names = [name.strip().lower() for name in table.first.split(",")]
    return set(NEEDED) <= {name.strip('"') for name in names}


def lines(table: Table) -> Iterator[StatementLine]:
    """Each line. A last row of kind "end" whose line_id is their number shows that none is missing."""
    rows = table.rows()
    names = [name.strip().lower() for name in next(rows)]
    if unknown := [name for name in names if name not in (*NEEDED, *OPTIONAL)]:
        raise table.wrong(_("“%(name)s” is no column of this format.") % {"name": unknown[0][:40]})
    if len(set(names)) < len(names):
        raise table.wrong(_("A column stands there twice."))
    count, ended = 0, False
    for row in rows:
        if ended:
            raise table.wrong(_("There is something after the end."))
        if row[0].strip() == END and names[0] == "kind":
            ended = True
            if len(row) < 2 or row[names.index("line_id")].strip() != str(count):
                raise table.wrong(_("Not all lines are there: %(n)s were read.") % {"n": count})
            continue
        count += 1
        yield _line(table, table.named(names, row))


def _line(table: Table, row: dict[str, str]) -> StatementLine:
    if row["kind"] not in LineKind.__members__.values():
        raise table.wrong(_("“%(kind)s” is no kind of line.") % {"kind": row["kind"][:40]})
    currency = table.currency(row["currency"])
    return StatementLine(
        kind=LineKind(row["kind"]),
        line_id=table.name(row["line_id"], 160, needed=True),
        charge_id=table.name(row.get("charge_id", ""), 120),
        order_number=table.name(row.get("order_number", ""), 64),
        amount=table.amount(row["amount"], currency),
        currency=currency,
        at=table.moment(row["at"]),
        refund_key=table.name(row.get("refund_key", ""), 120),
        fee=table.signed(row.get("fee") or "0", currency),
    )
