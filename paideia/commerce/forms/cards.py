"""What somebody fills in who buys a gift card."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from paideia.commerce.forms.checkout import MESSAGE_MAX, WhenField
from paideia.commerce.models import CardTerms
from paideia.commerce.providers import available
from paideia.commerce.quoting import GiftWish
from paideia.lib import formatting


class CardForm(forms.Form):
    amount = forms.ChoiceField(label=_("Amount"), widget=forms.RadioSelect)
    recipient_email = forms.EmailField(
        label=_("Their e-mail"),
        required=False,
        help_text=_("Leave it empty to have the code for yourself, to pass on or to print."),
    )
    message = forms.CharField(
        label=_("A few words to them"),
        max_length=MESSAGE_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    deliver_at = WhenField(label=_("Mail it at"), required=False, help_text=_("Empty: once it is paid."))
    provider = forms.ChoiceField(label=_("How to pay"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, terms: CardTerms, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amounts = [(str(one), formatting.money(one, terms.currency)) for one in terms.amounts]
        self.fields["amount"].choices = amounts  # type: ignore[attr-defined]
        self.providers = [
            one for one in available() if one.currencies is None or terms.currency in one.currencies
        ]
        self.fields["provider"].choices = [(one.key, one.label) for one in self.providers]  # type: ignore[attr-defined]

    @property
    def chosen_amount(self) -> int:
        """Of a valid form: one of those on sale, in minor units."""
        return int(self.cleaned_data["amount"])

    @property
    def present(self) -> GiftWish:
        data = self.cleaned_data
        return GiftWish(
            recipient_email=data["recipient_email"], message=data["message"], deliver_at=data["deliver_at"]
        )
