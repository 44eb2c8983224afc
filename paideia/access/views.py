"""The team's pages about who may read what."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.access import actions, queries
from paideia.access.describing import belongs_to_one_work, opens_to, waits_for
from paideia.access.explaining import explain
from paideia.access.forms import AskForm, GateForm, GiveForm, PlanForm, TakeBackForm
from paideia.access.models import Gate, Plan
from paideia.access.sources import sources_of
from paideia.access.viewer import look
from paideia.communities.doors import for_those_who_may
from paideia.lib.refusal import Invalid, Refused


@for_those_who_may("access.manage")
@require_safe
def plan_list(request: HttpRequest) -> HttpResponse:
    """What people can hold, how many do, and what it opens."""
    plans = list(queries.plans_with_holders(request.viewer))  # type: ignore[attr-defined]
    context = {
        "current": [plan for plan in plans if plan.archived_at is None and plan.kind != Plan.Kind.CIRCLE],
        "archived": [plan for plan in plans if plan.archived_at is not None],
        "circles": [plan for plan in plans if plan.archived_at is None and plan.kind == Plan.Kind.CIRCLE],
    }
    return render(request, "access/manage_plans.html", context)


@for_those_who_may("access.manage")
@require_http_methods(["GET", "POST"])
def plan_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make a plan, or change one."""
    plan = _plan(request, pk) if pk is not None else None
    form = PlanForm(request.POST or None, plan=plan)
    if request.method == "POST" and form.is_valid():

        def save() -> None:
            actions.save_plan(viewer=request.viewer, plan=plan, **form.terms)  # type: ignore[attr-defined]

        if _done(request, form, save, _("The plan is saved.")):
            return redirect("manage_plans")
    context = {"form": form, "plan": plan}
    return render(request, "access/manage_plan.html", context, status=422 if form.errors else 200)


@for_those_who_may("access.manage")
@require_POST
def plan_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a plan out of choice, or bring it back; who holds it keeps it."""
    viewer, plan = request.viewer, _plan(request, pk)  # type: ignore[attr-defined]
    if request.POST.get("restore"):
        actions.restore_plan(viewer=viewer, plan=plan)
        messages.success(request, _("The plan can be chosen again."))
    else:
        actions.archive_plan(viewer=viewer, plan=plan)
        messages.success(request, _("The plan is archived. Who holds it keeps it."))
    return redirect("manage_plans")


@for_those_who_may("access.manage")
@require_POST
def plan_removal(request: HttpRequest, pk: int) -> HttpResponse:
    actions.remove_plan(viewer=request.viewer, plan=_plan(request, pk))  # type: ignore[attr-defined]
    messages.success(request, _("The plan is gone."))
    return redirect("manage_plans")


@for_those_who_may("access.manage")
@require_safe
def gate_list(request: HttpRequest) -> HttpResponse:
    """Every gate in plain words; those of single lessons and circles are changed there."""
    gates = list(queries.gates_with_plans(request.viewer))  # type: ignore[attr-defined]
    rows = [(gate, opens_to(gate), waits_for(gate)) for gate in gates if not belongs_to_one_work(gate)]
    context = {"rows": rows, "others_count": len(gates) - len(rows)}
    return render(request, "access/manage_gates.html", context)


@for_those_who_may("access.manage")
@require_http_methods(["GET", "POST"])
def gate_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make a gate, or change one for everything behind it at once."""
    viewer = request.viewer  # type: ignore[attr-defined]
    gate = _gate(request, pk) if pk is not None else None
    form = GateForm(request.POST or None, viewer=viewer, gate=gate)
    if request.method == "POST" and form.is_valid():

        def save() -> None:
            actions.save_gate(viewer=viewer, terms=form.terms, gate=gate)

        if _done(request, form, save, _("The gate is saved.")):
            return redirect("manage_gates")
    context = {"form": form, "gate": gate}
    return render(request, "access/manage_gate.html", context, status=422 if form.errors else 200)


@for_those_who_may("access.manage")
@require_POST
def gate_removal(request: HttpRequest, pk: int) -> HttpResponse:
    actions.remove_gate(viewer=request.viewer, gate=_gate(request, pk))  # type: ignore[attr-defined]
    messages.success(request, _("The gate is gone."))
    return redirect("manage_gates")


@for_those_who_may("access.manage")
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Find somebody to ask about."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    found = queries.people_found(request.viewer, words) if words else []  # type: ignore[attr-defined]
    return render(request, "access/manage_access.html", {"words": words, "people": found})


@for_those_who_may("access.manage")
@require_safe
def person(request: HttpRequest, handle: str) -> HttpResponse:
    """What somebody holds and held, which gates are open to them, and why any gate is or was."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.person_here(viewer, handle)
    ask = AskForm(request.GET if "gate" in request.GET else None, viewer=viewer)
    explanation = None
    if ask.is_bound and ask.is_valid():
        asked = ask.cleaned_data
        explanation = explain(look(viewer.community, found), asked["gate"], at=asked["at"])
    gates, grants = queries.gates_for(viewer, found), queries.grants_of(viewer, found)
    ask.offer([each.gate for each in gates])
    context = {
        "person": found,
        "grants": grants,
        "sources": sources_of(grants),
        "gates": gates,
        "give": GiveForm(viewer=viewer),
        "ask": ask,
        "explanation": explanation,
        "now": viewer.now,
    }
    return render(request, "access/manage_person.html", context)


@for_those_who_may("access.manage")
@require_POST
def gift(request: HttpRequest, handle: str) -> HttpResponse:
    """Give somebody a plan by hand."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.person_here(viewer, handle)
    form = GiveForm(request.POST, viewer=viewer)
    if not form.is_valid():
        raise Invalid(_("Choose a plan, and a time that has not passed."))
    ends_at = form.cleaned_data["ends_at"]
    if ends_at is not None and ends_at <= viewer.now:
        raise Invalid(_("Choose a plan, and a time that has not passed."))
    actions.give(viewer=viewer, user=found, plan=form.cleaned_data["plan"], ends_at=ends_at)
    messages.success(request, _("Given."))
    return redirect("manage_person", found.handle)


@for_those_who_may("access.manage")
@require_POST
def revocation(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a grant back, now or from a time on."""
    viewer = request.viewer  # type: ignore[attr-defined]
    grant = queries.grant_here(viewer, pk)
    form = TakeBackForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Say in a few words why, and give a date if it should end later."))
    because, ends_at = form.cleaned_data["because"], form.cleaned_data["ends_at"]
    if ends_at is None:
        actions.take_back(viewer=viewer, grant=grant, because=because)
    else:
        actions.cut_short(viewer=viewer, grant=grant, ends_at=ends_at, because=because)
    messages.success(request, _("Taken back.") if ends_at is None else _("It ends earlier now."))
    return redirect("manage_person", grant.user.handle)


def _done(request: HttpRequest, form: PlanForm | GateForm, save: Callable[[], None], said: str) -> bool:
    """Save; what is refused stands in the form."""
    try:
        save()
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return False
    messages.success(request, said)
    return True


def _plan(request: HttpRequest, pk: int) -> Plan:
    return get_object_or_404(Plan, community=request.community, pk=pk)  # type: ignore[attr-defined]


def _gate(request: HttpRequest, pk: int) -> Gate:
    return get_object_or_404(Gate, community=request.community, pk=pk)  # type: ignore[attr-defined]
