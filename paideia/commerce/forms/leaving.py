"""What members fill in about what renews itself, and what the team offers to those who leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from paideia.commerce.actions.subscriptions import WORDS_MAX
from paideia.commerce.models import Offer, RetentionOffer, Subscription
from paideia.commerce.providers import Provider, available
from paideia.commerce.queries.membership import Choice


@dataclass(frozen=True, slots=True)
class To:
    """What was chosen: an offer, at once or when the present one ends."""

    offer: Offer
    at_end: bool


class WayForm(forms.Form):
    """How to pay."""

    provider = forms.ChoiceField(label=_("How to pay"), required=False, widget=forms.RadioSelect)

    def __init__(self, *args: Any, currency: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.providers: list[Provider] = [
            one for one in available() if one.currencies is None or not currency or currency in one.currencies
        ]
        self.fields["provider"].choices = [(one.key, one.label) for one in self.providers]  # type: ignore[attr-defined]

    def clean_provider(self) -> str:
        return self.cleaned_data["provider"] or (self.providers[0].key if self.providers else "")


class ChangeForm(WayForm):
    """Which offer, and when: `12-now` or `12-end`. What it costs is reckoned when the order is placed."""

    to = forms.CharField(max_length=30)

    def __init__(self, *args: Any, choices: Sequence[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = choices

    def clean_to(self) -> To:
        pk, _dash, when = self.cleaned_data["to"].partition("-")
        for choice in self.choices:
            possible = {"now": choice.now, "end": choice.later}.get(when)
            if str(choice.offer.pk) == pk and possible is not None:
                return To(choice.offer, when == "end")
        raise forms.ValidationError(_("Choose what to change to from the list."))


class CancellationForm(forms.Form):
    """Why somebody leaves."""

    reason = forms.ChoiceField(
        label=_("Why are you leaving?"),
        choices=Subscription.Reason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what fits best.")},
    )
    words = forms.CharField(
        label=_("What could we have done better?"),
        required=False,
        max_length=WORDS_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class RetentionForm(forms.ModelForm):  # type: ignore[type-arg]
    """What those get who want to leave, and those who left."""

    class Meta:
        model = RetentionOffer
        fields = ("percent", "periods", "win_back_percent", "win_back_periods")
        labels = {
            "percent": _("Percent off for who wants to leave and stays"),
            "periods": _("For how many periods"),
            "win_back_percent": _("Percent off for who left and comes back"),
            "win_back_periods": _("For how many periods then"),
        }
        help_texts = {
            "percent": _("0: nothing is offered."),
            "win_back_percent": _("Offered by mail two weeks after the end. 0: nothing is offered."),
        }
