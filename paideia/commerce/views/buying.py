"""Choosing, paying and coming back."""

from contextlib import suppress

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from paideia.commerce import actions, presentation, queries
from paideia.commerce.models import Offer, Order
from paideia.commerce.paging import page_after
from paideia.commerce.presentation import OfferCard
from paideia.commerce.providers import ProviderDown, cashier, provider_of
from paideia.commerce.providers.asking import while_somebody_waits
from paideia.commerce.queries.invoices import papers_of
from paideia.commerce.refusals import JoinFirst
from paideia.commerce.returning import same_site
from paideia.lib.refusal import Refused
from paideia.lib.responses import same_for_strangers

# What is not the buyer's own, or not yet: the order says how it goes on.
FOR_OTHERS = (Order.Kind.GIFT, Order.Kind.CARD, Order.Kind.SEATS, Order.Kind.GROUP)


@same_for_strangers
@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """All offers side by side."""
    key, currency = request.GET.get("key", ""), request.GET.get("currency", "")
    offers = queries.offers_on_sale(request.viewer, key)  # type: ignore[attr-defined]
    codes = presentation.currencies(offers)
    currency = currency if currency in codes else ""
    found = _cards(request, offers, currency)
    context = {
        "cards": found,
        "rows": presentation.compared(found),
        "key": key[:43],
        "currencies": codes,
        "currency": currency or (codes[0] if codes else ""),
        "next": same_site(request.GET.get("next", "")),
        "sells_cards": any(offer.with_cards for offer in offers),  # type: ignore[attr-defined]
    }
    return render(request, "commerce/pricing.html", context)


@login_required
@require_POST
def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin an offer's trial and go back to what one wanted to read."""
    viewer = request.viewer  # type: ignore[attr-defined]
    offer = queries.offer_on_sale(viewer, pk)
    try:
        actions.start_trial(viewer=viewer, offer=offer)
    except JoinFirst:
        return redirect("join")
    messages.success(
        request,
        _("Your trial of %(offer)s has begun. It ends by itself.") % {"offer": offer.name},
    )
    return HttpResponseRedirect(same_site(request.POST.get("next", "")) or reverse("home"))


@login_required
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    page = page_after(queries.orders_of(request.viewer), request.GET.get("after"))  # type: ignore[attr-defined]
    return render(request, "commerce/orders.html", {"orders": page.rows, "after": page.after})


@login_required
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    """Where an order stands; the same answer is the fragment that asks again while a payment is awaited."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.order_of(viewer, number)
    sees_money = viewer.may("money.view")
    context = {
        "order": found,
        "lines": list(found.lines.all()),
        "is_mine": found.buyer_id == viewer.user_id,
        "sees_money": sees_money,
        "may_refund": viewer.may("money.manage") and found.paid_at is not None,
        "grants": queries.grants_of(found),
        "refunds": list(found.refunds.select_related("by").order_by("pk")),
        "disputes": list(found.disputes.order_by("pk")),
        "notices": list(found.notices.order_by("received_at")) if sees_money else [],
        "return_to": same_site(found.return_to),
        "papers": papers_of(request.viewer, found),  # type: ignore[attr-defined]
        "providers": presentation.PROVIDER_NAMES,
    }
    template = "commerce/_order.html" if "HX-Request" in request.headers else "commerce/order.html"
    return render(request, template, context)


@login_required
@require_POST
def payment(request: HttpRequest, number: str) -> HttpResponse:
    """Go and pay an order that waits for it."""
    found = _own(request, number)
    if not found.may_be_paid:
        return redirect("order", found.number)
    return to_payment(request, found)


@login_required
@require_safe
def paid(request: HttpRequest, number: str) -> HttpResponse:
    """Back from the provider. What became of the payment is asked of the provider, never read from the address;
    the notification may have been faster, or may come later."""
    found = _own(request, number)
    provider = provider_of(found.provider)
    with suppress(ProviderDown), while_somebody_waits():  # then the notification tells, or whoever asks again
        said = provider.query(found)
        if said is not None:
            actions.accept_payment(community=found.community, provider=provider.key, payment=said)
            found.refresh_from_db()
    return _onward(request, found)


def _own(request: HttpRequest, number: str) -> Order:
    found = queries.order_of(request.viewer, number)  # type: ignore[attr-defined]
    if found.buyer_id != request.user.pk:
        raise Refused(_("Only the buyer can pay an order."))
    return found


def _cards(request: HttpRequest, offers: list[Offer], currency: str = "") -> list[OfferCard]:
    viewer = request.viewer  # type: ignore[attr-defined]
    return presentation.cards(offers, had=queries.plans_had(viewer), viewer=viewer, currency=currency)


def to_payment(request: HttpRequest, order: Order) -> HttpResponse:
    """On to the provider's page; past it where there is nothing to pay. The order is committed already."""
    if order.state == Order.State.PAID:
        return _onward(request, order)
    try:
        with while_somebody_waits():
            address = actions.begin_payment(order=order, **cashier.addresses(request, order))
    except ProviderDown:
        return cashier.silent(request, order)
    return cashier.onward(request, address)


def _onward(request: HttpRequest, order: Order) -> HttpResponse:
    """Back to the very line one came from, once it is paid; to the order until then."""
    if order.state != Order.State.PAID:
        return redirect("order", order.number)
    if order.kind in FOR_OTHERS:
        messages.success(request, _("Paid. Thank you!"))
        return redirect("order", order.number)
    messages.success(request, _("Paid. Thank you! %(offer)s is yours.") % {"offer": order.title})
    return HttpResponseRedirect(same_site(order.return_to) or reverse("order", args=[order.number]))
