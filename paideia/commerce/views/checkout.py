"""Choosing how to buy an offer, signing up on the way, and going to pay."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from paideia.accounts.entering import sign_up_form
from paideia.accounts.forms.sign_in import SignUpForm
from paideia.commerce import actions, presentation, queries
from paideia.commerce.actions.orders import places_taken
from paideia.commerce.forms.checkout import CheckoutForm
from paideia.commerce.models import BuyingGroup, Offer
from paideia.commerce.quoting import Quote, quote
from paideia.commerce.quoting.credit import credit_for
from paideia.commerce.refusals import JoinFirst, WrongCoupon
from paideia.commerce.returning import same_site
from paideia.commerce.views.buying import to_payment
from paideia.commerce.views.entering import came_in
from paideia.lib.refusal import Conflict, Invalid, Refused


@never_cache
@sensitive_post_parameters("password1")
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest, pk: int) -> HttpResponse:
    """One offer on one page: how, for whom, what it costs, who one is, how to pay."""
    viewer = request.viewer  # type: ignore[attr-defined]
    offer = _offer(request, pk)
    only_the_sum = "reckon" in request.POST
    entering = sign_up_form(request, complains=not only_the_sum) if viewer.user is None else None
    if request.method != "POST":
        form = CheckoutForm(offer=offer, credit=_credit(request, offer), asked=request.GET)
        return _page(request, offer, form, CheckoutForm.as_shown(form, request.GET), entering)
    form = CheckoutForm(request.POST, offer=offer, credit=_credit(request, offer), asked=request.POST)
    if only_the_sum:
        return _page(request, offer, form, form, entering)
    try:
        return _buy(request, offer, form, entering)
    except JoinFirst:
        raise
    except (Invalid, Conflict) as refusal:
        form.is_valid()
        form.add_error(None, refusal.message)
        return _page(request, offer, form, form, entering, status=refusal.status)


@require_safe
def checkout_sum(request: HttpRequest, pk: int) -> HttpResponse:
    """The sum alone, as it is with what is filled in by now."""
    offer = _offer(request, pk)
    form = CheckoutForm(request.GET, offer=offer, credit=_credit(request, offer), asked=request.GET)
    return render(request, "commerce/_sum.html", _sum(request, offer, form))


def _buy(request: HttpRequest, offer: Offer, form: CheckoutForm, entering: SignUpForm | None) -> HttpResponse:
    """Place the order, of a new person too, and go on to pay. What cannot be bought makes no account."""
    viewer = request.viewer  # type: ignore[attr-defined]
    ready = form.is_valid()
    if viewer.user is None and entering is not None:
        ready = entering.is_valid() and ready
    if not ready:
        return _page(request, offer, form, form, entering, status=422)
    if viewer.user is None:  # what cannot be bought makes no account
        actions.must_be_on_sale(offer, form.wish)
        quote(offer=offer, buyer=None, wish=form.wish, now=timezone.now())
    if not came_in(request, entering, back=_here(request, offer, form)):
        return _page(request, offer, form, form, entering, status=422)
    order = actions.place_order(
        viewer=request.viewer,  # type: ignore[attr-defined]
        offer=offer,
        provider=form.cleaned_data["provider"],
        return_to=same_site(form.cleaned_data["next"]),
        wish=replace(form.wish, referral_code=getattr(request, "referral_code", "")),
    )
    return to_payment(request, order)


def _page(
    request: HttpRequest,
    offer: Offer,
    form: CheckoutForm,
    reckoned: CheckoutForm,
    entering: SignUpForm | None,
    *,
    status: int = 200,
) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    (card,) = presentation.cards([offer], had=queries.plans_had(viewer), viewer=viewer)
    left = None if offer.quantity_max is None else max(offer.quantity_max - places_taken(offer), 0)
    context = {
        "card": card,
        "entering": entering,
        "next": same_site(request.POST.get("next", "") or request.GET.get("next", "")),
        "again": _here(request, offer, form),
        "left": left,
        "group": BuyingGroup.objects.filter(offer=offer, token=form.kept.get("group", "")).first(),
        "asks_for_sum": "reckon" in request.POST,
        **_sum(request, offer, reckoned),
        "form": form,
    }
    return render(request, "commerce/checkout.html", context, status=status)


def _sum(request: HttpRequest, offer: Offer, form: CheckoutForm) -> dict[str, object]:
    """What the template of the sum needs: the lines, or why there are none."""
    reckoned, problem = _reckoned(request, offer, form)
    return {
        "offer": offer,
        "form": form,
        "quote": reckoned,
        "problem": problem,
        "credit": _credit(request, offer),
    }


def _reckoned(request: HttpRequest, offer: Offer, form: CheckoutForm) -> tuple[Quote | None, str]:
    form.is_valid()
    for name in ("currency", "chosen_price", "quantity", "coupon"):
        if form.errors.get(name):
            return None, " ".join(str(error) for error in form.errors[name])
    user, now = request.viewer.user, timezone.now()  # type: ignore[attr-defined]
    try:
        return quote(offer=offer, buyer=user, wish=form.wish, now=now), ""
    except WrongCoupon as refusal:
        return quote(offer=offer, buyer=user, wish=form.without_codes(), now=now), refusal.message
    except Refused as refusal:
        return None, refusal.message


def _offer(request: HttpRequest, pk: int) -> Offer:
    key = request.POST.get("key", "") or request.GET.get("key", "")
    return queries.offer_on_sale(request.viewer, pk, hidden_key=key)  # type: ignore[attr-defined]


def _credit(request: HttpRequest, offer: Offer) -> int:
    user = request.viewer.user  # type: ignore[attr-defined]
    return credit_for(offer, user) if user else 0


def _here(request: HttpRequest, offer: Offer, form: CheckoutForm) -> str:
    """This page's address with what it was asked for, to come back to after signing in."""
    asked = request.POST if request.method == "POST" else request.GET
    query = QueryDict(mutable=True)
    for name in ("next", "coupon", "quantity", "gift", "currency", *form.KEPT):
        if value := asked.get(name, "")[:500]:
            query[name] = value
    address = reverse("checkout", args=[offer.pk])
    return f"{address}?{query.urlencode()}" if query else address
