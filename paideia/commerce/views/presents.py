"""What was given: gifts, redeem codes and gift cards, and buying a card."""

from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from paideia.accounts.entering import sign_up_form
from paideia.commerce.actions.cards import place_card, redeem_card
from paideia.commerce.actions.gifts import claim_gift
from paideia.commerce.actions.redeeming import redeem_code
from paideia.commerce.forms.cards import CardForm
from paideia.commerce.models import GiftCard
from paideia.commerce.queries import presents as queries
from paideia.commerce.refusals import HeldForGood, WrongCode
from paideia.commerce.views.buying import to_payment
from paideia.commerce.views.entering import came_in
from paideia.lib import formatting
from paideia.lib.refusal import Conflict, Invalid


@never_cache
@sensitive_post_parameters("password1")
@require_http_methods(["GET", "HEAD", "POST"])
def gift(request: HttpRequest, token: str) -> HttpResponse:
    """A present: looking at it changes nothing, opening it takes it."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.gift_by_token(viewer, token)
    entering = sign_up_form(request) if viewer.user is None else None
    problem, status = "", 200
    if request.method == "POST":
        try:
            if came_in(request, entering, back=request.get_full_path()):
                claim_gift(viewer=request.viewer, token=token)  # type: ignore[attr-defined]
                title = found.order.title
                messages.success(request, _("%(offer)s is yours. Enjoy it!") % {"offer": title})
                return redirect("home")
            status = 422
        except (WrongCode, HeldForGood) as refusal:
            problem, status = refusal.message, refusal.status
            found = queries.gift_by_token(viewer, token)
    context = {
        "gift": found,
        "order": found.order,
        "entering": entering if viewer.user is None else None,
        "problem": problem,
        "is_open": queries.is_there(found),
    }
    return render(request, "commerce/gift.html", context, status=status)


@never_cache
@sensitive_post_parameters("password1", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def redeem(request: HttpRequest) -> HttpResponse:
    """One door for redeem codes and gift cards. Wrong codes are counted, and too many shut it for a while."""
    entering = sign_up_form(request) if not request.user.is_authenticated else None
    code = (request.POST.get("code", "") or request.GET.get("code", ""))[:80]
    problem, status = "", 200
    if request.method == "POST":
        if _is_shut(request, dry_run=True):
            return _too_often(request)
        try:
            if came_in(request, entering, back=f"{reverse('redeem')}"):
                return _redeemed(request, code)
            status = 422
        except WrongCode as refusal:
            if _is_shut(request, dry_run=False):
                return _too_often(request)
            problem, status = refusal.message, 422
        except HeldForGood as refusal:
            problem, status = refusal.message, refusal.status
    context = {"code": code, "problem": problem, "entering": entering if not _user(request) else None}
    return render(request, "commerce/redeem.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def card(request: HttpRequest) -> HttpResponse:
    """Buying a gift card."""
    viewer = request.viewer  # type: ignore[attr-defined]
    terms = queries.card_terms(viewer)
    form = CardForm(request.POST or None, terms=terms)
    status = 200
    if request.method == "POST" and viewer.user is not None:
        status = 422
        if form.is_valid():
            try:
                order = place_card(
                    viewer=viewer,
                    amount=form.chosen_amount,
                    provider=form.cleaned_data["provider"],
                    present=form.present,
                )
                return to_payment(request, order)
            except (Invalid, Conflict) as refusal:
                form.add_error(None, refusal.message)
    elif request.method == "POST":
        return redirect(f"{reverse('account_login')}?next={reverse('gift_card')}")
    context = {"form": form, "terms": terms, "credit": queries.credits_of(viewer)}
    return render(request, "commerce/card.html", context, status=status)


def _redeemed(request: HttpRequest, code: str) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    if queries.is_card(code):
        found: GiftCard = redeem_card(viewer=viewer, code=code)
        amount = formatting.money(found.amount, found.currency)
        messages.success(request, _("%(amount)s is yours to spend here.") % {"amount": amount})
        return redirect("pricing")
    used = redeem_code(viewer=viewer, code=code)
    messages.success(request, _("%(offer)s is yours. Enjoy it!") % {"offer": used.batch.offer.name})
    return redirect("home")


def _is_shut(request: HttpRequest, *, dry_run: bool) -> bool:
    """Whether there were too many wrong codes, from this address or by this person; this one counts, if it is one."""
    shut = not ratelimit.consume(request, action="redeem", dry_run=dry_run)
    if request.user.is_authenticated:
        shut = not ratelimit.consume(request, action="redeem_again", dry_run=dry_run) or shut
    return shut


def _user(request: HttpRequest) -> object:
    return request.user if request.user.is_authenticated else None


def _too_often(request: HttpRequest) -> HttpResponse:
    return render(request, "429.html", status=429)
