"""The sandbox's page: what a provider would show on its own site."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from paideia.commerce.providers import available
from paideia.commerce.providers.sandbox import actions
from paideia.commerce.providers.sandbox.models import SandboxCharge


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def sandbox_payment(request: HttpRequest, token: str) -> HttpResponse:
    """Choose how the payment goes, and what becomes of it later. The address alone admits to it, as a provider's
    does."""
    if "sandbox" not in {provider.key for provider in available()}:
        raise Http404
    charge = get_object_or_404(SandboxCharge, pk=token, community=request.community)  # type: ignore[attr-defined]
    if request.method == "POST":
        return _act(request, charge)
    context = {
        "charge": charge,
        "courses": actions.COURSES,
        "refunds_as": [(key, str(label)) for key, label in SandboxCharge.RefundsAs.choices],
        "charges_as": [(key, str(label)) for key, label in SandboxCharge.ChargesAs.choices],
        "refunds": charge.refunds.order_by("created_at"),
        "disputes": charge.disputes.order_by("opened_at"),
    }
    return render(request, "commerce/sandbox.html", context)


def _act(request: HttpRequest, charge: SandboxCharge) -> HttpResponse:
    said = request.POST
    if "refunds_as" in said:
        ways = {"refunds_as": said["refunds_as"], "charges_as": said.get("charges_as", charge.charges_as)}
        actions.change_course(charge=charge, **ways)
    elif "refund" in said:
        actions.end_refund(charge=charge, refund_id=said["refund"], state=said.get("state", ""))
    elif "dispute" in said:
        actions.dispute(charge=charge, state=said["dispute"])
    else:
        course = said.get("course", "")
        charge = actions.pay(charge=charge, course=course)
        if actions.COURSES[course].returns:
            return HttpResponseRedirect(charge.return_url)
    return redirect("sandbox_payment", charge.pk)
