"""What buyers and the team fill in for invoices."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from paideia.commerce.actions.invoices import Seller, Tax
from paideia.commerce.models import BillingAddress, FapiaoRequest, InvoiceTerms, TaxRule
from paideia.commerce.models.invoices import COUNTRY

RULES = 3


class CountryField(forms.CharField):
    """Two letters, however people write them."""

    def to_python(self, value: Any) -> Any:
        return (super().to_python(value) or "").upper()


class TaxNumberField(forms.CharField):
    """Printed in groups; the groups do not count."""

    def to_python(self, value: Any) -> Any:
        return (super().to_python(value) or "").replace(" ", "").upper()


class BillingAddressForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = BillingAddress
        fields = ["name", "address", "country", "tax_id"]
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}
        labels = {"address": gettext_lazy("Postal address")}
        help_texts = {"country": gettext_lazy("Two letters, such as CN. The tax depends on it.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"] = CountryField(
            label=self.fields["country"].label,
            help_text=self.fields["country"].help_text,
            required=False,
            max_length=2,
            validators=[COUNTRY],
        )


class FapiaoForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = FapiaoRequest
        fields = ["title", "tax_number", "email"]

    tax_number = TaxNumberField(
        label=gettext_lazy("tax number (税号)"),
        required=False,
        max_length=30,
        help_text=gettext_lazy("Of a company: 15 to 20 letters and digits. Empty for a person."),
    )


class InvoiceTermsForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who sells, and a few rules of tax."""

    class Meta:
        model = InvoiceTerms
        fields = ["is_on", "gives_fapiao", "seller", "address", "tax_id", "prefix", "footer"]
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}
        labels = {"address": gettext_lazy("Postal address")}

    def __init__(self, *args: Any, rules: list[TaxRule], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [*rules, *[None] * max(RULES - len(rules), 1)]
        self.rows = [self._row(index, rule) for index, rule in enumerate(known)]

    def _row(self, index: int, rule: TaxRule | None) -> list[forms.BoundField]:
        fields = {
            "country": forms.CharField(label=_("Country"), max_length=2, required=False),
            "name": forms.CharField(label=_("Name of the tax"), max_length=40, required=False),
            "rate": forms.DecimalField(
                label=_("Percent"), min_value=0, max_value=100, decimal_places=2, required=False
            ),
            "on_top": forms.BooleanField(label=_("On top of prices"), required=False),
        }
        if rule is not None:
            fields["country"].initial, fields["name"].initial = rule.country, rule.name
            fields["rate"].initial, fields["on_top"].initial = f"{rule.rate / 100:g}", not rule.is_inclusive
        for name, field in fields.items():
            self.fields[f"{name}_{index}"] = field
        return [self[f"{name}_{index}"] for name in fields]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for index in range(len(self.rows)):
            country = (data.get(f"country_{index}") or "").upper()
            if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
                self.add_error(
                    f"country_{index}", _("Write a country as two capital letters, such as CN or DE.")
                )
            if data.get(f"rate_{index}") and not data.get(f"name_{index}"):
                self.add_error(f"name_{index}", _("Name the tax."))
        return data

    @property
    def seller(self) -> Seller:
        return Seller(**{name: self.cleaned_data[name] for name in self.Meta.fields})

    @property
    def taxes(self) -> list[Tax]:
        """Rows with a name are rules."""
        data, found = self.cleaned_data, []
        for index in range(len(self.rows)):
            if data.get(f"name_{index}"):
                rate = int((data.get(f"rate_{index}") or 0) * 100)
                country = (data.get(f"country_{index}") or "").upper()
                found.append(Tax(country, data[f"name_{index}"], rate, not data.get(f"on_top_{index}")))
        return found


class FapiaoAnswerForm(forms.Form):
    number = forms.CharField(max_length=40)
    file = forms.FileField(required=False)
