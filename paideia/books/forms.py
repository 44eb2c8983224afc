"""What the team fills in about statements and exports."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from paideia.access.viewer import Viewer
from paideia.books.exporting import NAMES
from paideia.books.models import Difference
from paideia.books.reading import BYTES_MAX
from paideia.commerce.presentation import PROVIDER_NAMES
from paideia.communities.forms import CURRENCIES
from paideia.lib.money import minor

PROVIDERS = {key: name for key, name in PROVIDER_NAMES.items() if key != "free"}
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class UploadForm(forms.Form):
    provider = forms.ChoiceField(label=gettext_lazy("Provider"), choices=list(PROVIDERS.items()))
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("As the provider gives it, or in the plain format."),
        widget=forms.ClearableFileInput(attrs={"class": "input-file"}),
        max_length=200,
    )
    since = forms.DateField(label=gettext_lazy("First day"), required=False, widget=DAY)
    until = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=DAY,
        help_text=gettext_lazy("Empty: it covers the time from its first line to its last."),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > BYTES_MAX:
            raise forms.ValidationError(
                _("The file is larger than %(size)s MB.") % {"size": BYTES_MAX // 2**20}
            )
        return file


class FeeForm(forms.Form):
    provider = forms.ChoiceField(label=gettext_lazy("Provider"), choices=list(PROVIDERS.items()))
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"), choices=[(code, code) for code in CURRENCIES]
    )
    percent = forms.DecimalField(
        label=gettext_lazy("Percentage"), min_value=0, max_value=100, max_digits=7, decimal_places=4
    )
    fixed = forms.DecimalField(
        label=gettext_lazy("And so much for each payment"),
        min_value=0,
        max_digits=12,
        decimal_places=3,
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "percent" in data:
            data["share_millionths"] = int(data["percent"] * 10_000)
        try:
            data["fixed"] = minor(data.get("fixed") or Decimal(0), data.get("currency", "CNY"))
        except ValueError:
            self.add_error("fixed", _("This currency has no such small amounts."))
        return data

    @property
    def terms(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name] for name in ("provider", "currency", "share_millionths", "fixed")
        }


class DifferenceForm(forms.Form):
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[*Difference.State.choices, ("all", gettext_lazy("Every state"))],
    )
    provider = forms.ChoiceField(
        label=gettext_lazy("Provider"),
        required=False,
        choices=[("", gettext_lazy("All providers")), *PROVIDERS.items()],
    )


class ExplanationForm(forms.Form):
    resolution = forms.CharField(label=gettext_lazy("What it was, and what was done"), max_length=300)


class ExportForm(forms.Form):
    table = forms.ChoiceField(label=gettext_lazy("Table"), choices=list(NAMES.items()))
    month = forms.ChoiceField(label=gettext_lazy("Month"), required=False)
    mark = forms.BooleanField(
        label=gettext_lazy("For Excel"),
        required=False,
        initial=True,
        help_text=gettext_lazy(
            "With a mark by which it knows the encoding. Leave it off for other programs."
        ),
    )

    def __init__(self, *args: Any, viewer: Viewer, months: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["month"].choices = [("", _("All of it")), *months]  # type: ignore[attr-defined]

    @property
    def chosen_month(self) -> date | None:
        text = self.cleaned_data["month"]
        return date.fromisoformat(f"{text}-01") if text else None
