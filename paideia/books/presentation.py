"""The books as people read them: bars, parts of a whole, what either side says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from paideia.books.forms import PROVIDERS
from paideia.books.models import Difference, RevenueMonth
from paideia.books.queries import Holdings, MoneyMonth
from paideia.lib import formatting

Bar = dict[str, Any]


def provider_names() -> dict[str, str]:
    return {key: str(name) for key, name in PROVIDERS.items()}


@dataclass(frozen=True, slots=True)
class ThisMonth:
    """The figures of the running month, in minor units, and by which share they differ from the month before (None
    where that had none)."""

    title: str
    sales: int
    refunds: int
    net: int
    sales_change: float | None
    refunds_change: float | None
    net_change: float | None
    recurring_change: float | None


def this_month(months: Sequence[MoneyMonth], revenue: Sequence[RevenueMonth], *, today: date) -> ThisMonth:
    """`today` on the community's clock. A month in which nothing moved is a month of nothing."""
    first = today.replace(day=1)
    by_month = {one.month: _figures(one) for one in months}
    nothing = (0, 0, 0)
    now, before = by_month.get(first, nothing), by_month.get(_month_before(first), nothing)
    sales, refunds, net = (_change(one, other) for one, other in zip(now, before, strict=True))
    recurring = _change(revenue[0].closing, revenue[0].opening) if revenue else None
    return ThisMonth(formatting.month(first), *now, sales, refunds, net, recurring)


def _figures(one: MoneyMonth) -> tuple[int, int, int]:
    return one.sales + one.cards, one.refunds + one.disputes, one.net


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _change(now: int, before: int) -> float | None:
    return (now - before) / before if before > 0 else None


def month_bars(months: Sequence[MoneyMonth], currency: str) -> list[Bar]:
    """What was left of each month's sales, the oldest first."""
    return [
        {
            "label": formatting.month(one.month),
            "start": 0,
            "end": one.net,
            "text": formatting.money(one.net, currency),
            "kind": "plain" if one.net >= 0 else "down",
        }
        for one in reversed(months)
    ]


def waterfall_steps(month: RevenueMonth, currency: str) -> list[Bar]:
    """How a month's recurring revenue came about, step by step from what there was to what there is."""
    level = month.opening
    bars = [_bar(_("At its beginning"), 0, level, level, currency, "total")]
    for label, amount, up in (
        (_("New members"), month.new, True),
        (_("Returned members"), month.returned, True),
        (_("Paid more"), month.expansion, True),
        (_("Paid less"), month.contraction, False),
        (_("Members who left"), month.churn, False),
    ):
        after = level + amount if up else level - amount
        bars.append(_bar(label, level, after, amount if up else -amount, currency, "up" if up else "down"))
        level = after
    return [*bars, _bar(_("At its end"), 0, level, level, currency, "total")]


def _bar(label: str, start: int, end: int, amount: int, currency: str, kind: str) -> Bar:
    text = formatting.money(amount, currency)
    return {
        "label": label,
        "start": start,
        "end": end,
        "text": f"+{text}" if kind == "up" and amount else text,
        "kind": kind,
    }


def held_parts(held: Holdings | None) -> list[tuple[str, int]]:
    """What is owed or held for others, in words, without what is nothing."""
    words = {
        "earnings": _("Earned by authors and affiliates"),
        "commissions": _("Commissions that a refund can still take back"),
        "payouts": _("Payouts that were asked for"),
        "credit": _("Credit of members"),
        "cards": _("On gift cards that nobody redeemed"),
        "set_aside": _("Set aside for orders and groups"),
        "going_back": _("Refunds on their way"),
        "disputed": _("Taken by banks that have not decided"),
        "unmatched": _("Payments that belong to no sale"),
        "receivable": _("Paid out too much, to be made up"),
    }
    parts = held.parts if held else {}
    return [(text, parts[name]) for name, text in words.items() if parts.get(name)]


@dataclass(frozen=True, slots=True)
class Told:
    """A difference with both sides in words."""

    row: Difference
    title: str
    theirs: str
    ours: str
    provider: str


def told(row: Difference) -> Told:
    return Told(
        row=row,
        title=row.get_kind_display(),
        theirs=_theirs(row),
        ours=_ours(row),
        provider=provider_names().get(row.provider, row.provider),
    )


def _theirs(row: Difference) -> str:
    if row.line is None or row.theirs_amount is None:
        return _("The statement has no such line.")
    words = {
        "kind": row.line.get_kind_display(),
        "id": row.line.line_id,
        "charge": row.line.charge_id or "–",
        "order": row.line.order_number or "–",
        "amount": formatting.money(row.theirs_amount, row.theirs_currency),
        "when": formatting.datetime(row.theirs_at),
    }
    return (
        _("The statement: %(kind)s %(id)s, charge %(charge)s, order %(order)s, %(amount)s, %(when)s.") % words
    )


def _ours(row: Difference) -> str:
    if row.ours_amount is None:
        return _("Here: nothing is booked.")
    words = {
        "kind": _kind_of(row.entry),
        "order": row.order.number if row.order else "–",
        "amount": formatting.money(row.ours_amount, row.ours_currency),
        "when": formatting.datetime(row.ours_at),
    }
    return _("Here: %(kind)s, order %(order)s, %(amount)s, %(when)s.") % words


def _kind_of(entry: str) -> str:
    """What an entry of the books (books.entries) is about, in words."""
    subject, _colon, rest = entry.partition(":")
    if subject == "dispute" and rest.endswith(":won"):
        return _("Money given back after a dispute")
    words = {"order": _("Payment"), "refund": _("Refund"), "dispute": _("Dispute")}
    return words.get(subject, _("Money that belongs to no sale"))
