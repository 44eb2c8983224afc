"""Alipay's trade bill (业务明细), packed or not, as it is downloaded from its pages."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from paideia.books.reading.tables import Table
from paideia.commerce.providers import StatementLine, claims
from paideia.commerce.providers.alipay import bills
from paideia.commerce.providers.alipay.gateway import ZONE

BEGIN, END = "业务明细列表", "业务明细列表结束"


def matches(table: Table) -> bool:
    return "支付宝" in table.text[:2000] and "业务明细" in table.text[:2000]


def lines(table: Table) -> Iterator[StatementLine]:
    """Each payment and refund. Raises BadStatement for a bill without its end."""
    is_framed = any(line.startswith("#") and BEGIN in line for line in table.text.splitlines())
    rows = table.rows(remarks="#")
    names = [name.strip() for name in next(rows, [])]
    for row in rows:
        try:
            line = bills.line_of(table.named(names, row))
        except (KeyError, ValueError, claims.Malformed) as error:
            raise table.wrong(_("“%(what)s” is missing or malformed.") % {"what": str(error)[:60]}) from error
        if line is not None:
            yield line
    if is_framed and END not in table.text:
        raise table.wrong(_("The end of the bill is missing: the file is cut off."))


__all__ = ["ZONE", "lines", "matches"]
