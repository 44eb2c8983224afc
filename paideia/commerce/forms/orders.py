"""What buyers and the team fill in."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django import forms
from django.utils.translation import gettext_lazy as _

from paideia.access.models import Gate
from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.commerce.models import Notice, Order, Refund


class OrderSearchForm(forms.Form):
    q = forms.CharField(label=_("Number, buyer or offer"), required=False, max_length=120)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("Every state")),
            *Order.State.choices,
            ("open_notices", _("To be looked at")),
            ("refunds", _("Refunds on their way")),
        ],
    )


class ResolutionForm(forms.Form):
    resolution = forms.CharField(
        label=_("What was done"), max_length=Notice._meta.get_field("resolution").max_length
    )


class RefundForm(forms.Form):
    """How much goes back, of what, and what becomes of access; amounts in whole units."""

    amount = forms.DecimalField(
        label=_("Back the way it was paid"), min_value=0, max_digits=14, decimal_places=3, required=False
    )
    credit = forms.DecimalField(
        label=_("Back as credit"),
        min_value=0,
        max_digits=14,
        decimal_places=3,
        required=False,
        help_text=_("Which the buyer can pay with here."),
    )
    access = forms.ChoiceField(
        label=_("What becomes of access"),
        choices=[("", _("By the rule")), *Refund.Access.choices],
        required=False,
    )
    reason = forms.CharField(label=_("Why"), max_length=300, help_text=_("The buyer reads it."))
    key = forms.CharField(max_length=40, widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        self.digits = get_currency_precision(currency)
        super().__init__(*args, **kwargs)

    def clean_amount(self) -> int:
        return self._minor("amount")

    def clean_credit(self) -> int:
        return self._minor("credit")

    def _minor(self, name: str) -> int:
        minor = (self.cleaned_data[name] or Decimal(0)).scaleb(self.digits)
        if minor != minor.to_integral_value():
            raise forms.ValidationError(_("This currency has no such small amounts."))
        return int(minor)


class RehearsalForm(RefundForm):
    """Whose access, to what, when, and after which refund."""

    person = forms.ChoiceField(label=_("Whose access"))
    gate = forms.ModelChoiceField(
        label=_("Gate"), queryset=Gate.objects.none(), required=False, empty_label=_("All of them")
    )
    at = forms.DateTimeField(
        label=_("At what time"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Past or to come. Renewals that are not paid yet do not count."),
    )

    field_order = ("person", "gate", "at", "amount", "credit", "access")

    def __init__(self, *args: Any, viewer: Viewer, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["reason"], self.fields["key"]
        self.fields["person"].choices = [(str(one.pk), one.shown_name) for one in people]  # type: ignore[attr-defined]
        gates = Gate.objects.filter(community=viewer.community).order_by("name", "pk")
        self.fields["gate"].queryset = gates  # type: ignore[attr-defined]
