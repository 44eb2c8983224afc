"""A member's own page of what they have, and what they do with it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.commerce import actions, queries
from paideia.commerce.actions import subscriptions
from paideia.commerce.forms.leaving import CancellationForm, ChangeForm, WayForm
from paideia.commerce.models import Order, Subscription
from paideia.commerce.queries import membership
from paideia.commerce.quoting import Wish
from paideia.commerce.quoting.unused import left_of
from paideia.commerce.views.buying import to_payment
from paideia.lib import formatting
from paideia.lib.refusal import NotFound


@login_required
@require_safe
def portal(request: HttpRequest) -> HttpResponse:
    """What I have, until when, what renews when for how much."""
    viewer = request.viewer  # type: ignore[attr-defined]
    context = {
        "held": membership.plans_held(viewer),
        "standings": membership.standings(viewer),
        "terms": membership.terms_to_change(viewer),
        "orders": queries.orders_of(viewer)[:5],
    }
    return render(request, "commerce/membership.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Another plan: at once, or for the next period."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found = membership.standing(viewer, pk)
    order = membership.current_order(found.row)
    form = ChangeForm(
        request.POST if request.method == "POST" else None,
        choices=membership.choices(viewer, order, found.row),
    )
    if request.method != "POST":
        return _change_page(request, form, found.row, order)
    if not form.is_valid():
        return _change_page(request, form, found.row, order, status=422)
    choice = form.cleaned_data["to"]
    if choice.at_end:
        subscriptions.change_next(viewer=viewer, subscription=found.row, offer=choice.offer)
        messages.success(request, _("Noted: the next period is %(offer)s.") % {"offer": choice.offer.name})
        return redirect("membership")
    if order is None:
        raise NotFound("")
    return _place_change(request, form, order)


@login_required
@require_POST
def change_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the next period be as it is."""
    row = _row(request, pk)
    subscriptions.change_next(viewer=request.viewer, subscription=row, offer=None)  # type: ignore[attr-defined]
    messages.success(request, _("Noted: it goes on as it is."))
    return redirect("membership")


@login_required
@require_http_methods(["GET", "POST"])
def change_term(request: HttpRequest, number: str) -> HttpResponse:
    """Another plan for what was bought in advance."""
    viewer = request.viewer  # type: ignore[attr-defined]
    order = get_object_or_404(Order, community=viewer.community, buyer=viewer.user, number=number)
    form = ChangeForm(
        request.POST if request.method == "POST" else None, choices=membership.choices(viewer, order, None)
    )
    if request.method == "POST" and form.is_valid():
        return _place_change(request, form, order)
    return _change_page(request, form, None, order, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def cancellation(request: HttpRequest, pk: int) -> HttpResponse:
    """Why somebody leaves, what is offered to stay, and the end of it."""
    viewer, row = request.viewer, _row(request, pk)  # type: ignore[attr-defined]
    form = CancellationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        terms = membership.offer_to_stay(row)
        if not request.POST.get("confirm"):
            return render(
                request, "commerce/membership_leave.html", {"row": row, "form": form, "terms": terms}
            )
        answer = form.cleaned_data
        row = subscriptions.cancel(
            viewer=viewer, subscription=row, reason=answer["reason"], words=answer["words"]
        )
        messages.success(request, _cancelled(row))
        return redirect("membership")
    context = {"row": row, "form": form}
    return render(request, "commerce/membership_cancel.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def resumption(request: HttpRequest, pk: int) -> HttpResponse:
    """Renew again what was cancelled."""
    row = subscriptions.resume(viewer=request.viewer, subscription=_row(request, pk))  # type: ignore[attr-defined]
    messages.success(request, _("%(offer)s goes on.") % {"offer": row.offer.name})
    return redirect("membership")


@login_required
@require_POST
def stay(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the offer to stay."""
    row = subscriptions.stay(viewer=request.viewer, subscription=_row(request, pk))  # type: ignore[attr-defined]
    text = ngettext(
        "Thank you for staying. The next period costs %(percent)s %% less.",
        "Thank you for staying. The next %(n)s periods cost %(percent)s %% less.",
        row.discount_periods,
    )
    messages.success(request, text % {"n": row.discount_periods, "percent": row.discount_percent})
    return redirect("membership")


@login_required
@require_http_methods(["GET", "POST"])
def payment(request: HttpRequest, pk: int) -> HttpResponse:
    """Pay the next period by hand; the way that is chosen is used from then on."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found = membership.standing(viewer, pk)
    form = WayForm(request.POST if request.method == "POST" else None, currency=found.row.currency)
    if request.method == "POST" and form.is_valid():
        order = subscriptions.pay_period(
            viewer=viewer, subscription=found.row, provider=form.cleaned_data["provider"]
        )
        return to_payment(request, _back_to_portal(order))
    context = {"standing": found, "form": form}
    return render(request, "commerce/membership_payment.html", context, status=422 if form.errors else 200)


def _row(request: HttpRequest, pk: int) -> Subscription:
    return membership.standing(request.viewer, pk).row  # type: ignore[attr-defined]


def _place_change(request: HttpRequest, form: ChangeForm, order: Order) -> HttpResponse:
    choice, way = form.cleaned_data["to"], form.cleaned_data["provider"]
    placed = actions.place_order(
        viewer=request.viewer,  # type: ignore[attr-defined]
        offer=choice.offer,
        provider=way,
        return_to=reverse("membership"),
        wish=Wish(
            kind=Order.Kind.CHANGE, currency=order.currency, replaces=order.number, at_end=choice.at_end
        ),
    )
    return to_payment(request, placed)


def _back_to_portal(order: Order) -> Order:
    if not order.return_to:
        order.return_to = reverse("membership")
        order.save(update_fields=["return_to"])
    return order


def _change_page(
    request: HttpRequest,
    form: ChangeForm,
    row: Subscription | None,
    order: Order | None,
    *,
    status: int = 200,
) -> HttpResponse:
    now = request.viewer.now  # type: ignore[attr-defined]
    context = {"form": form, "row": row, "order": order, "left": left_of(order, now) if order else None}
    return render(request, "commerce/membership_change.html", context, status=status)


def _cancelled(row: Subscription) -> str:
    if row.ended_at is not None:
        return _("Cancelled. Nothing will be charged any more.")
    return _("Cancelled. It stays yours until %(when)s; nothing will be charged any more.") % {
        "when": formatting.date(row.period_ends_at)
    }
