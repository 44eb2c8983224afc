"""The team's page of what renews itself: where each stands, why people left, what is offered to stay."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from paideia.commerce.actions.subscriptions import save_retention
from paideia.commerce.forms.leaving import RetentionForm
from paideia.commerce.models import RetentionOffer
from paideia.commerce.queries import membership
from paideia.communities.doors import for_those_who_may
from paideia.lib.refusal import Invalid

PAGE_ROWS = 30
REASONS_SINCE = timedelta(days=365)


@for_those_who_may("money.view")
@require_safe
def subscription_list(request: HttpRequest) -> HttpResponse:
    """States as counts, subscriptions found by state and words, reasons for leaving, the retention offer."""
    viewer = request.viewer  # type: ignore[attr-defined]
    state, words = request.GET.get("state", ""), request.GET.get("q", "")[:120]
    found = membership.subscriptions_found(viewer, state, words)
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 19:
        found = found.filter(pk__lt=int(after))
    rows = list(found[: PAGE_ROWS + 1])
    terms = RetentionOffer.objects.filter(community=viewer.community).first()
    context = {
        "states": membership.states_counted(viewer),
        "chosen": {"state": state, "q": words},
        "rows": rows[:PAGE_ROWS],
        "after": rows[PAGE_ROWS - 1].pk if len(rows) > PAGE_ROWS else None,
        "reasons": membership.reasons_counted(viewer, viewer.now - REASONS_SINCE),
        "form": RetentionForm(instance=terms),
    }
    return render(request, "commerce/manage_subscriptions.html", context)


@for_those_who_may("money.manage")
@require_POST
def retention(request: HttpRequest) -> HttpResponse:
    """Save what is offered to those who leave."""
    form = RetentionForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Choose percentages from 0 to 100 and from 1 to 36 periods."))
    save_retention(viewer=request.viewer, **form.cleaned_data)  # type: ignore[attr-defined]
    messages.success(request, _("Saved."))
    return redirect("manage_subscriptions")
