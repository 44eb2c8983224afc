"""Invoices with numbers without gaps, the tax in them, and requests for a 发票."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.commerce.models.orders import Order
from paideia.communities.models import Community

COUNTRY = RegexValidator(r"^[A-Z]{2}$", _("Write a country as two capital letters, such as CN or DE."))


class InvoiceTerms(models.Model):
    """Who sells, as it stands on invoices. Without a row, or switched off, no invoices are written."""

    community = models.OneToOneField(
        Community, models.CASCADE, primary_key=True, related_name="invoice_terms"
    )
    is_on = models.BooleanField(_("write invoices"), default=False)
    gives_fapiao = models.BooleanField(_("members can ask for a fapiao"), default=False)
    prefix = models.CharField(_("letters before the number"), max_length=12, blank=True)
    seller = models.CharField(_("name of the seller"), max_length=160, blank=True)
    address = models.TextField(_("address"), max_length=400, blank=True)
    tax_id = models.CharField(_("tax number"), max_length=40, blank=True)
    footer = models.CharField(_("words at the end"), max_length=300, blank=True)


class TaxRule(models.Model):
    """The tax on what is sold to a country; "" is every other. Inclusive: prices contain it. Else it comes on top of
    them at the checkout."""

    community = models.ForeignKey(Community, models.CASCADE, related_name="tax_rules")
    country = models.CharField(max_length=2, blank=True)
    name = models.CharField(max_length=40)
    rate = models.PositiveSmallIntegerField()  # basis points
    is_inclusive = models.BooleanField(default=True)

    class Meta:
        ordering = ["country"]
        constraints = [
            models.UniqueConstraint(fields=["community", "country"], name="tax_rule_once"),
            models.CheckConstraint(
                condition=models.Q(country__regex=r"^([A-Z]{2})?$"), name="tax_rule_country"
            ),
            models.CheckConstraint(condition=models.Q(rate__lte=10_000), name="tax_rule_rate"),
        ]


class BillingAddress(models.Model):
    """To whom a buyer's invoices are written."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="billing_address")
    name = models.CharField(_("name or company"), max_length=160)
    address = models.TextField(_("address"), max_length=400, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, validators=[COUNTRY])
    tax_id = models.CharField(_("tax number"), max_length=40, blank=True)
    changed_at = models.DateTimeField(db_default=Now())


class InvoiceSeries(models.Model):
    """The last number of a community's year. Held while an invoice is written, so that no number is left out."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["community", "year"], name="invoice_series_once")]


class Invoice(models.Model):
    """An invoice, or a credit note that takes a part of one back. What it says is copied; it is never changed."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("Invoice")
        CREDIT = "credit", _("Credit note")

    community = models.ForeignKey(Community, models.PROTECT, related_name="invoices")
    order = models.ForeignKey(Order, models.PROTECT, related_name="invoices")
    kind = models.CharField(max_length=8, choices=Kind)
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()  # of the year, from 1, without gaps
    prefix = models.CharField(max_length=12, blank=True)
    corrects = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="corrections")
    seller = models.JSONField()  # name, address, tax_id, footer
    buyer = models.JSONField()  # name, address, country, tax_id
    lines = models.JSONField()  # [{"kind", "note", "amount"}]
    title = models.CharField(max_length=160)  # of what was bought
    amount = models.PositiveBigIntegerField()  # minor units, tax included
    tax = models.PositiveBigIntegerField(default=0)  # minor units of the amount
    tax_name = models.CharField(max_length=40, blank=True)
    tax_rate = models.PositiveSmallIntegerField(default=0)  # basis points
    currency = models.CharField(max_length=3)
    issued_at = models.DateTimeField()

    class Meta:
        ordering = ["-year", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["community", "year", "number"], name="invoice_number_once"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="invoice_number_from_1"),
            models.CheckConstraint(
                condition=models.Q(tax__lte=models.F("amount")), name="invoice_tax_within_amount"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="invoice") | models.Q(corrects__isnull=False),
                name="invoice_credit_corrects_one",
            ),
        ]
        indexes = [models.Index(fields=["order"], name="invoice_of_order")]

    def __str__(self) -> str:
        return f"{self.prefix}{self.year}-{self.number:06d}"

    @property
    def net(self) -> int:
        return self.amount - self.tax

    @property
    def is_credit(self) -> bool:
        return self.kind == self.Kind.CREDIT


class FapiaoRequest(models.Model):
    """A buyer asks for a 发票, which the team issues elsewhere and hands over here."""

    class State(models.TextChoices):
        ASKED = "asked", _("Asked for")
        ISSUED = "issued", _("Issued")
        REFUSED = "refused", _("Refused")

    order = models.OneToOneField(Order, models.PROTECT, related_name="fapiao")
    title = models.CharField(_("title (抬头)"), max_length=160)
    tax_number = models.CharField(_("tax number (税号)"), max_length=20, blank=True)  # none: of a person
    email = models.EmailField(_("e-mail"))
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    number = models.CharField(max_length=40, blank=True)  # of the 发票
    file = models.CharField(max_length=120, blank=True)  # storage key
    reason = models.CharField(max_length=300, blank=True)  # of a refusal
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="issued") | ~models.Q(number=""), name="fapiao_issued_has_a_number"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="refused") | ~models.Q(reason=""), name="fapiao_refused_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(tax_number__regex=r"^([0-9A-Z]{15,20})?$"), name="fapiao_tax_number_form"
            ),
        ]
        indexes = [models.Index(fields=["state", "-asked_at"], name="fapiao_by_state")]
