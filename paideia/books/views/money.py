"""The team's page about money, and tables to take along."""

from datetime import date
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from paideia.books import exporting, presentation, queries
from paideia.books.forms import ExportForm
from paideia.books.terms import first_of_months
from paideia.communities.doors import for_those_who_may
from paideia.lib import formatting
from paideia.lib.tables import csv_lines


@for_those_who_may("money.view")
@require_safe
def money(request: HttpRequest) -> HttpResponse:
    """Sales, refunds and fees by month, what is owed, what recurs, and what to look at today."""
    viewer = request.viewer  # type: ignore[attr-defined]
    by_currency, held = queries.money_by_month(viewer), queries.holdings(viewer)
    codes = sorted({*by_currency, *held, *queries.revenue_currencies(viewer)})
    chosen = request.GET.get("currency", "")
    if chosen not in codes:
        own = viewer.community.currency
        chosen = own if own in codes or not codes else codes[0]
    months, recurring = by_currency.get(chosen, []), queries.revenue(viewer, chosen)
    context = {
        "to_do": queries.to_do(viewer),
        "currencies": codes,
        "currency": chosen,
        "months": months,
        "this": presentation.this_month(months, recurring, today=_today(request)),
        "bars": presentation.month_bars(months, chosen),
        "held": presentation.held_parts(held.get(chosen)),
        "own": held[chosen].parts.get("own", 0) if chosen in held else 0,
        "revenue": recurring,
        "steps": presentation.waterfall_steps(recurring[0], chosen) if recurring else [],
    }
    return render(request, "books/manage_money.html", context)


@for_those_who_may("money.view")
@require_http_methods(["GET", "POST"])
def exports(request: HttpRequest) -> HttpResponse:
    """Choose a table and a month; the file comes as the answer."""
    viewer = request.viewer  # type: ignore[attr-defined]
    form = ExportForm(request.POST or None, viewer=viewer, months=_months(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        rows = exporting.rows(viewer=viewer, what=data["table"], month=form.chosen_month)
        return _file(csv_lines(rows, mark=data["mark"]), f"{data['table']}-{data['month'] or 'all'}.csv")
    return render(request, "books/manage_exports.html", {"form": form}, status=422 if form.errors else 200)


def _today(request: HttpRequest) -> date:
    """On the community's clock, as months are counted."""
    viewer = request.viewer  # type: ignore[attr-defined]
    return cast(date, viewer.now.astimezone(ZoneInfo(viewer.community.time_zone)).date())


def _months(request: HttpRequest) -> list[tuple[str, str]]:
    """Every month since the community began, the newest first."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found = first_of_months(viewer.community.created_at, viewer.now, viewer.community.time_zone)
    return [(f"{month:%Y-%m}", formatting.month(month)) for month, _begin in reversed(found)]


def _file(lines: Any, name: str) -> HttpResponse:
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return cast(HttpResponse, answer)
