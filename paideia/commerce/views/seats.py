"""Seats: the manager's pages, and taking one."""

import re

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.accounts.entering import sign_up_form
from paideia.commerce.actions import seats as actions
from paideia.commerce.models import SeatPool
from paideia.commerce.queries import seats as queries
from paideia.commerce.refusals import HeldForGood, NoSeatLeft, WrongCode
from paideia.commerce.views.entering import came_in
from paideia.commerce.views.manage_discounts import as_csv
from paideia.communities.addresses import url_in
from paideia.lib.refusal import Refused


class InvitationForm(forms.Form):
    addresses = forms.CharField(
        label=gettext_lazy("Mail addresses"),
        max_length=60_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("As many as you like, with commas, spaces or line breaks between them."),
    )


class PoolForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    domain = forms.CharField(
        label=gettext_lazy("Mail domain whose people may take a seat by themselves"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Such as school.example. Empty: only whom you invite."),
    )


@login_required
@require_safe
def pool_list(request: HttpRequest) -> HttpResponse:
    """One's own pools."""
    pools = list(queries.pools_of(request.viewer)[:100])  # type: ignore[attr-defined]
    return render(request, "commerce/seats.html", {"pools": pools})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pool(request: HttpRequest, pk: int) -> HttpResponse:
    """One pool: who sits where, and inviting more."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.pool_of(viewer, pk)
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        words = re.split(r"[\s,;，；、]+", form.cleaned_data["addresses"])
        try:
            made = actions.offer_seats(viewer=viewer, pool=found, addresses=words)
        except Refused as refusal:
            form.add_error("addresses", refusal.message)
        else:
            text = ngettext(
                "%(n)s invitation is on its way.", "%(n)s invitations are on their way.", len(made)
            )
            messages.success(request, text % {"n": len(made)})
            return redirect("seat_pool", found.pk)
    return _pool_page(request, found, form)


@login_required
@require_POST
def pool_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a pool, or change its mail domain."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found, form = queries.pool_of(viewer, pk), PoolForm(request.POST)
    if form.is_valid():
        actions.change_pool(viewer=viewer, pool=found, **form.cleaned_data)
        messages.success(request, _("Saved."))
    return redirect("seat_pool", found.pk)


@login_required
@require_POST
def reclaim(request: HttpRequest, pk: int, seat: int) -> HttpResponse:
    """Take a seat back."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.pool_of(viewer, pk)
    actions.reclaim_seat(viewer=viewer, pool=found, seat_id=seat)
    messages.success(request, _("The seat is free to be given again."))
    return redirect("seat_pool", found.pk)


@login_required
@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Who took a seat, and what they did, as CSV."""
    found = queries.pool_of(request.viewer, pk)  # type: ignore[attr-defined]
    return as_csv(queries.rows_of_pool(found), f"seats-{found.pk}.csv")


@never_cache
@sensitive_post_parameters("password1")
@require_http_methods(["GET", "HEAD", "POST"])
def seat(request: HttpRequest, token: str) -> HttpResponse:
    """A seat that was mailed to somebody."""
    found = queries.seat_by_token(request.viewer, token)  # type: ignore[attr-defined]
    return _taking(request, found.pool, lambda: actions.take_seat(viewer=request.viewer, token=token))  # type: ignore[attr-defined]


@never_cache
@sensitive_post_parameters("password1")
@require_http_methods(["GET", "HEAD", "POST"])
def seat_by_domain(request: HttpRequest, token: str) -> HttpResponse:
    """A seat for people of a mail domain."""
    found = queries.pool_by_token(request.viewer, token)  # type: ignore[attr-defined]
    return _taking(
        request,
        found,
        lambda: actions.take_seat_by_domain(viewer=request.viewer, token=token),  # type: ignore[attr-defined]
    )


def _taking(request: HttpRequest, found: SeatPool, take) -> HttpResponse:  # type: ignore[no-untyped-def]
    entering = sign_up_form(request) if not request.user.is_authenticated else None
    problem, status = "", 200
    if request.method == "POST":
        try:
            if came_in(request, entering, back=request.get_full_path()):
                take()
                messages.success(request, _("The seat is yours. Welcome!"))
                return redirect("home")
            status = 422
        except (WrongCode, NoSeatLeft, HeldForGood) as refusal:
            problem, status = refusal.message, refusal.status
    context = {
        "pool": found,
        "entering": entering if not request.user.is_authenticated else None,
        "problem": problem,
        "is_over": found.closed_at is not None
        or (found.ends_at is not None and found.ends_at <= timezone.now()),
    }
    return render(request, "commerce/seat.html", context, status=status)


def _pool_page(request: HttpRequest, found: SeatPool, form: InvitationForm) -> HttpResponse:
    rows = queries.seats_of(found)
    community = request.community  # type: ignore[attr-defined]
    context = {
        "pool": found,
        "rows": rows,
        "form": form,
        "change": PoolForm(initial={"name": found.name, "domain": found.domain}),
        "free": max(found.size - len(rows), 0),
        "taken": sum(row.seat.taken_at is not None for row in rows),
        "join_link": url_in(community, "seat_by_domain", found.token) if found.domain else "",
    }
    return render(request, "commerce/seat_pool.html", context, status=422 if form.errors else 200)
