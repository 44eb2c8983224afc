"""The sandbox's page: what a provider would show on its own site."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from paideia.commerce.providers import available
from paideia.commerce.providers.sandbox.actions import COURSES, pay
from paideia.commerce.providers.sandbox.models import SandboxCharge


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def sandbox_payment(request: HttpRequest, token: str) -> HttpResponse:
    """Choose how the payment goes. The address alone admits to it, as a provider's does."""
    if "sandbox" not in {provider.key for provider in available()}:
        raise Http404
    charge = get_object_or_404(SandboxCharge, pk=token, community=request.community)  # type: ignore[attr-defined]
    if request.method == "POST":
        course = request.POST.get("course", "")
        charge = pay(charge=charge, course=course)
        if COURSES[course].returns:
            return HttpResponseRedirect(charge.return_url)
        return redirect("sandbox_payment", token)
    return render(request, "commerce/sandbox.html", {"charge": charge, "courses": COURSES})
