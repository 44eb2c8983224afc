"""The form in which the team writes an offer."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from paideia.access.models import Plan
from paideia.access.viewer import Viewer
from paideia.commerce.actions.offers import OfferTerms
from paideia.commerce.models import PRICE_MAX, Offer
from paideia.commerce.offer_rules import GRACE_DAYS_MAX, ROWS_MAX, TRIAL_DAYS_MAX
from paideia.commerce.queries import plans_to_sell
from paideia.communities.forms import CURRENCIES

NAMES = ("early_price", "group_price", "trial_price")  # prices besides the first one
MOMENT = "%Y-%m-%dT%H:%M"


class MoneyField(forms.DecimalField):
    """An amount in whole units, which the form turns into minor ones when it knows the currency."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_digits=14, decimal_places=3, **kwargs)


class MomentField(forms.DateTimeField):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)
        super().__init__(widget=widget, required=False, **kwargs)


def _number(label: Any, *, most: int, **kwargs: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=most, required=False, **kwargs)


class OfferForm(forms.Form):
    """An offer in plain words, its prices in whole units of the currency."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    summary = forms.CharField(label=gettext_lazy("One sentence about it"), max_length=300, required=False)
    plans = forms.ModelMultipleChoiceField(
        label=gettext_lazy("What it gives"),
        queryset=Plan.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )
    price = MoneyField(
        label=gettext_lazy("Price"),
        help_text=gettext_lazy("0: it is free. Of one term, one instalment or one seat."),
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"), choices=[(code, code) for code in CURRENCIES]
    )
    price_is_minimum = forms.BooleanField(
        label=gettext_lazy("Buyers may pay more"),
        required=False,
        help_text=gettext_lazy("Pay what you want: the price is the least."),
    )
    term = forms.ChoiceField(label=gettext_lazy("For how long"), choices=Offer.Term.choices)
    ends_at = MomentField(
        label=gettext_lazy("The fixed day"),
        help_text=gettext_lazy("Everybody's access ends then, whenever they bought."),
    )
    renewal = forms.ChoiceField(
        label=gettext_lazy("How it is paid"),
        choices=Offer.Renewal.choices,
        widget=forms.RadioSelect,
        required=False,
    )
    instalments = _number(
        gettext_lazy("How many instalments"),
        most=36,
        help_text=gettext_lazy("The first is paid at once, then one each month."),
    )
    locks_price = forms.BooleanField(
        label=gettext_lazy("Renewals keep the price that was agreed"), required=False, initial=True
    )
    grace_days = _number(
        gettext_lazy("Grace days"),
        most=GRACE_DAYS_MAX,
        help_text=gettext_lazy("So long it stays open while a renewal is tried again."),
    )
    trial_days = _number(
        gettext_lazy("Days to try it"),
        most=TRIAL_DAYS_MAX,
        help_text=gettext_lazy("0: no trial. Each person can try a plan once."),
    )
    trial_price = MoneyField(
        label=gettext_lazy("Price of the trial"), required=False, help_text=gettext_lazy("0: it is free.")
    )
    early_price = MoneyField(label=gettext_lazy("Early price"), required=False)
    early_until = MomentField(label=gettext_lazy("It counts until"))
    on_sale_from = MomentField(label=gettext_lazy("On sale from"))
    on_sale_until = MomentField(label=gettext_lazy("On sale until"))
    quantity_max = forms.IntegerField(
        label=gettext_lazy("Places"),
        min_value=1,
        max_value=1_000_000,
        required=False,
        help_text=gettext_lazy("Empty: as many as are wanted."),
    )
    group_size = _number(gettext_lazy("Buyers in a group"), most=1000)
    group_price = MoneyField(label=gettext_lazy("Price of each in a group"), required=False)
    is_for_seats = forms.BooleanField(
        label=gettext_lazy("Sold by seats"),
        required=False,
        help_text=gettext_lazy("For companies and schools: a manager buys seats and gives them out."),
    )
    is_hidden = forms.BooleanField(
        label=gettext_lazy("Only for who has the link"),
        required=False,
        help_text=gettext_lazy("It is not listed among the prices."),
    )
    position = _number(gettext_lazy("Place in the list"), most=999)
    highlighted = forms.BooleanField(label=gettext_lazy("Recommended"), required=False)

    def __init__(self, *args: Any, viewer: Viewer, offer: Offer | None = None, **kwargs: Any) -> None:
        self.offer = offer
        initial = _initial(offer) if offer else {"currency": viewer.community.currency, **_EMPTY}
        super().__init__(*args, **{"initial": initial, **kwargs})
        self.fields["plans"].queryset = plans_to_sell(viewer)  # type: ignore[attr-defined]
        self.prices = self._rows("prices", offer, "currency", forms.ChoiceField)
        self.bands = self._rows("bands", offer, "seats", forms.IntegerField)

    def _rows(self, name: str, offer: Offer | None, key: str, field: type[forms.Field]) -> list[str]:
        """Fields for the rows that there are and two more. Returns the names of the rows."""
        rows: list[tuple[Any, int]] = []
        if offer is not None and offer.pk is not None:
            prices = offer.prices.order_by("currency").values_list("currency", "price")
            rows = list(prices) if name == "prices" else list(offer.bands.values_list("seats_min", "price"))
        count = min(max(len(rows) + 2, self._rows_sent(name)), ROWS_MAX)
        for number in range(count):
            label, value = (
                (_("Currency"), _("Price in it"))
                if key == "currency"
                else (_("Seats from"), _("Price a seat"))
            )
            choices = {"choices": [("", "—"), *((code, code) for code in CURRENCIES)]}
            limits = {"min_value": 2, "max_value": 100_000}
            options: dict[str, Any] = choices if key == "currency" else limits
            self.fields[f"{name}_{number}_{key}"] = field(label=label, required=False, **options)
            self.fields[f"{name}_{number}_price"] = MoneyField(label=value, required=False)
            if number < len(rows):
                of, price = rows[number]
                currency = of if key == "currency" else offer.currency if offer else ""
                self.initial[f"{name}_{number}_{key}"] = of
                self.initial[f"{name}_{number}_price"] = whole(price, currency)
        return [f"{name}_{number}" for number in range(count)]

    def _rows_sent(self, name: str) -> int:
        numbers = (key.split("_") for key in self.data if key.startswith(f"{name}_"))
        sent = [int(parts[1]) for parts in numbers if len(parts) == 3 and parts[1].isdecimal()]
        return min(max(sent, default=-1) + 1, ROWS_MAX)

    def price_rows(self) -> Iterator[tuple[BoundField, BoundField]]:
        return ((self[f"{row}_currency"], self[f"{row}_price"]) for row in self.prices)

    def band_rows(self) -> Iterator[tuple[BoundField, BoundField]]:
        return ((self[f"{row}_seats"], self[f"{row}_price"]) for row in self.bands)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        currency = data.get("currency") or ""
        for name in ("price", *NAMES):
            data[f"{name}_minor"] = self._minor(name, currency)
        data["prices"] = self._clean_prices()
        data["bands"] = self._clean_bands(currency)
        return data

    def _minor(self, name: str, currency: str) -> int | None:
        price = self.cleaned_data.get(name)
        if price is None or not currency:
            return None
        minor = price.scaleb(get_currency_precision(currency))
        if minor != minor.to_integral_value():
            self.add_error(name, _("This currency has no such small amounts."))
        elif minor > PRICE_MAX:
            self.add_error(name, _("This price is out of range."))
        else:
            return int(minor)
        return None

    def _clean_prices(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in self.prices:
            code, price = self.cleaned_data.get(f"{row}_currency"), self._minor_of(row, "currency")
            if not code and price is None:
                continue
            if not code or price is None:
                self.add_error(f"{row}_price", _("Give both the currency and the price, or neither."))
            elif code in found:
                self.add_error(f"{row}_currency", _("This currency stands above already."))
            else:
                found[code] = price
        return found

    def _clean_bands(self, currency: str) -> list[tuple[int, int]]:
        found = []
        for row in self.bands:
            seats, price = self.cleaned_data.get(f"{row}_seats"), self._minor(f"{row}_price", currency)
            if seats is None and price is None:
                continue
            if seats is None or price is None:
                self.add_error(f"{row}_price", _("Give both the seats and the price, or neither."))
            else:
                found.append((seats, price))
        return found

    def _minor_of(self, row: str, key: str) -> int | None:
        return self._minor(f"{row}_price", self.cleaned_data.get(f"{row}_{key}") or "CNY")

    @property
    def terms(self) -> OfferTerms:
        """What was filled in; the form is valid."""
        data = self.cleaned_data
        is_split = data["renewal"] == Offer.Renewal.INSTALMENTS
        grace = data["grace_days"]
        return OfferTerms(
            **{name: data[name] for name in ("name", "summary", "currency", "term", "prices")},
            **{
                name: data[name]
                for name in ("price_is_minimum", "locks_price", "early_until", "is_for_seats")
            },
            **{name: data[name] for name in ("on_sale_from", "on_sale_until", "quantity_max", "is_hidden")},
            plans=list(data["plans"]),
            ends_at=data["ends_at"] if data["term"] == Offer.Term.DEADLINE else None,
            price=data["price_minor"],
            renewal=data["renewal"] or Offer.Renewal.NONE,
            instalments=(data["instalments"] or 0) if is_split else 0,
            grace_days=3 if grace is None else grace,
            trial_days=data["trial_days"] or 0,
            trial_price=data["trial_price_minor"] or 0,
            early_price=data["early_price_minor"],
            group_size=data["group_size"] or 0,
            group_price=data["group_price_minor"],
            bands=data["bands"],
            position=data["position"] or 0,
            highlighted=data["highlighted"],
        )


_EMPTY: dict[str, Any] = {
    "renewal": Offer.Renewal.NONE,
    "locks_price": True,
    "grace_days": 3,
    "trial_days": 0,
    "position": 0,
}


def whole(minor: int | None, currency: str) -> Decimal | None:
    """An amount in whole units, as it stands in a field."""
    return None if minor is None else Decimal(minor).scaleb(-get_currency_precision(currency))


def _initial(offer: Offer) -> dict[str, Any]:
    plain = (
        *("name", "summary", "currency", "term", "ends_at", "renewal", "instalments", "locks_price"),
        *("price_is_minimum", "grace_days", "trial_days", "early_until", "on_sale_from", "on_sale_until"),
        *("quantity_max", "group_size", "is_for_seats", "is_hidden", "position", "highlighted"),
    )
    said: dict[str, Any] = {name: getattr(offer, name) for name in plain}
    for name in ("instalments", "group_size"):
        said[name] = said[name] or None
    prices = {name: whole(getattr(offer, name), offer.currency) for name in ("price", *NAMES)}
    prices["trial_price"] = prices["trial_price"] if offer.trial_price else None
    return {**said, **prices, "plans": [plan.pk for plan in offer.plans.all()]}
