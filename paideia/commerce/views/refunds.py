"""The team's dialog for refunds, and payments that are sent back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.commerce import actions, queries
from paideia.commerce.actions.refunds import new_key
from paideia.commerce.forms.offers import whole
from paideia.commerce.forms.orders import RefundForm
from paideia.commerce.models import Notice, Order
from paideia.commerce.refunding import refundable
from paideia.communities.doors import for_those_who_may
from paideia.lib.refusal import Refused


@for_those_who_may("money.manage")
@require_http_methods(["GET", "POST"])
def refund(request: HttpRequest, number: str) -> HttpResponse:
    """How much goes back and what that does to access, shown before it is agreed."""
    order = queries.order_of(request.viewer, number)  # type: ignore[attr-defined]
    if request.method != "POST":
        left = refundable(order)
        initial = {
            "amount": whole(left.money, order.currency),
            "credit": whole(left.value - left.money, order.currency),
            "key": new_key(),
        }
        form = RefundForm(initial=initial, currency=order.currency)
        return _page(request, order, form, _effects(request, order, left.money, left.value - left.money, ""))
    form = RefundForm(request.POST, currency=order.currency)
    if form.is_valid() and "look" not in request.POST:
        try:
            actions.refund_order(viewer=request.viewer, order=order, **form.cleaned_data)  # type: ignore[attr-defined]
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The refund is agreed and on its way."))
            return redirect("order", order.number)
    return _page(request, order, form, _effects_of(request, order, form))


@for_those_who_may("money.manage")
@require_safe
def refund_effects(request: HttpRequest, number: str) -> HttpResponse:
    """What the refund would do with what is filled in by now; nothing is kept."""
    order = queries.order_of(request.viewer, number)  # type: ignore[attr-defined]
    form = RefundForm({**request.GET.dict(), "reason": "-"}, currency=order.currency)
    return render(request, "commerce/_refund_effects.html", _effects_of(request, order, form))


@for_those_who_may("money.manage")
@require_POST
def notice_return(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a payment back that settled nothing."""
    viewer = request.viewer  # type: ignore[attr-defined]
    notice = get_object_or_404(Notice, community=viewer.community, pk=pk)
    actions.return_stray(viewer=viewer, notice=notice)
    messages.success(request, _("The payment is on its way back."))
    return redirect("manage_orders")


def _effects_of(request: HttpRequest, order: Order, form: RefundForm) -> dict[str, Any]:
    form.is_valid()
    if wrong := [form.errors[name][0] for name in form.errors if name in ("amount", "credit", "access")]:
        return {"order": order, "problem": wrong[0], "terms": None, "effects": []}
    data = form.cleaned_data
    return _effects(request, order, data["amount"], data["credit"], data["access"])


def _effects(request: HttpRequest, order: Order, amount: int, credit: int, access: str) -> dict[str, Any]:
    try:
        terms, effects = actions.preview_refund(
            viewer=request.viewer,  # type: ignore[attr-defined]
            order=order,
            amount=amount,
            credit=credit,
            access=access,
        )
    except Refused as refusal:
        return {"order": order, "problem": refusal.message, "terms": None, "effects": []}
    return {"order": order, "problem": "", "terms": terms, "effects": effects}


def _page(request: HttpRequest, order: Order, form: RefundForm, effects: dict[str, Any]) -> HttpResponse:
    context = {"form": form, "left": refundable(order), **effects}
    return render(request, "commerce/manage_refund.html", context, status=422 if form.errors else 200)
