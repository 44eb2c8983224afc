"""WeChat Pay's trade bill of all orders, as it is downloaded from the merchant platform."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from paideia.books.reading.tables import Table
from paideia.commerce.providers import StatementLine, claims
from paideia.commerce.providers.wechat import bills
from paideia.commerce.providers.wechat.bills import ZONE


def matches(table: Table) -> bool:
    return "微信订单号" in table.first and "交易状态" in table.first


def lines(table: Table) -> Iterator[StatementLine]:
    """Each payment and refund. Raises BadStatement where the sums at the end are missing or count more lines."""
    rows = table.rows()
    names = [name.strip() for name in next(rows)]
    for count, row in enumerate(rows):
        if not row[0].startswith("`"):
            _must_count(table, row, next(rows, []), count)
            return
        try:
            line = bills.line_of(
                {name: cell.removeprefix("`") for name, cell in table.named(names, row).items()}
            )
        except (KeyError, ValueError, claims.Malformed) as error:
            raise table.wrong(_("“%(what)s” is missing or malformed.") % {"what": str(error)[:60]}) from error
        if line is not None:
            yield line
    raise table.wrong(_("The end of the bill is missing: the file is cut off."))


def _must_count(table: Table, names: list[str], sums: list[str], count: int) -> None:
    told = sums[0].removeprefix("`") if sums and names[0].strip() == "总交易单数" else ""
    if not told.isdecimal() or len(told) > 12 or int(told) > count:
        raise table.wrong(_("Not all lines are there: %(n)s were read.") % {"n": count})


__all__ = ["ZONE", "lines", "matches"]
