"""The page with the account, the slip itself, and the team's list."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.access.requests import Request
from paideia.commerce.models import Refund
from paideia.commerce.providers import cashier, provider_of
from paideia.commerce.providers.amounts import as_text
from paideia.commerce.providers.transfer import actions, queries
from paideia.commerce.providers.transfer.forms import ConfirmForm, DeclineForm, SlipForm
from paideia.commerce.providers.transfer.provider import Transfer
from paideia.communities.doors import for_those_who_may
from paideia.lib.refusal import Invalid

DECIDED_MAX = 50


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def transfer_payment(request: HttpRequest, number: str) -> HttpResponse:
    """Where to send the money, and the slip to show for it."""
    provider = cast(Transfer, provider_of("transfer"))
    order = cashier.own_order(cast(Request, request), number, provider.key)
    if not order.may_be_paid and order.state != order.State.EXPIRED:
        return redirect("order_paid", order.number)
    form = SlipForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        viewer = request.viewer  # type: ignore[attr-defined]
        file, note = form.cleaned_data["file"], form.cleaned_data["note"]
        actions.show_slip(viewer=viewer, order=order, file=file, note=note)
        messages.success(request, _("Thank you. We look whether the money has arrived, and tell you."))
        return redirect("transfer_payment", order.number)
    context = {
        "order": order,
        "account": provider.account,
        "form": form,
        "proof": order.transfer_proofs.first(),
    }
    return render(request, "commerce/transfer.html", context)


@never_cache
@login_required
@require_safe
def transfer_slip(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The slip, for its buyer and the team: a picture to look at, a PDF as a file only."""
    proof = queries.slip_for(request.viewer, pk)  # type: ignore[attr-defined]
    is_file = proof.media_type != "image/webp"
    name = f"{proof.order.number}-{proof.pk}.{'pdf' if is_file else 'webp'}"
    answer = FileResponse(
        proof.file.open("rb"), content_type=proof.media_type, as_attachment=is_file, filename=name
    )
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@for_those_who_may("money.view")
@require_safe
def transfer_list(request: HttpRequest) -> HttpResponse:
    """Slips to look at, refunds to send, and what was decided."""
    viewer = request.viewer  # type: ignore[attr-defined]
    waiting = list(queries.slips_to_look_at(viewer)[:100])
    context = {
        "waiting": [(one, as_text(one.order.total, one.order.currency)) for one in waiting],
        "refunds": list(queries.refunds_by_hand(viewer)[:100]),
        "decided": list(queries.slips_decided(viewer)[:DECIDED_MAX]),
    }
    return render(request, "commerce/manage_transfers.html", context)


@for_those_who_may("money.manage")
@require_POST
def transfer_confirmation(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that the money is there."""
    viewer = request.viewer  # type: ignore[attr-defined]
    proof = queries.slip_for(viewer, pk)
    form = ConfirmForm(request.POST, currency=proof.order.currency)
    if not form.is_valid():
        raise Invalid(_("Write the amount that arrived."))
    notice = actions.confirm_transfer(viewer=viewer, proof=proof, received=form.cleaned_data["received"])
    if notice.outcome == notice.Outcome.SETTLED:
        messages.success(request, _("Confirmed: the order is paid."))
    else:
        messages.warning(request, notice.get_outcome_display())
    return redirect("manage_transfers")


@for_those_who_may("money.manage")
@require_POST
def transfer_decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that it is not, and why."""
    viewer = request.viewer  # type: ignore[attr-defined]
    form = DeclineForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Say why, so that the buyer knows what to do."))
    actions.decline_transfer(
        viewer=viewer, proof=queries.slip_for(viewer, pk), reason=form.cleaned_data["reason"]
    )
    messages.success(request, _("Declined. The buyer is told why."))
    return redirect("manage_transfers")


@for_those_who_may("money.manage")
@require_POST
def transfer_refund(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that a refund was sent by hand."""
    viewer = request.viewer  # type: ignore[attr-defined]
    refund = get_object_or_404(Refund, order__community=viewer.community, order__provider="transfer", pk=pk)
    actions.note_refund_sent(viewer=viewer, refund=refund)
    messages.success(request, _("Noted."))
    return redirect("manage_transfers")
