"""Invoices and 发票: the buyer's pages, then the team's."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.commerce import queries
from paideia.commerce.actions.fapiao import ask_for_fapiao, issue_fapiao, refuse_fapiao
from paideia.commerce.actions.invoices import save_invoice_terms
from paideia.commerce.forms.invoices import BillingAddressForm, FapiaoAnswerForm, FapiaoForm, InvoiceTermsForm
from paideia.commerce.invoice_pdf import invoice_pdf
from paideia.commerce.models import FapiaoRequest, TaxRule
from paideia.commerce.paging import page_after
from paideia.commerce.queries import invoices as papers
from paideia.commerce.queries.invoices import PAGE_ROWS
from paideia.commerce.returning import same_site
from paideia.commerce.views.manage_discounts import as_csv
from paideia.communities.doors import Request, for_those_who_may
from paideia.lib.refusal import Invalid, NotFound, Refused


@login_required
@never_cache
@require_safe
def pdf(request: Request, pk: int) -> HttpResponse:
    """An invoice as a PDF, in the reader's language."""
    found = papers.invoice_of(request.viewer, pk)
    answer = HttpResponse(invoice_pdf(found), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="invoice-{found.year}-{found.number:06d}.pdf"'
    return answer


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def billing(request: Request) -> HttpResponse:
    """To whom one's invoices are written from now on."""
    address = papers.billing_address(request.viewer)
    form = BillingAddressForm(
        request.POST or None, instance=address, initial={"name": request.user.shown_name}
    )
    if request.method == "POST" and form.is_valid():
        row = form.save(commit=False)
        row.user, row.changed_at = request.user, timezone.now()
        row.save()
        messages.success(request, _("Saved. It stands on invoices that are written from now on."))
        return redirect(same_site(request.POST.get("next", "")) or "orders")
    context = {"form": form, "next": same_site(request.GET.get("next", ""))}
    return render(request, "commerce/billing.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def fapiao(request: Request, number: str) -> HttpResponse:
    """Ask for the 发票 of one's order."""
    order = queries.order_of(request.viewer, number)
    if order.buyer_id != request.user.pk:
        raise NotFound("")
    before = FapiaoRequest.objects.filter(order=order).first()
    form = FapiaoForm(request.POST or None, instance=before, initial={"email": request.user.email})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            ask_for_fapiao(viewer=request.viewer, order=order, **data)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The team will issue it."))
            return redirect("order", order.number)
    context = {"form": form, "order": order}
    return render(request, "commerce/fapiao.html", context, status=422 if form.errors else 200)


@login_required
@never_cache
@require_safe
def fapiao_file(request: Request, pk: int) -> FileResponse:
    """The file that the team handed over; nothing in it is shown as a page of ours."""
    found = papers.fapiao_request(request.viewer, pk)
    if not found.file or not default_storage.exists(found.file):
        raise NotFound("")
    name = f"fapiao-{found.order.number}.{found.file.rpartition('.')[2]}"
    return FileResponse(
        default_storage.open(found.file),
        as_attachment=True,
        filename=name,
        content_type="application/octet-stream",
    )


@for_those_who_may("money.view")
@require_safe
def invoice_list(request: Request) -> HttpResponse:
    """The community's invoices and credit notes."""
    rows = papers.invoices(request.viewer)
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    found = list(rows.order_by("-pk")[: PAGE_ROWS + 1])
    context = {
        "rows": found[:PAGE_ROWS],
        "after": found[PAGE_ROWS - 1].pk if len(found) > PAGE_ROWS else None,
        "terms": papers.invoice_terms(request.viewer),
        "year": timezone.localdate().year,
        "waiting": papers.fapiao_requests(request.viewer, "asked").count(),
    }
    return render(request, "commerce/manage_invoices.html", context)


@for_those_who_may("money.view")
@require_safe
def invoice_export(request: Request, year: int) -> HttpResponse:
    rows = papers.rows_of_invoices(request.viewer, min(year, 9999))
    return as_csv(rows, f"invoices-{year}.csv")


@for_those_who_may("money.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def invoice_terms(request: Request) -> HttpResponse:
    """Who sells, and which tax there is."""
    viewer = request.viewer
    rules = list(TaxRule.objects.filter(community=viewer.community))
    terms = papers.invoice_terms(viewer)
    form = InvoiceTermsForm(request.POST or None, instance=terms, rules=rules)
    if request.method == "POST" and form.is_valid():
        try:
            save_invoice_terms(viewer=viewer, seller=form.seller, taxes=form.taxes)
        except Invalid as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("Saved. It counts for what is paid from now on."))
            return redirect("manage_invoices")
    status = 422 if form.errors else 200
    return render(request, "commerce/manage_invoice_terms.html", {"form": form}, status=status)


@for_those_who_may("money.view")
@require_safe
def fapiao_list(request: HttpRequest) -> HttpResponse:
    """Who waits for a 发票, and what was issued."""
    chosen = request.GET.get("state", "asked")
    found = papers.fapiao_requests(request.viewer, chosen)  # type: ignore[attr-defined]
    page = page_after(found, request.GET.get("after"), by="asked_at")
    context = {
        "rows": page.rows,
        "after": page.after,
        "states": FapiaoRequest.State.choices,
        "chosen": chosen,
    }
    return render(request, "commerce/manage_fapiao.html", context)


@for_those_who_may("money.manage")
@require_POST
def fapiao_issue(request: Request, pk: int) -> HttpResponse:
    found = papers.fapiao_request(request.viewer, pk)
    form = FapiaoAnswerForm(request.POST, request.FILES)
    if not form.is_valid():
        raise Invalid(_("Write the number of the fapiao."))
    data = form.cleaned_data
    issue_fapiao(viewer=request.viewer, request=found, number=data["number"], file=data["file"])
    messages.success(request, _("It is handed over."))
    return redirect("manage_fapiao")


@for_those_who_may("money.manage")
@require_POST
def fapiao_refusal(request: Request, pk: int) -> HttpResponse:
    found = papers.fapiao_request(request.viewer, pk)
    refuse_fapiao(viewer=request.viewer, request=found, reason=request.POST.get("reason", ""))
    messages.success(request, _("It is refused."))
    return redirect("manage_fapiao")
