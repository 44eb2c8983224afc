"""The team's question about a refund: who would still be in, and when."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from paideia.commerce import queries, rehearsing
from paideia.commerce.forms.offers import whole
from paideia.commerce.forms.orders import RehearsalForm
from paideia.commerce.refunding import refundable
from paideia.communities.doors import for_those_who_may
from paideia.lib.refusal import Refused


@for_those_who_may("money.manage")
@for_those_who_may("access.manage")
@require_safe
def rehearsal(request: HttpRequest, number: str) -> HttpResponse:
    """What a refund would do to somebody's access at a time, with the reasons. Nothing is kept."""
    viewer = request.viewer  # type: ignore[attr-defined]
    order = queries.order_of(viewer, number)
    people, left = rehearsing.people_of(order), refundable(order)
    initial = {
        "amount": whole(left.money, order.currency),
        "credit": whole(left.value - left.money, order.currency),
        "at": viewer.now,
        "person": order.buyer_id,
    }
    form = RehearsalForm(
        request.GET if "at" in request.GET else None,
        viewer=viewer,
        people=people,
        currency=order.currency,
        initial=initial,
    )
    context: dict[str, Any] = {
        "order": order,
        "form": form,
        "left": left,
        "found": None,
        "several": len(people) > 1,
    }
    if form.is_bound and form.is_valid():
        asked = dict(form.cleaned_data)
        person = next(one for one in people if str(one.pk) == asked.pop("person"))
        try:
            context["found"] = rehearsing.rehearse(viewer=viewer, order=order, person=person, **asked)
        except Refused as refusal:
            form.add_error(None, refusal.message)
    return render(request, "commerce/manage_rehearsal.html", context, status=422 if form.errors else 200)
