"""The team's pages about what is sold and what was paid."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.commerce import actions, presentation, queries
from paideia.commerce.forms import OfferForm, OrderSearchForm, ResolutionForm
from paideia.commerce.models import Notice, Offer
from paideia.commerce.paging import page_after
from paideia.communities.doors import for_those_who_may
from paideia.lib.refusal import Invalid, Refused


@for_those_who_may("money.manage")
@require_safe
def offer_list(request: HttpRequest) -> HttpResponse:
    """Offers on sale and archived ones, each with how often it was sold."""
    viewer = request.viewer  # type: ignore[attr-defined]
    offers = queries.offers_with_sales(viewer)
    context = {
        "current": [(offer, presentation.per(offer)) for offer in offers if offer.archived_at is None],
        "archived": [(offer, presentation.per(offer)) for offer in offers if offer.archived_at],
        "can_sell": queries.plans_to_sell(viewer).exists(),
    }
    return render(request, "commerce/manage_offers.html", context)


@for_those_who_may("money.manage")
@require_http_methods(["GET", "POST"])
def offer_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make an offer, or change one."""
    viewer = request.viewer  # type: ignore[attr-defined]
    offer = _offer(request, pk) if pk is not None else None
    form = OfferForm(request.POST or None, viewer=viewer, offer=offer)
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_offer(viewer=viewer, terms=form.terms, offer=offer)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The offer is saved."))
            return redirect("manage_offers")
    context = {"form": form, "offer": offer}
    return render(request, "commerce/manage_offer.html", context, status=422 if form.errors else 200)


@for_those_who_may("money.manage")
@require_POST
def offer_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop selling an offer, or sell it again."""
    viewer, offer = request.viewer, _offer(request, pk)  # type: ignore[attr-defined]
    if request.POST.get("restore"):
        actions.restore_offer(viewer=viewer, offer=offer)
        messages.success(request, _("The offer is on sale again."))
    else:
        actions.archive_offer(viewer=viewer, offer=offer)
        messages.success(request, _("The offer is archived: nobody can choose it any more."))
    return redirect("manage_offers")


@for_those_who_may("money.view")
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """All orders, found by number, buyer or offer; and the payments that somebody should look at."""
    viewer = request.viewer  # type: ignore[attr-defined]
    form = OrderSearchForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {"q": "", "state": ""}
    page = page_after(queries.orders_searched(viewer, chosen["q"], chosen["state"]), request.GET.get("after"))
    context = {
        "states": [(key, str(label)) for key, label in form.fields["state"].choices],  # type: ignore[attr-defined]
        "chosen": chosen,
        "page": page,
        "notices": list(queries.open_notices(viewer)[:20]) if not request.GET.get("after") else [],
        "totals": queries.sales(viewer),
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


def _offer(request: HttpRequest, pk: int) -> Offer:
    return get_object_or_404(Offer, community=request.community, pk=pk)  # type: ignore[attr-defined]
