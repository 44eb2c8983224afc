"""One's own pages: recommending the community, and what one has earned."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.commerce.views.manage_discounts import as_csv
from paideia.communities.addresses import url_in
from paideia.communities.doors import Request
from paideia.lib.refusal import Refused
from paideia.partners import queries, referring
from paideia.partners.actions import ask_for_payout, become_affiliate
from paideia.partners.actions.affiliates import active_affiliate
from paideia.partners.forms import AskForm, PayoutForm
from paideia.partners.models import Programme


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def affiliate(request: Request) -> HttpResponse:
    """The programme to who may take part; their link and what came of it to who does."""
    viewer = request.viewer
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = getattr(request, "referral_code", "")
        found = become_affiliate(viewer=viewer, words=form.cleaned_data["words"], brought_by=code)
        messages.success(
            request, _("Welcome! Here is your link.") if found.is_active else _("The team will answer you.")
        )
        return redirect("affiliate")
    found_programme, mine = queries.programme_of(viewer), queries.affiliate_of(viewer)
    context: dict[str, object] = {
        "programme": found_programme,
        "mine": mine,
        "form": form,
        "by_approval": found_programme is not None and found_programme.joining == Programme.Joining.APPROVAL,
    }
    if mine is not None:
        context |= {
            "address": f"{url_in(viewer.community, 'home')}?ref={mine.code}",
            "short": url_in(viewer.community, "referral", mine.code),
            "reach": queries.reach_of(mine),
            "clicks": queries.recent_clicks(mine, viewer),
            "purses": queries.purses(viewer),
            "commissions": queries.commissions_of(viewer),
        }
    return render(request, "partners/affiliate.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def referral(request: Request, code: str) -> HttpResponse:
    """Where a partner's short link leads: who recommends the community, and whether the browser may remember it."""
    viewer = request.viewer
    found = active_affiliate(viewer.community, code)
    if found is None or not viewer.may_enter:
        return redirect("home")
    referring.arrive(request, found.code)
    if request.method == "POST":
        if request.POST.get("remember"):
            referring.agree(request)
        return redirect("home")
    days = Programme.objects.values_list("cookie_days", flat=True).get(community=viewer.community)
    return render(request, "partners/referral.html", {"affiliate": found, "days": days})


@login_required
@require_safe
def earnings(request: Request) -> HttpResponse:
    """What one has, statements of it, and payouts."""
    return _earnings(request)


@login_required
@require_POST
def payouts(request: Request) -> HttpResponse:
    """Ask to be paid."""
    form = PayoutForm(request.POST, currencies=_currencies(request))
    if form.is_valid():
        try:
            ask_for_payout(
                viewer=request.viewer,
                amount=form.cleaned_data["minor"],
                currency=form.cleaned_data["currency"],
                to=form.destination,
            )
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The team will look at it and pay it."))
            return redirect("earnings")
    return _earnings(request, form)


@login_required
@require_safe
def statement(request: Request, pk: int) -> HttpResponse:
    found = queries.statement_of(request.viewer, pk)
    lines = list(found.lines.select_related("rule"))
    return render(request, "partners/statement.html", {"statement": found, "lines": lines})


@login_required
@require_safe
def statement_export(request: Request, pk: int) -> HttpResponse:
    found = queries.statement_of(request.viewer, pk)
    name = f"statement-{found.run.month:%Y-%m}-{found.currency}.csv"
    return as_csv(queries.rows_of_statement(found), name)


def _earnings(request: Request, form: PayoutForm | None = None) -> HttpResponse:
    viewer = request.viewer
    currencies = _currencies(request)
    context = {
        "purses": queries.purses(viewer),
        "statements": queries.statements_of(viewer),
        "payouts": queries.payouts_of(viewer),
        "terms": queries.payout_terms(viewer),
        "form": form or PayoutForm(currencies=currencies),
        "can_ask": bool(currencies),
        "programme": queries.programme_of(viewer),
        "mine": queries.affiliate_of(viewer),
    }
    return render(request, "partners/earnings.html", context, status=422 if form is not None else 200)


def _currencies(request: Request) -> list[str]:
    return [purse.currency for purse in queries.purses(request.viewer) if purse.earnings]
