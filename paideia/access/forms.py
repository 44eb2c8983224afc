"""What the team fills in about plans, gates and grants."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from paideia.access.actions import GateTerms
from paideia.access.models import Gate, Plan
from paideia.access.queries import plans_to_choose
from paideia.access.viewer import Viewer


class Moment(forms.DateTimeField):
    """A date and time, on the clock of who writes it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, **kwargs)


class PlanForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    summary = forms.CharField(
        label=_("What one gets with it"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stands on the price page below the offers that give it."),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[
            (Plan.Kind.TIER, _("Membership tier: opens many things")),
            (Plan.Kind.WORK, _("Single work: one course, column or download")),
        ],
        widget=forms.RadioSelect,
        initial=Plan.Kind.TIER,
    )
    position = forms.IntegerField(
        label=_("Place in the list"), min_value=0, max_value=999, initial=0, required=False
    )

    def __init__(self, *args: Any, plan: Plan | None = None, **kwargs: Any) -> None:
        if plan is not None:
            kwargs["initial"] = {"name": plan.name, "summary": plan.summary, "position": plan.position}
        super().__init__(*args, **kwargs)
        if plan is not None:
            del self.fields["kind"]

    @property
    def terms(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {**data, "position": data["position"] or 0}


class GateForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("For the team; readers see what opens it.")
    )
    plans = forms.ModelMultipleChoiceField(
        label=_("Opens to holders of"),
        queryset=Plan.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    role_keys = forms.MultipleChoiceField(
        label=_("Opens to these roles"), required=False, widget=forms.CheckboxSelectMultiple
    )
    level_min = forms.IntegerField(
        label=_("Opens from this level on"),
        min_value=1,
        max_value=999,
        required=False,
        help_text=_("Empty: no level opens it. A gate that names nothing opens to every member."),
    )
    parent = forms.ModelChoiceField(
        label=_("Stands below"),
        queryset=Gate.objects.none(),
        required=False,
        empty_label=_("No other gate"),
        help_text=_("Then that gate has to be open too."),
    )
    shows = forms.ChoiceField(
        label=_("What the others see"),
        choices=Gate.Shows.choices,
        widget=forms.RadioSelect,
        initial="preview",
    )
    free_reads = forms.BooleanField(
        label=_("May be opened with a free read"),
        required=False,
        help_text=_("How many a month there are is set with the community."),
    )
    opens_at = Moment(label=_("Not before"), required=False)
    delay_days = forms.IntegerField(
        label=_("Days after access began"), min_value=0, max_value=3650, initial=0, required=False
    )

    def __init__(self, *args: Any, viewer: Viewer, gate: Gate | None = None, **kwargs: Any) -> None:
        if gate is not None:
            kwargs["initial"] = _initial(gate)
        super().__init__(*args, **kwargs)
        self.gate = gate
        self.fields["plans"].queryset = plans_to_choose(viewer)  # type: ignore[attr-defined]
        others = Gate.objects.filter(community=viewer.community).exclude(pk__in=[gate.pk] if gate else [])
        self.fields["parent"].queryset = others.order_by("name")  # type: ignore[attr-defined]
        roles = [(role.key, str(role)) for role in viewer.community.roles.order_by("-rank")]
        self.fields["role_keys"].choices = roles  # type: ignore[attr-defined]

    @property
    def terms(self) -> GateTerms:
        """What was filled in; the form is valid."""
        data = self.cleaned_data
        return GateTerms(
            name=data["name"],
            plans=list(data["plans"]),
            role_keys=data["role_keys"],
            level_min=data["level_min"],
            parent=data["parent"],
            shows=data["shows"],
            free_reads=data["free_reads"],
            opens_at=data["opens_at"],
            delay_days=data["delay_days"] or 0,
            after_milestone=self.gate.after_milestone if self.gate else "",
        )


class GiveForm(forms.Form):
    plan = forms.ModelChoiceField(label=_("Plan"), queryset=Plan.objects.none(), empty_label=None)
    ends_at = Moment(label=_("Until"), required=False, help_text=_("Empty: for good."))

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].queryset = plans_to_choose(viewer)  # type: ignore[attr-defined]


class TakeBackForm(forms.Form):
    """Ends a grant: now, or at a time before its own end."""

    ends_at = Moment(label=_("End it on"), required=False)
    because = forms.CharField(label=_("Why"), max_length=200)


class AskForm(forms.Form):
    """Which gate, and at what time."""

    gate = forms.ModelChoiceField(label=_("Gate"), queryset=Gate.objects.none(), empty_label=None)
    at = Moment(label=_("At what time"), required=False)

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        gates = Gate.objects.filter(community=viewer.community).order_by("name")
        self.fields["gate"].queryset = gates  # type: ignore[attr-defined]

    def offer(self, gates: list[Gate]) -> None:
        """Show these as choices, without asking for them again."""
        self.fields["gate"].choices = [(gate.pk, gate.name) for gate in gates]  # type: ignore[attr-defined]


def _initial(gate: Gate) -> dict[str, Any]:
    return {
        "name": gate.name,
        "plans": [plan.pk for plan in gate.plans.all()],
        "role_keys": gate.role_keys,
        "level_min": gate.level_min,
        "parent": gate.parent_id,
        "shows": gate.shows,
        "free_reads": gate.free_reads,
        "opens_at": gate.opens_at,
        "delay_days": gate.delay_days,
    }
