"""What the team fills in about a space."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from paideia.access.models import Gate
from paideia.communities.forms import Questions
from paideia.lib.text import clean_line
from paideia.spaces.models import Space


class SpaceForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    slug = forms.CharField(
        label=_("Address"),
        max_length=60,
        required=False,
        help_text=_("Empty: made of the name. Links with the old one stop working."),
        validators=[RegexValidator(r"^[\w-]+$", _("Use letters, digits and hyphens."))],
    )
    purpose = forms.CharField(
        label=_("What it is for"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Space.Kind.choices, widget=forms.RadioSelect)
    joining = forms.ChoiceField(label=_("Who is in"), choices=Space.Joining.choices, widget=forms.RadioSelect)
    join_questions = Questions(label=_("Questions to those who ask"), help_text=_("One a line, up to eight."))
    shows = forms.ChoiceField(
        label=_("What others see of a circle"),
        choices=[
            (Gate.Shows.TITLE, _("Its name, and that it is closed")),
            (Gate.Shows.PREVIEW, _("Its name, and previews of what is in it")),
            (Gate.Shows.NOTHING, _("Nothing: it is hidden, and only the team brings people in")),
        ],
        widget=forms.RadioSelect,
    )
    gate = forms.ModelChoiceField(
        label=_("Gate"),
        queryset=Gate.objects.none(),
        required=False,
        empty_label=_("None: open to whoever may look in"),
        help_text=_("Who may read in it: a gate names plans, roles or levels."),
    )

    def __init__(self, *args: Any, gates: list[Gate], space: Space | None = None, **kwargs: Any) -> None:
        kwargs["initial"] = _initial(space)
        super().__init__(*args, **kwargs)
        field: forms.ModelChoiceField = self.fields["gate"]  # type: ignore[assignment]
        field.queryset = Gate.objects.filter(pk__in=[gate.pk for gate in gates]).order_by("name")
        if space is not None and space.is_circle:
            del self.fields["gate"]

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])


def _initial(space: Space | None) -> dict[str, Any]:
    if space is None:
        return {"kind": Space.Kind.DISCUSSION, "joining": Space.Joining.EVERYBODY, "shows": Gate.Shows.TITLE}
    names = ("name", "slug", "purpose", "kind", "joining", "gate")
    return {
        **{name: getattr(space, name) for name in names},
        "join_questions": "\n".join(space.join_questions),
        "shows": space.gate.shows if space.is_circle and space.gate else Gate.Shows.TITLE,
    }
