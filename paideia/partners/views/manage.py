"""The team's pages about partners."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.commerce.paging import PAGE_ROWS, page_after
from paideia.commerce.views.manage_discounts import as_csv
from paideia.communities.doors import Request, for_those_who_may
from paideia.lib.refusal import Invalid, Refused
from paideia.partners import actions, queries
from paideia.partners.forms import PayoutTermsForm, ProgrammeForm, RuleForm
from paideia.partners.models import Affiliate, Payout, ShareRule


@for_those_who_may("money.view")
@require_safe
def affiliate_list(request: Request) -> HttpResponse:
    """Everybody who recommends the community or asked to."""
    viewer = request.viewer
    chosen, after = request.GET.get("state", ""), request.GET.get("after")
    page = page_after(queries.affiliates(viewer, chosen), after, by="asked_at")
    waiting = [] if chosen or after else list(queries.affiliates(viewer, Affiliate.State.ASKED)[:PAGE_ROWS])
    context = {
        "waiting": waiting,
        "rows": queries.with_reach([*waiting, *page.rows])[len(waiting) :],
        "after": page.after,
        "states": Affiliate.State.choices,
        "chosen": chosen,
        "programme": queries.programme_of(viewer),
        "owed": queries.owed_in_all(viewer),
    }
    return render(request, "partners/manage_affiliates.html", context)


@for_those_who_may("money.manage")
@require_POST
def affiliate_decision(request: Request, pk: int) -> HttpResponse:
    """Approve, refuse, close or open again."""
    to = request.POST.get("to", "")
    if to not in Affiliate.State.values:
        raise Invalid(_("Choose what becomes of this partner."))
    found = queries.affiliate(request.viewer, pk)
    actions.decide_affiliate(viewer=request.viewer, affiliate=found, to=to)
    messages.success(request, _("It is decided."))
    return redirect("manage_affiliates")


@for_those_who_may("money.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def programme(request: Request) -> HttpResponse:
    """What the community gives to who brings buyers."""
    viewer = request.viewer
    form = ProgrammeForm(request.POST or None, viewer=viewer, programme=queries.programme_of(viewer))
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_programme(viewer=viewer, terms=form.terms)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The programme is saved."))
            return redirect("manage_affiliates")
    status = 422 if form.errors else 200
    return render(request, "partners/manage_programme.html", {"form": form}, status=status)


@for_those_who_may("money.view")
@require_safe
def payout_list(request: Request) -> HttpResponse:
    """What members asked to be paid."""
    chosen = request.GET.get("state", "asked")
    page = page_after(queries.payouts(request.viewer, chosen), request.GET.get("after"), by="asked_at")
    context = {
        "rows": page.rows,
        "after": page.after,
        "states": Payout.State.choices,
        "chosen": chosen,
        "owed": queries.owed_in_all(request.viewer),
    }
    return render(request, "partners/manage_payouts.html", context)


@for_those_who_may("money.manage")
@require_safe
def payout_export(request: Request) -> HttpResponse:
    """The table for the bank."""
    return as_csv(queries.rows_of_payouts(request.viewer, request.GET.get("state", "")), "payouts.csv")


@for_those_who_may("money.manage")
@require_POST
def payout_approval(request: Request, pk: int) -> HttpResponse:
    actions.approve_payout(viewer=request.viewer, payout=queries.payout(request.viewer, pk))
    return _back(request, _("It is approved. Pay it, then write down the reference."))


@for_those_who_may("money.manage")
@require_POST
def payout_payment(request: Request, pk: int) -> HttpResponse:
    found = queries.payout(request.viewer, pk)
    actions.pay_payout(viewer=request.viewer, payout=found, reference=request.POST.get("reference", ""))
    return _back(request, _("It is written down as paid."))


@for_those_who_may("money.manage")
@require_POST
def payout_refusal(request: Request, pk: int) -> HttpResponse:
    found = queries.payout(request.viewer, pk)
    actions.refuse_payout(viewer=request.viewer, payout=found, reason=request.POST.get("reason", ""))
    return _back(request, _("It is refused, and the money is back in their earnings."))


@for_those_who_may("money.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def payout_terms(request: Request) -> HttpResponse:
    """The least that is paid out, and the tax withheld."""
    viewer = request.viewer
    asked = request.POST.get("currency") or request.GET.get("currency") or viewer.community.currency
    form = PayoutTermsForm(
        request.POST or None, currency=asked, terms=queries.payout_terms(viewer).get(asked)
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            actions.save_payout_terms(
                viewer=viewer,
                currency=data["currency"],
                least=data["least"],
                tax_name=data["tax_name"],
                bands=form.bands,
            )
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The terms are saved."))
            return redirect("manage_payouts")
    context = {"form": form, "known": sorted(queries.payout_terms(viewer))}
    return render(request, "partners/manage_payout_terms.html", context, status=422 if form.errors else 200)


@for_those_who_may("money.view")
@require_http_methods(["GET", "HEAD", "POST"])
def share_list(request: Request) -> HttpResponse:
    """The rules by which authors share, and the months that were booked."""
    viewer = request.viewer
    form = RuleForm(request.POST or None, viewer=viewer)
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_rule(viewer=viewer, terms=form.terms)
        except Invalid as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The rule counts from this month on."))
            return redirect("manage_shares")
    found = queries.rules(viewer)
    context = {
        "form": form,
        "current": [rule for rule in found if rule.ended_at is None],
        "ended": [rule for rule in found if rule.ended_at],
        "runs": queries.runs(viewer),
    }
    return render(request, "partners/manage_shares.html", context, status=422 if form.errors else 200)


@for_those_who_may("money.manage")
@require_POST
def share_end(request: Request, pk: int) -> HttpResponse:
    actions.end_rule(viewer=request.viewer, rule=ShareRule(pk=pk))
    messages.success(request, _("The rule has ended."))
    return redirect("manage_shares")


@for_those_who_may("money.view")
@require_safe
def share_run(request: Request, pk: int) -> HttpResponse:
    """All statements of a month as a table."""
    rows = list(queries.rows_of_run(request.viewer, pk))
    return as_csv(rows, f"statements-{pk}.csv")


def _back(request: Request, message: str) -> HttpResponse:
    messages.success(request, message)
    return redirect("manage_payouts")
