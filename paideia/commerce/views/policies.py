"""The team's page of policies: sentences about access, written in a small form."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from paideia.access.actions import add_policy, remove_policy
from paideia.access.describing import belongs_to_one_work
from paideia.access.models import Plan, Policy
from paideia.access.queries import gates_with_plans, plans_to_choose
from paideia.access.viewer import Viewer
from paideia.commerce.models import Offer
from paideia.communities.doors import for_those_who_may
from paideia.lib.refusal import Refused

MEMBER = "member"


class PolicyForm(forms.Form):
    """“Whoever has …” “must never be able to open” “…”."""

    subject = forms.ChoiceField(label=gettext_lazy("Whoever has"))
    demand = forms.ChoiceField(label=gettext_lazy("must"), choices=Policy.Demand.choices)
    gate = forms.TypedChoiceField(label=gettext_lazy("what stands behind"), coerce=int)

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plans = {plan.pk: plan for plan in plans_to_choose(viewer)}
        on_sale = Offer.objects.filter(community=viewer.community, archived_at=None)
        self.offers = {offer.pk: offer for offer in on_sale.prefetch_related("plans")}
        self.gates = {gate.pk: gate for gate in gates_with_plans(viewer) if not belongs_to_one_work(gate)}
        self.fields["subject"].choices = [  # type: ignore[attr-defined]
            (MEMBER, _("membership alone, and no plan")),
            (_("Plans"), [(f"plan:{pk}", plan.name) for pk, plan in self.plans.items()]),
            (_("Offers"), [(f"offer:{pk}", offer.name) for pk, offer in self.offers.items()]),
        ]
        self.fields["gate"].choices = [(pk, gate.name) for pk, gate in self.gates.items()]  # type: ignore[attr-defined]

    @property
    def terms(self) -> dict[str, Any]:
        """What was chosen; the form is valid."""
        data = self.cleaned_data
        terms: dict[str, Any] = {"demand": data["demand"], "gate": self.gates[data["gate"]]}
        kind, _colon, pk = data["subject"].partition(":")
        if kind == "plan":
            plan: Plan = self.plans[int(pk)]
            return {**terms, "subject_name": plan.name, "subject_plans": [plan]}
        if kind == "offer":
            offer = self.offers[int(pk)]
            given = list(offer.plans.all())
            return {**terms, "subject_name": offer.name, "subject_plans": given, "offer_id": offer.pk}
        return terms


@for_those_who_may("access.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def policy_list(request: HttpRequest) -> HttpResponse:
    """The sentences that hold, and one more."""
    viewer = request.viewer  # type: ignore[attr-defined]
    form = PolicyForm(request.POST or None, viewer=viewer)
    if request.method == "POST" and form.is_valid():
        try:
            add_policy(viewer=viewer, **form.terms)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The policy holds from now on."))
            return redirect("manage_policies")
    policies = list(Policy.objects.filter(community=viewer.community).select_related("gate"))
    context = {"policies": policies, "form": form}
    return render(request, "commerce/manage_policies.html", context, status=422 if form.errors else 200)


@for_those_who_may("access.manage")
@require_POST
def policy_removal(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    policy = get_object_or_404(Policy, community=viewer.community, pk=pk)
    remove_policy(viewer=viewer, policy=policy)
    messages.success(request, _("The policy holds no longer."))
    return redirect("manage_policies")
