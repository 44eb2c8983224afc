"""The team's pages about what is sold."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.commerce import actions, presentation, queries
from paideia.commerce.forms.offers import OfferForm
from paideia.commerce.models import Offer
from paideia.commerce.previewing import preview_of
from paideia.communities.doors import for_those_who_may
from paideia.lib.refusal import Refused


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
            saved = actions.save_offer(viewer=viewer, terms=form.terms, offer=offer)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The offer is saved."))
            # A new hidden link has to be seen to be passed on.
            is_new_link = saved.is_hidden and (offer is None or not offer.is_hidden)
            return redirect("manage_offer", saved.pk) if is_new_link else redirect("manage_offers")
    context = {
        "form": form,
        "offer": offer,
        "card": preview_of(viewer, offer) if offer is not None else None,
        "address": _link(request, offer),
    }
    return render(request, "commerce/manage_offer.html", context, status=422 if form.errors else 200)


@for_those_who_may("money.manage")
@require_POST
def offer_preview(request: HttpRequest) -> HttpResponse:
    """The card as it would be with what is filled in by now; nothing is kept."""
    viewer = request.viewer  # type: ignore[attr-defined]
    form = OfferForm(request.POST, viewer=viewer)
    context: dict[str, object] = {"card": None, "problem": ""}
    if form.is_valid():
        try:
            context["card"] = preview_of(viewer, form.terms)
        except Refused as refusal:
            context["problem"] = refusal.message
    return render(request, "commerce/_offer_preview.html", context)


@for_those_who_may("money.manage")
@require_POST
def offer_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a hidden offer a new link."""
    offer = actions.renew_link(viewer=request.viewer, offer=_offer(request, pk))  # type: ignore[attr-defined]
    messages.success(request, _("There is a new link. The old one opens nothing any more."))
    return redirect("manage_offer", offer.pk)


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


def _link(request: HttpRequest, offer: Offer | None) -> str:
    if offer is None or not offer.is_hidden:
        return ""
    return request.build_absolute_uri(f"{reverse('pricing')}?key={offer.hidden_key}")


def _offer(request: HttpRequest, pk: int) -> Offer:
    return get_object_or_404(Offer, community=request.community, pk=pk)  # type: ignore[attr-defined]
