"""The team's pages about what is sold and what was paid."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from paideia.commerce import actions, presentation, queries
from paideia.commerce.actions.strays import can_be_sent_back
from paideia.commerce.forms.orders import OrderSearchForm, ResolutionForm
from paideia.commerce.models import Notice
from paideia.commerce.paging import page_after
from paideia.communities.doors import for_those_who_may
from paideia.lib.refusal import Invalid


@for_those_who_may("money.view")
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """All orders, found by number, buyer or offer; and the payments that somebody should look at."""
    viewer = request.viewer  # type: ignore[attr-defined]
    form = OrderSearchForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {"q": "", "state": ""}
    page = page_after(queries.orders_searched(viewer, chosen["q"], chosen["state"]), request.GET.get("after"))
    notices = list(queries.open_notices(viewer)[:20]) if not request.GET.get("after") else []
    context = {
        "states": [(key, str(label)) for key, label in form.fields["state"].choices],  # type: ignore[attr-defined]
        "chosen": chosen,
        "page": page,
        "notices": notices,
        "can_be_sent_back": can_be_sent_back(notices),
        "totals": queries.sales(viewer),
        "providers": presentation.PROVIDER_NAMES,
    }
    return render(request, "commerce/manage_orders.html", context)


@for_those_who_may("money.manage")
@require_POST
def notice_resolution(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what was done about a payment that settled nothing."""
    viewer = request.viewer  # type: ignore[attr-defined]
    notice = get_object_or_404(Notice, community=viewer.community, pk=pk)
    form = ResolutionForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Say in a sentence what was done."))
    actions.resolve_notice(viewer=viewer, notice=notice, resolution=form.cleaned_data["resolution"])
    messages.success(request, _("Noted."))
    return redirect("manage_orders")
