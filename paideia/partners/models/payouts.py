"""Money on its way from a member's earnings to their bank."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.commerce.models.offers import IS_ISO
from paideia.communities.models import Community
from paideia.lib.sealing import SealedField


class PayoutTerms(models.Model):
    """How little can be paid out of one currency, and what the tax that is withheld is called."""

    community = models.ForeignKey(Community, models.CASCADE, related_name="payout_terms")
    currency = models.CharField(max_length=3)
    least = models.PositiveBigIntegerField(default=0)  # minor units
    tax_name = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "currency"], name="payout_terms_once"),
            models.CheckConstraint(condition=IS_ISO, name="payout_terms_currency"),
        ]


class TaxBand(models.Model):
    """Tax withheld from payouts above an amount: (amount - exempt) x rate - off, never below zero. The band with
    the highest `above` that the amount exceeds counts for all of it."""

    terms = models.ForeignKey(PayoutTerms, models.CASCADE, related_name="bands")
    above = models.PositiveBigIntegerField(default=0)  # minor units
    exempt = models.PositiveBigIntegerField(default=0)  # minor units
    rate = models.PositiveSmallIntegerField()  # basis points
    off = models.PositiveBigIntegerField(default=0)  # minor units

    class Meta:
        ordering = ["above"]
        constraints = [
            models.UniqueConstraint(fields=["terms", "above"], name="tax_band_once"),
            models.CheckConstraint(condition=models.Q(rate__lte=10_000), name="tax_band_rate"),
        ]


class Payout(models.Model):
    """One wish to be paid. The amount leaves the earnings when it is asked for, and comes back if refused."""

    class State(models.TextChoices):
        ASKED = "asked", _("Asked for")
        APPROVED = "approved", _("Approved")
        PAID = "paid", _("Paid out")
        REFUSED = "refused", _("Refused")

    class Method(models.TextChoices):
        BANK = "bank", _("Bank account")
        ALIPAY = "alipay", _("Alipay")

    community = models.ForeignKey(Community, models.PROTECT, related_name="payouts")
    user = models.ForeignKey(User, models.PROTECT, related_name="payouts")
    amount = models.PositiveBigIntegerField()  # minor units, tax included
    tax = models.PositiveBigIntegerField(default=0)  # minor units that are withheld
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=10, choices=Method)
    holder = SealedField()  # name of who owns the account
    account = SealedField()  # its number, or the Alipay account
    bank = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    reference = models.CharField(max_length=120, blank=True)  # of the transfer that paid it
    reason = models.CharField(max_length=300, blank=True)  # of a refusal
    asked_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True, blank=True)  # approved, or refused
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gte=1), name="payout_of_something"),
            models.CheckConstraint(
                condition=models.Q(tax__lte=models.F("amount")), name="payout_tax_at_most_all"
            ),
            models.CheckConstraint(
                condition=models.Q(state="paid", paid_at__isnull=False) & ~models.Q(reference="")
                | ~models.Q(state="paid") & models.Q(paid_at=None),
                name="payout_paid_whole",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="refused") | ~models.Q(reason=""), name="payout_refused_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["community", "state", "-asked_at"], name="payout_of_community"),
            models.Index(fields=["user", "-asked_at"], name="payout_of_user"),
        ]

    @property
    def net(self) -> int:
        """What arrives."""
        return self.amount - self.tax

    @property
    def masked_account(self) -> str:
        """The last four characters: enough to know one's own."""
        return f"•••• {self.account[-4:]}" if len(self.account) > 4 else "••••"
