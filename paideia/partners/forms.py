"""What partners and the team fill in."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.commerce.models import Offer
from paideia.communities.forms import CURRENCIES
from paideia.lib.money import major, minor
from paideia.partners.actions import Destination, ProgrammeTerms
from paideia.partners.actions.shares import RuleTerms
from paideia.partners.models import Payout, PayoutTerms, Programme, ShareRule
from paideia.partners.withholding import LABOUR_IN_CHINA, Band

BANDS = 3


class PercentField(forms.DecimalField):
    """A percentage, kept as basis points."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": 100, "decimal_places": 2, "max_digits": 5, **kwargs})

    def clean(self, value: Any) -> Any:
        percent = super().clean(value)
        return None if percent is None else int(percent * 100)

    def prepare_value(self, value: Any) -> Any:
        return f"{value / 100:g}" if isinstance(value, int) else value  # 2000 is 20, 1250 is 12.5


class ProgrammeForm(forms.Form):
    is_open = forms.BooleanField(label=gettext_lazy("The programme is open"), required=False)
    joining = forms.ChoiceField(label=gettext_lazy("Who can take part"), choices=Programme.Joining.choices)
    rate_first = PercentField(label=gettext_lazy("Commission, in percent of what is paid"))
    rate_second = PercentField(
        label=gettext_lazy("To who brought that partner, in percent"),
        help_text=gettext_lazy("0: there is no second level."),
    )
    hold_days = forms.IntegerField(
        label=gettext_lazy("Days before it can be paid out"),
        min_value=0,
        max_value=365,
        help_text=gettext_lazy("Choose at least as many as you give refunds for."),
    )
    cookie_days = forms.IntegerField(
        label=gettext_lazy("Days that a link counts"), min_value=1, max_value=365
    )
    pays_renewals = forms.BooleanField(
        label=gettext_lazy("Renewals and instalments earn too"), required=False
    )
    offers = forms.ModelMultipleChoiceField(
        label=gettext_lazy("For these offers"),
        queryset=Offer.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: for all."),
    )
    reward_points = forms.IntegerField(
        label=gettext_lazy("Points for each new member who pays"), min_value=0, max_value=10**6
    )

    def __init__(self, *args: Any, viewer: Viewer, programme: Programme | None, **kwargs: Any) -> None:
        row = programme or Programme(community=viewer.community)
        initial = {name: getattr(row, name) for name in self.base_fields if name != "offers"}
        if programme is not None:
            initial["offers"] = list(programme.offers.values_list("pk", flat=True))
        super().__init__(*args, **{"initial": initial, **kwargs})
        offers = Offer.objects.filter(community=viewer.community, archived_at=None)
        self.fields["offers"].queryset = offers  # type: ignore[attr-defined]

    @property
    def terms(self) -> ProgrammeTerms:
        data = dict(self.cleaned_data)
        return ProgrammeTerms(**{**data, "offers": tuple(data["offers"])})


class AskForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("How will you recommend it?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PayoutForm(forms.Form):
    """A wish to be paid, in whole units of the currency."""

    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    amount = forms.DecimalField(label=gettext_lazy("Amount"), min_value=0, max_digits=14, decimal_places=3)
    method = forms.ChoiceField(label=gettext_lazy("How"), choices=Payout.Method.choices)
    holder = forms.CharField(label=gettext_lazy("Name of the account's owner"), max_length=120)
    account = forms.CharField(
        label=gettext_lazy("Account number, or Alipay account"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    bank = forms.CharField(label=gettext_lazy("Bank and branch"), max_length=120, required=False)

    def __init__(self, *args: Any, currencies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [(code, code) for code in currencies]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("amount") is not None and data.get("currency"):
            try:
                data["minor"] = minor(data["amount"], data["currency"])
            except ValueError:
                self.add_error("amount", _("This currency has no such small amounts."))
        if data.get("method") == Payout.Method.BANK and not data.get("bank"):
            self.add_error("bank", _("Say which bank."))
        return data

    @property
    def destination(self) -> Destination:
        data = self.cleaned_data
        return Destination(data["method"], data["holder"], data["account"], data["bank"])


class PayoutTermsForm(forms.Form):
    """The least that is paid out of a currency, and the bands of the tax that is withheld."""

    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"), choices=[(code, code) for code in CURRENCIES]
    )
    least = forms.DecimalField(
        label=gettext_lazy("The least that can be paid out"), min_value=0, max_digits=14, decimal_places=3
    )
    tax_name = forms.CharField(label=gettext_lazy("Name of the tax"), max_length=60, required=False)
    labour = forms.BooleanField(
        label=gettext_lazy("Fill in China's tax on labour income (劳务报酬)"), required=False
    )

    def __init__(self, *args: Any, currency: str, terms: PayoutTerms | None, **kwargs: Any) -> None:
        initial: dict[str, Any] = {"currency": currency, "least": 0}
        bands = list(terms.bands.all()) if terms else []
        if terms is not None:
            initial |= {"least": major(terms.least, currency), "tax_name": terms.tax_name}
        for index, band in enumerate(bands):
            initial |= {f"above_{index}": major(band.above, currency), f"rate_{index}": band.rate}
            initial |= {
                f"exempt_{index}": major(band.exempt, currency),
                f"off_{index}": major(band.off, currency),
            }
        super().__init__(*args, **{"initial": initial, **kwargs})
        self.rows = [self._row(index) for index in range(max(BANDS, len(bands) + 1))]

    def _row(self, index: int) -> list[forms.BoundField]:
        """The fields of one band."""
        fields = {
            "above": _money(_("Above")),
            "exempt": _money(_("Free of tax")),
            "rate": PercentField(label=_("Percent of the rest"), required=False),
            "off": _money(_("Less this amount")),
        }
        for name, field in fields.items():
            self.fields[f"{name}_{index}"] = field
        return [self[f"{name}_{index}"] for name in fields]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("labour") and data.get("currency") != "CNY":
            self.add_error("labour", _("It is reckoned in yuan: choose CNY."))
        for name, value in list(data.items()):
            if isinstance(value, Decimal):
                try:
                    data[name] = minor(value, data.get("currency") or "CNY")
                except ValueError:
                    self.add_error(name, _("This currency has no such small amounts."))
        return data

    @property
    def bands(self) -> list[Band]:
        """Rows with a percentage are bands."""
        data = self.cleaned_data
        if data.get("labour"):
            return list(LABOUR_IN_CHINA)
        found = []
        for index in range(len(self.rows)):
            if data.get(f"rate_{index}"):
                above, exempt, off = (data.get(f"{name}_{index}") or 0 for name in ("above", "exempt", "off"))
                found.append(Band(above, exempt, data[f"rate_{index}"], off))
        return found


class RuleForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    kind = forms.ChoiceField(
        label=gettext_lazy("Whose share"), choices=ShareRule.Kind.choices, widget=forms.RadioSelect
    )
    rate = PercentField(label=gettext_lazy("Share, in percent"), min_value=0.01)
    person = forms.CharField(
        label=gettext_lazy("Username of the person"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("For a fixed share only."),
    )
    offers = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Of these offers"),
        queryset=Offer.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: of all."),
    )
    day_minutes_max = forms.IntegerField(
        label=gettext_lazy("Minutes that one member's reading of one work counts a day"),
        min_value=1,
        max_value=1440,
        initial=30,
        help_text=gettext_lazy("For a pool: more than that counts as this, so that nobody inflates it."),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        offers = Offer.objects.filter(community=viewer.community)
        self.fields["offers"].queryset = offers  # type: ignore[attr-defined]

    def clean_person(self) -> User | None:
        handle = self.cleaned_data["person"].strip().lstrip("@")
        if not handle:
            return None
        found = User.objects.filter(
            handle__iexact=handle, memberships__community=self.viewer.community
        ).first()
        if found is None:
            raise forms.ValidationError(_("No member here has this username."))
        return found

    @property
    def terms(self) -> RuleTerms:
        data = self.cleaned_data
        return RuleTerms(
            name=data["name"],
            kind=data["kind"],
            rate=data["rate"],
            person=data["person"] if data["kind"] == ShareRule.Kind.FIXED else None,
            offers=tuple(data["offers"]),
            day_seconds_max=data["day_minutes_max"] * 60,
        )


def _money(label: str) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=0, max_digits=14, decimal_places=3, required=False)
