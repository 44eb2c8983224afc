"""What the team fills in about coupons, codes and cards."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from paideia.access.viewer import Viewer
from paideia.commerce.actions.coupons import CouponTerms
from paideia.commerce.actions.redeeming import BATCH_MAX
from paideia.commerce.forms.checkout import MESSAGE_MAX, WhenField
from paideia.commerce.models import Coupon, Offer
from paideia.communities.forms import CURRENCIES
from paideia.lib.money import major, minor

CODES = [(code, code) for code in CURRENCIES]


class CouponForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=40, help_text=gettext_lazy("Letters, digits and hyphens.")
    )
    percent = forms.IntegerField(
        label=gettext_lazy("Percentage off"), min_value=1, max_value=100, required=False
    )
    amount = forms.DecimalField(
        label=gettext_lazy("Or an amount off"), min_value=0, max_digits=14, decimal_places=3, required=False
    )
    currency = forms.ChoiceField(label=gettext_lazy("Currency of the amount"), choices=CODES)
    offers = forms.ModelMultipleChoiceField(
        label=gettext_lazy("For these offers"),
        queryset=Offer.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: for all."),
    )
    price_min = forms.DecimalField(
        label=gettext_lazy("From a price of"), min_value=0, max_digits=14, decimal_places=3, required=False
    )
    first_period_only = forms.BooleanField(
        label=gettext_lazy("Only the first period of what renews itself"), required=False
    )
    stacks = forms.BooleanField(
        label=gettext_lazy("May be used with others of which this is said"), required=False
    )
    uses_max = forms.IntegerField(
        label=gettext_lazy("Uses in all"),
        min_value=1,
        max_value=10**6,
        required=False,
        help_text=gettext_lazy("Empty: no limit."),
    )
    uses_each_max = forms.IntegerField(
        label=gettext_lazy("Uses of one person"), min_value=1, max_value=1000, required=False
    )
    starts_at = WhenField(label=gettext_lazy("Counts from"), required=False)
    ends_at = WhenField(label=gettext_lazy("Until"), required=False)

    def __init__(self, *args: Any, viewer: Viewer, coupon: Coupon | None = None, **kwargs: Any) -> None:
        fresh = {"first_period_only": True, "uses_each_max": 1, "currency": viewer.community.currency}
        initial = _initial(coupon, viewer.community.currency) if coupon else fresh
        super().__init__(*args, **{"initial": initial, **kwargs})
        offers = Offer.objects.filter(community=viewer.community, archived_at=None)
        self.fields["offers"].queryset = offers  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("amount", "price_min"):
            if data.get(name):
                try:
                    data[name] = minor(data[name], data.get("currency", ""))
                except ValueError:
                    self.add_error(name, _("This currency has no such small amounts."))
        return data

    @property
    def terms(self) -> CouponTerms:
        """What was filled in; the form is valid."""
        data = dict(self.cleaned_data)
        by_amount = bool(data["amount"])
        data["amount"] = data["amount"] or None
        data["currency"] = data["currency"] if by_amount else ""
        data["price_min"] = int(data["price_min"] or 0)
        return CouponTerms(**{**data, "offers": list(data["offers"])})


class BatchForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("For your own list.")
    )
    offer = forms.ModelChoiceField(label=gettext_lazy("What a code gives"), queryset=Offer.objects.none())
    size = forms.IntegerField(label=gettext_lazy("How many codes"), min_value=1, max_value=BATCH_MAX)
    expires_at = WhenField(label=gettext_lazy("To be used until"), required=False)

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offers = Offer.objects.filter(community=viewer.community, archived_at=None, is_for_seats=False)
        self.fields["offer"].queryset = offers  # type: ignore[attr-defined]


class CardTermsForm(forms.Form):
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=CODES)
    amounts = forms.CharField(
        label=gettext_lazy("Amounts on sale"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Such as: 50, 100, 200. Empty: no cards are sold."),
    )
    valid_months = forms.IntegerField(
        label=gettext_lazy("Valid for months"),
        min_value=0,
        max_value=120,
        initial=0,
        help_text=gettext_lazy("0: for good."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        try:
            words = data.get("amounts", "").replace(",", " ").replace("，", " ").split()
            data["minor"] = [minor(word, data.get("currency", "")) for word in words]
        except ValueError:
            self.add_error("amounts", _("Write numbers with commas between them."))
        return data


class GiveCardForm(forms.Form):
    amount = forms.DecimalField(label=gettext_lazy("Amount"), min_value=0, max_digits=14, decimal_places=3)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=CODES)
    email = forms.EmailField(label=gettext_lazy("Mail it to"), required=False)
    message = forms.CharField(label=gettext_lazy("A few words"), max_length=MESSAGE_MAX, required=False)
    expires_at = WhenField(label=gettext_lazy("To be redeemed until"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("amount") is not None:
            try:
                data["minor"] = minor(data["amount"], data.get("currency", ""))
            except ValueError:
                self.add_error("amount", _("This currency has no such small amounts."))
        return data


def _initial(coupon: Coupon, currency: str) -> dict[str, Any]:
    fields = {
        name: getattr(coupon, name)
        for name in ("code", "percent", "first_period_only", "stacks", "uses_max", "uses_each_max")
    }
    own = coupon.currency or currency
    return {
        **fields,
        "currency": own,
        "amount": major(coupon.amount, own) if coupon.amount else None,
        "price_min": major(coupon.price_min, own) if coupon.price_min else None,
        "offers": [offer.pk for offer in coupon.offers.all()],
        "starts_at": coupon.starts_at,
        "ends_at": coupon.ends_at,
    }
