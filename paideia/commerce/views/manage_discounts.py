"""The team's pages about coupons, redeem codes and gift cards."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.commerce.actions import cards, coupons, redeeming
from paideia.commerce.forms.discounts import BatchForm, CardTermsForm, CouponForm, GiveCardForm
from paideia.commerce.models import GiftCard
from paideia.commerce.queries import discounts as queries
from paideia.communities.addresses import url_in
from paideia.communities.doors import for_those_who_may
from paideia.lib.money import major
from paideia.lib.refusal import Refused
from paideia.lib.tables import csv_lines


@for_those_who_may("money.manage")
@require_safe
def coupon_list(request: HttpRequest) -> HttpResponse:
    """All coupons with what they did, and a link that fills each in."""
    rows = queries.coupons(request.viewer)  # type: ignore[attr-defined]
    pricing = url_in(request.community, "pricing")  # type: ignore[attr-defined]
    context = {
        "current": [row for row in rows if row.coupon.archived_at is None],
        "archived": [row for row in rows if row.coupon.archived_at],
        "pricing": pricing,
    }
    return render(request, "commerce/manage_coupons.html", context)


@for_those_who_may("money.manage")
@require_http_methods(["GET", "POST"])
def coupon_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make a coupon, or change one."""
    viewer = request.viewer  # type: ignore[attr-defined]
    coupon = queries.coupon(viewer, pk) if pk is not None else None
    form = CouponForm(request.POST or None, viewer=viewer, coupon=coupon)
    if request.method == "POST" and form.is_valid():
        try:
            coupons.save_coupon(viewer=viewer, terms=form.terms, coupon=coupon)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The coupon is saved."))
            return redirect("manage_coupons")
    context = {"form": form, "coupon": coupon}
    return render(request, "commerce/manage_coupon.html", context, status=422 if form.errors else 200)


@for_those_who_may("money.manage")
@require_POST
def coupon_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a coupon count no more, or again."""
    viewer = request.viewer  # type: ignore[attr-defined]
    again = bool(request.POST.get("restore"))
    coupons.archive_coupon(viewer=viewer, coupon=queries.coupon(viewer, pk), archived=not again)
    messages.success(request, _("The coupon counts again.") if again else _("The coupon is archived."))
    return redirect("manage_coupons")


@for_those_who_may("money.manage")
@require_http_methods(["GET", "POST"])
def batch_list(request: HttpRequest) -> HttpResponse:
    """All batches of codes, and a form that makes another."""
    viewer = request.viewer  # type: ignore[attr-defined]
    form = BatchForm(request.POST or None, viewer=viewer)
    if request.method == "POST" and form.is_valid():
        try:
            made = redeeming.make_batch(viewer=viewer, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The codes are made."))
            return redirect("manage_batch", made.pk)
    context = {"form": form, "batches": list(queries.batches(viewer)[:100])}
    return render(request, "commerce/manage_codes.html", context, status=422 if form.errors else 200)


@for_those_who_may("money.manage")
@require_safe
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    found = queries.batch(request.viewer, pk)  # type: ignore[attr-defined]
    address = url_in(request.community, "redeem")  # type: ignore[attr-defined]
    context = {"batch": found, "used": queries.codes_used(found), "address": address}
    return render(request, "commerce/manage_batch.html", context)


@for_those_who_may("money.manage")
@require_safe
def batch_export(request: HttpRequest, pk: int) -> HttpResponse:
    """All codes of a batch as CSV."""
    found = queries.batch(request.viewer, pk)  # type: ignore[attr-defined]
    return as_csv(queries.rows_of_batch(found), f"codes-{found.pk}.csv")


@for_those_who_may("money.manage")
@require_POST
def batch_revocation(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke what is left of a batch, or the one code that is named."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.batch(viewer, pk)
    if code := request.POST.get("code", "").strip()[:80]:
        redeeming.revoke_code(viewer=viewer, batch=found, code=code)
        messages.success(request, _("The code is revoked."))
    elif request.POST.get("all"):
        redeeming.revoke_batch(viewer=viewer, batch=found)
        messages.success(request, _("None of the codes that were left can be used any more."))
    return redirect("manage_batch", found.pk)


@for_those_who_may("money.manage")
@require_http_methods(["GET", "POST"])
def card_list(request: HttpRequest) -> HttpResponse:
    """Which cards are on sale, which are out, and giving one."""
    viewer = request.viewer  # type: ignore[attr-defined]
    terms = queries.card_terms(viewer)
    amounts = ", ".join(f"{major(one, terms.currency):f}" for one in terms.amounts)
    initial = {"currency": terms.currency, "amounts": amounts, "valid_months": terms.valid_months}
    form = CardTermsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        terms_said = {
            "currency": data["currency"],
            "amounts": data["minor"],
            "valid_months": data["valid_months"],
        }
        if _done(form, lambda: cards.save_card_terms(viewer=viewer, **terms_said)):
            messages.success(request, _("The cards on sale are changed."))
            return redirect("manage_cards")
    return _cards(request, form, GiveCardForm(initial={"currency": terms.currency}, auto_id="gift_%s"))


@for_those_who_may("money.manage")
@require_POST
def card_gift(request: HttpRequest) -> HttpResponse:
    """Give a card from the house."""
    viewer = request.viewer  # type: ignore[attr-defined]
    form = GiveCardForm(request.POST, auto_id="gift_%s")
    if form.is_valid():
        data = form.cleaned_data
        said = {name: data[name] for name in ("currency", "email", "message", "expires_at")}
        if _done(form, lambda: cards.give_card(viewer=viewer, amount=data["minor"], **said)):
            messages.success(request, _("The card is made."))
            return redirect("manage_cards")
    return _cards(request, CardTermsForm(), form)


@for_those_who_may("money.manage")
@require_POST
def card_revocation(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back a card of the house."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found = get_object_or_404(GiftCard, community=viewer.community, pk=pk)
    cards.revoke_card(viewer=viewer, card=found)
    messages.success(request, _("The card is revoked."))
    return redirect("manage_cards")


def as_csv(rows: Iterable[Sequence[object]], name: str) -> HttpResponse:
    """Rows as a file to keep."""
    answer = HttpResponse("".join(csv_lines(rows)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _cards(request: HttpRequest, terms: CardTermsForm, gift: GiveCardForm) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    context = {
        "terms": terms,
        "gift": gift,
        "cards": queries.cards(viewer),
        "owed": queries.owed_on_cards(viewer),
    }
    status = 422 if terms.errors or gift.errors else 200
    return render(request, "commerce/manage_cards.html", context, status=status)


def _done(form: Any, act: Any) -> bool:
    """Whether it could be done; what was refused stands on the form."""
    try:
        act()
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return False
    return True
