"""Operator pages of imports."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from . import actions, queries
from .forms import DeliveryForm
from .models import Delivery
from .report import Entry, Report
from .wording import kind


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delivery_list(request: HttpRequest) -> HttpResponse:
    """What was brought in, and the form for more."""
    viewer = request.viewer  # type: ignore[attr-defined]
    rows = queries.deliveries(viewer)
    form = DeliveryForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        delivery = actions.hand_in(
            viewer=viewer,
            kind=given["kind"],
            file=given["file"],
            name=given["name"],
            articles=given["shape"] == "articles",
            publish=not given["draft"],
            dry_run=given["dry_run"],
        )
        return redirect("manage_import", delivery.pk)
    shown = {"form": form, "deliveries": rows[: queries.SHOWN_MAX]}
    return render(request, "transfer/imports.html", shown, status=422 if form.errors else 200)


@login_required
@require_safe
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """How far an import is, and when it has ended, what became of it."""
    found = queries.delivery(request.viewer, pk)  # type: ignore[attr-defined]
    return render(request, "transfer/import.html", _shown(found))


@login_required
@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that changes while it runs."""
    found = queries.delivery(request.viewer, pk)  # type: ignore[attr-defined]
    return render(request, "transfer/_state.html", _shown(found))


@login_required
@require_POST
def resumption(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    actions.resume(viewer=viewer, delivery=queries.delivery(viewer, pk))
    return redirect("manage_import", pk)


def _shown(found: Delivery) -> dict[str, object]:
    report = Report.from_json(found.report)
    return {
        "delivery": found,
        "step": kind(found.progress.get("step", "")),
        "imported": [(kind(name), count) for name, count in report.imported.items()],
        "unchanged": [(kind(name), count) for name, count in report.unchanged.items()],
        "entries": {
            "left_out": list(map(_entry, report.left_out)),
            "converted": list(map(_entry, report.converted)),
            "warnings": list(map(_entry, report.warnings)),
        },
    }


def _entry(entry: Entry) -> dict[str, object]:
    return {"what": kind(entry.what), "count": entry.count, "why": entry.why(), "places": entry.places}
