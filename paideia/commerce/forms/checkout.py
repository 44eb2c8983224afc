"""What a buyer fills in on the checkout page, and the wish that it makes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from paideia.commerce.models import Offer, Order
from paideia.commerce.providers import Provider, available
from paideia.commerce.quoting import GiftWish, Wish
from paideia.commerce.quoting.prices import SEATS_MAX
from paideia.lib import formatting

GIFT_AHEAD_DAYS_MAX = 366
MESSAGE_MAX = 500


class WhenField(forms.DateTimeField):
    """A moment on the clock of whoever fills it in."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class CheckoutForm(forms.Form):
    """How an offer is to be bought. What it costs is the offer's own; only what may be chosen has a field."""

    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    chosen_price = forms.DecimalField(
        label=gettext_lazy("What you pay"), max_digits=14, decimal_places=3, localize=False
    )
    quantity = forms.IntegerField(label=gettext_lazy("Seats"), min_value=1, max_value=SEATS_MAX)
    pool_name = forms.CharField(
        label=gettext_lazy("Name of the team or class"), max_length=120, required=False
    )
    pool_domain = forms.CharField(
        label=gettext_lazy("Mail domain whose people may take a seat by themselves"),
        max_length=120,
        required=False,
        help_text=gettext_lazy(
            "Such as school.example. Only confirmed addresses count. You can change it later."
        ),
    )
    coupon = forms.CharField(
        label=gettext_lazy("Coupon"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    credit = forms.BooleanField(label=gettext_lazy("Use my credit"), required=False)
    gift = forms.BooleanField(label=gettext_lazy("This is a gift"), required=False)
    recipient_name = forms.CharField(label=gettext_lazy("For whom"), max_length=120, required=False)
    recipient_email = forms.EmailField(
        label=gettext_lazy("Their e-mail"),
        required=False,
        help_text=gettext_lazy("Leave it empty to pass the link on yourself."),
    )
    message = forms.CharField(
        label=gettext_lazy("A few words to them"),
        max_length=MESSAGE_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    deliver_at = WhenField(
        label=gettext_lazy("Mail it at"), required=False, help_text=gettext_lazy("Empty: once it is paid.")
    )
    provider = forms.ChoiceField(label=gettext_lazy("How to pay"), required=False, widget=forms.RadioSelect)
    next = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    KEPT = ("key", "begin", "group", "pool", "renew")  # of the address: they go along

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        offer: Offer,
        credit: int = 0,
        asked: Mapping[str, Any],
    ) -> None:
        """`credit`: what the buyer has. `asked`: the parameters of the address, for what they say of the wish."""
        self.offer = offer
        said = {name: str(asked.get(name) or "")[:60] for name in self.KEPT}
        self.kept = {name: value for name, value in said.items() if value and value.isprintable()}
        super().__init__(data, initial=self._initial(asked))
        self.providers = self._providers()
        self.fields["provider"].choices = [(one.key, one.label) for one in self.providers]  # type: ignore[attr-defined]
        self._without_what_cannot_be_chosen(credit)

    @classmethod
    def as_shown(cls, form: "CheckoutForm", asked: Mapping[str, Any]) -> "CheckoutForm":
        """A form filled in as this empty one stands there, for the sum beside it."""
        said = {name: value for name, value in form.initial.items() if value not in ("", None, False)}
        return cls(said, offer=form.offer, credit=int("credit" in form.fields), asked=asked)

    @property
    def kind(self) -> str:
        if self.offer.is_for_seats:
            return Order.Kind.SEATS
        if self.kept.get("begin") == "trial":
            return Order.Kind.TRIAL
        if self.kept.get("group"):
            return Order.Kind.GROUP
        return Order.Kind.GIFT if self._said("gift") else Order.Kind.PURCHASE

    @property
    def chosen_currency(self) -> str:
        return self._said("currency") or self.offer.currency

    @property
    def wish(self) -> Wish:
        """The wish of the form, as far as it is valid."""
        data, gift = self.cleaned_data, None
        if self.kind == Order.Kind.GIFT:
            names = ("recipient_email", "recipient_name", "message", "deliver_at")
            gift = GiftWish(**{name: data[name] for name in names if name in data})
        pool = self.kept.get("pool", "")
        return Wish(
            kind=self.kind,
            currency=self.chosen_currency,
            quantity=data.get("quantity") or 1,
            codes=data.get("coupon", "").replace(",", " ").split(),
            chosen_price=data.get("minor"),
            uses_credit=data.get("credit", False),
            hidden_key=self.kept.get("key", ""),
            gift=gift,
            pool_name=data.get("pool_name", ""),
            pool_domain=data.get("pool_domain", ""),
            pool_id=int(pool) if pool.isdecimal() else None,
            renews_pool=bool(self.kept.get("renew")),
            group=self.kept.get("group", ""),
        )

    def clean_provider(self) -> str:
        return self.cleaned_data["provider"] or (self.providers[0].key if self.providers else "")

    def clean_deliver_at(self) -> Any:
        at = self.cleaned_data["deliver_at"]
        if at is not None and at > timezone.now() + timedelta(days=GIFT_AHEAD_DAYS_MAX):
            raise forms.ValidationError(_("Choose a day within a year."))
        return at

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if (price := data.get("chosen_price")) is not None:
            minor = price.scaleb(get_currency_precision(self.chosen_currency))
            if minor != minor.to_integral_value():
                self.add_error("chosen_price", _("This currency has no such small amounts."))
            data["minor"] = int(minor)
        chosen = next((one for one in self.providers if one.key == data.get("provider")), None)
        if (
            chosen is not None
            and chosen.currencies is not None
            and self.chosen_currency not in chosen.currencies
        ):
            self.add_error(
                "provider",
                _("%(way)s does not take %(currency)s. Choose another way.")
                % {"way": chosen.label, "currency": self.chosen_currency},
            )
        return data

    def without_codes(self) -> Wish:
        """The wish, but for its coupons: for the sum beside a coupon that does not count."""
        return replace(self.wish, codes=())

    def _said(self, name: str) -> str:
        """The value of a field, where it can be chosen."""
        if name not in self.fields:
            return ""
        source = self.data if self.is_bound else self.initial
        return str(source.get(name) or "")

    def _initial(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        digits = get_currency_precision(self.offer.currency)
        quantity = str(asked.get("quantity", ""))
        return {
            "currency": asked.get("currency") or self.offer.currency,
            "chosen_price": Decimal(self.offer.price).scaleb(-digits),
            "quantity": int(quantity) if quantity.isdecimal() and len(quantity) < 7 else 5,
            "coupon": str(asked.get("coupon", ""))[:200],
            "gift": bool(asked.get("gift")),
            "next": asked.get("next", ""),
        }

    def _providers(self) -> list[Provider]:
        """Ways of paying that take one of the offer's currencies at least."""
        codes = {self.offer.currency, *(one.currency for one in self.offer.prices.all())}
        return [one for one in available() if one.currencies is None or one.currencies & codes]

    def _without_what_cannot_be_chosen(self, credit: int) -> None:
        offer = self.offer
        codes = [offer.currency, *(one.currency for one in offer.prices.all())]
        special = any(name in self.kept for name in ("begin", "group"))
        self.fields["currency"].choices = [(code, code) for code in codes]  # type: ignore[attr-defined]
        if len(codes) == 1 or offer.is_for_seats or special:
            del self.fields["currency"]
        if not offer.price_is_minimum or offer.is_for_seats or special:
            del self.fields["chosen_price"]
        if not offer.is_for_seats:
            del self.fields["quantity"], self.fields["pool_name"], self.fields["pool_domain"]
        elif "pool" in self.kept:
            del self.fields["pool_name"], self.fields["pool_domain"]
        if special:
            del self.fields["coupon"]
        if credit <= 0:
            del self.fields["credit"]
        if offer.is_for_seats or offer.renewal == Offer.Renewal.INSTALMENTS or special:
            for name in ("gift", "recipient_name", "recipient_email", "message", "deliver_at"):
                del self.fields[name]
        if "chosen_price" in self.fields:
            least = formatting.money(offer.price, offer.currency)
            self.fields["chosen_price"].help_text = _("At least %(price)s. More helps us go on.") % {
                "price": least
            }
