"""What buyers and the team fill in."""

from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django import forms
from django.utils.translation import gettext_lazy as _

from paideia.access.models import Plan
from paideia.access.viewer import Viewer
from paideia.commerce.actions.offers import TRIAL_DAYS_MAX, OfferTerms
from paideia.commerce.models import PRICE_MAX, Notice, Offer, Order
from paideia.commerce.queries import plans_to_sell
from paideia.communities.forms import CURRENCIES


class OfferForm(forms.Form):
    """An offer as the team writes it, its price in whole units of the currency."""

    name = forms.CharField(label=_("Name"), max_length=120)
    summary = forms.CharField(label=_("One sentence about it"), max_length=300, required=False)
    plans = forms.ModelMultipleChoiceField(
        label=_("What it gives"), queryset=Plan.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    price = forms.DecimalField(
        label=_("Price"), min_value=0, max_digits=14, decimal_places=3, help_text=_("0: it is free.")
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in CURRENCIES])
    term = forms.ChoiceField(label=_("For how long"), choices=Offer.Term.choices)
    trial_days = forms.IntegerField(
        label=_("Days to try it for free"),
        min_value=0,
        max_value=TRIAL_DAYS_MAX,
        initial=0,
        required=False,
        help_text=_("0: no trial. Each person can try a plan once."),
    )
    position = forms.IntegerField(
        label=_("Place in the list"), min_value=0, max_value=999, initial=0, required=False
    )
    highlighted = forms.BooleanField(label=_("Recommended"), required=False)

    def __init__(self, *args: Any, viewer: Viewer, offer: Offer | None = None, **kwargs: Any) -> None:
        initial = _initial(offer) if offer else {"currency": viewer.community.currency}
        super().__init__(*args, **{"initial": initial, **kwargs})
        self.fields["plans"].queryset = plans_to_sell(viewer)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        price, currency = data.get("price"), data.get("currency")
        if price is not None and currency:
            minor = price.scaleb(get_currency_precision(currency))
            if minor != minor.to_integral_value():
                self.add_error("price", _("This currency has no such small amounts."))
            elif minor > PRICE_MAX:
                self.add_error("price", _("This price is out of range."))
            data["minor"] = int(minor)
        return data

    @property
    def terms(self) -> OfferTerms:
        """What was filled in; the form is valid."""
        data = self.cleaned_data
        return OfferTerms(
            name=data["name"],
            plans=list(data["plans"]),
            price=data["minor"],
            currency=data["currency"],
            term=data["term"],
            summary=data["summary"],
            trial_days=data["trial_days"] or 0,
            position=data["position"] or 0,
            highlighted=data["highlighted"],
        )


class OrderSearchForm(forms.Form):
    q = forms.CharField(label=_("Number, buyer or offer"), required=False, max_length=120)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Every state")), *Order.State.choices, ("open_notices", _("To be looked at"))],
    )


class ResolutionForm(forms.Form):
    resolution = forms.CharField(
        label=_("What was done"), max_length=Notice._meta.get_field("resolution").max_length
    )


def _initial(offer: Offer) -> dict[str, Any]:
    digits = get_currency_precision(offer.currency)
    return {
        "name": offer.name,
        "summary": offer.summary,
        "plans": [plan.pk for plan in offer.plans.all()],
        "price": Decimal(offer.price).scaleb(-digits),
        "currency": offer.currency,
        "term": offer.term,
        "trial_days": offer.trial_days,
        "position": offer.position,
        "highlighted": offer.highlighted,
    }
