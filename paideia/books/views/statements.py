"""The team's pages about providers' statements and where they differ from the books."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.books import actions, presentation, queries
from paideia.books.forms import DifferenceForm, ExplanationForm, FeeForm, UploadForm
from paideia.commerce.paging import page_after
from paideia.communities.doors import for_those_who_may
from paideia.lib.refusal import Invalid, Refused

ROWS = 30


@for_those_who_may("money.view")
@require_safe
def statement_list(request: HttpRequest) -> HttpResponse:
    """What was read, what differs, what the providers may keep."""
    return _page(request, UploadForm(), FeeForm())


@for_those_who_may("money.manage")
@require_http_methods(["POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Keep a statement that somebody has as a file."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, FeeForm())
    data = form.cleaned_data
    try:
        kept = actions.upload_statement(
            viewer=request.viewer,  # type: ignore[attr-defined]
            provider=data["provider"],
            name=data["file"].name,
            content=data["file"].read(),
            since=data["since"],
            until=data["until"],
        )
    except Refused as refusal:
        form.add_error("file", refusal.message)
        return _page(request, form, FeeForm())
    if kept.is_new:
        text = ngettext("%(n)s new line was read.", "%(n)s new lines were read.", kept.lines_new)
        messages.success(request, text % {"n": kept.lines_new})
    else:
        messages.info(request, _("This file was read before: nothing has changed."))
    return redirect("manage_statements")


@for_those_who_may("money.manage")
@require_POST
def fees(request: HttpRequest) -> HttpResponse:
    """Say what a provider may keep."""
    form = FeeForm(request.POST)
    if not form.is_valid():
        return _page(request, UploadForm(), form)
    actions.save_fee_terms(viewer=request.viewer, **form.terms)  # type: ignore[attr-defined]
    messages.success(request, _("Other fees are listed from the next statement on."))
    return redirect("manage_statements")


@for_those_who_may("money.view")
@require_safe
def difference_list(request: HttpRequest) -> HttpResponse:
    """Where statements and books differ, with what either side says."""
    viewer = request.viewer  # type: ignore[attr-defined]
    form = DifferenceForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {"state": "", "provider": ""}
    state = chosen["state"] or "open"
    found = queries.differences(viewer, state, chosen["provider"])
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 19:
        found = found.filter(pk__lt=int(after))
    rows = list(found[: ROWS + 1])
    context = {
        "rows": [presentation.told(row) for row in rows[:ROWS]],
        "after": rows[ROWS - 1].pk if len(rows) > ROWS else None,
        "choices": {name: _choices(form, name) for name in ("state", "provider")},
        "state": state,
        "provider": chosen["provider"],
    }
    return render(request, "books/manage_differences.html", context)


@for_those_who_may("money.manage")
@require_POST
def difference_resolution(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what a difference was."""
    viewer = request.viewer  # type: ignore[attr-defined]
    form, found = ExplanationForm(request.POST), queries.difference_of(viewer, pk)
    if not form.is_valid():
        raise Invalid(_("Say in a sentence what was done."))
    actions.resolve_difference(viewer=viewer, difference=found, resolution=form.cleaned_data["resolution"])
    messages.success(request, _("Noted."))
    return redirect("manage_differences")


def _choices(form: DifferenceForm, name: str) -> list[tuple[str, str]]:
    return [(key, str(label)) for key, label in form.fields[name].choices]  # type: ignore[attr-defined]


def _page(request: HttpRequest, form: UploadForm, fee_form: FeeForm) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    page = page_after(queries.statements(viewer), request.GET.get("after"), by="covers_from")
    context = {
        "statements": page.rows,
        "after": page.after,
        "missing": queries.statements_missing(viewer),
        "open": queries.differences(viewer, "open").count(),
        "form": form,
        "fee_form": fee_form,
        "fees": queries.fee_terms(viewer),
        "names": presentation.provider_names(),
    }
    status = 422 if form.errors or fee_form.errors else 200
    return render(request, "books/manage_statements.html", context, status=status)
