"""What buyers hand in and the team decides."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from paideia.commerce.providers.amounts import digits_of


class SlipForm(forms.Form):
    file = forms.FileField(label=_("The bank's slip"), help_text=_("A picture or a PDF, at most 10 MB."))
    note = forms.CharField(
        label=_("Note"),
        max_length=300,
        required=False,
        help_text=_("Such as the name of the account it came from."),
    )


class ConfirmForm(forms.Form):
    """How much arrived, in whole units of the order's currency."""

    received = forms.DecimalField(
        label=_("Amount that arrived"), min_value=0, max_digits=14, decimal_places=3
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_received(self) -> int:
        minor = Decimal(self.cleaned_data["received"]).scaleb(digits_of(self.currency))
        if minor != minor.to_integral_value():
            raise forms.ValidationError(_("This currency has no such small amounts."))
        return int(minor)


class DeclineForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=300)
