"""What is sold, to whom, and what the payment providers said."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.communities.models import Community

PRICE_MAX = 10**12  # minor units


class Offer(models.Model):
    """A price for plans. An offer that was sold is archived, never deleted."""

    class Term(models.TextChoices):
        LIFETIME = "lifetime", _("For good")
        MONTH = "month", _("One month")
        QUARTER = "quarter", _("Three months")
        YEAR = "year", _("One year")

    community = models.ForeignKey(Community, models.PROTECT, related_name="offers")
    name = models.CharField(_("name"), max_length=120)
    summary = models.CharField(_("summary"), max_length=300, blank=True)
    plans = models.ManyToManyField(Plan, related_name="offers")
    price = models.PositiveBigIntegerField(_("price"))  # minor units
    currency = models.CharField(_("currency"), max_length=3)
    term = models.CharField(_("term"), max_length=10, choices=Term, default=Term.LIFETIME)
    trial_days = models.PositiveSmallIntegerField(_("trial days"), default=0)
    position = models.PositiveSmallIntegerField(default=0)
    highlighted = models.BooleanField(_("recommended"), default=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["position", "price", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="offer_currency_iso"
            ),
            models.CheckConstraint(condition=models.Q(price__lte=PRICE_MAX), name="offer_price_has_a_limit"),
        ]
        indexes = [models.Index(fields=["community"], name="offer_of_community")]

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    """One purchase. What was agreed is copied onto it; later changes of the offer do not touch it."""

    class State(models.TextChoices):
        AWAITING = "awaiting", _("Awaiting payment")
        PAID = "paid", _("Paid")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Expired")
        REFUNDED = "refunded", _("Refunded")

    community = models.ForeignKey(Community, models.PROTECT, related_name="orders")
    buyer = models.ForeignKey(User, models.PROTECT, related_name="orders")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="orders")
    number = models.CharField(max_length=32, unique=True)  # shown to people and providers
    total = models.PositiveBigIntegerField()  # minor units
    currency = models.CharField(max_length=3)
    term = models.CharField(max_length=10, choices=Offer.Term)
    state = models.CharField(max_length=10, choices=State, default=State.AWAITING)
    provider = models.CharField(max_length=20)
    charge_id = models.CharField(max_length=120, null=True, blank=True)  # noqa: DJ001  (unique where known)
    return_to = models.CharField(max_length=500, blank=True)  # path and line the reader came from
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "provider", "charge_id"], name="order_charge_once"),
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="order_currency_iso"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["awaiting", "failed", "expired"], paid_at=None)
                | models.Q(state__in=["paid", "refunded"], paid_at__isnull=False),
                name="order_paid_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["community", "-created_at"], name="order_newest"),
            models.Index(fields=["buyer", "-created_at"], name="order_of_buyer"),
            models.Index(
                fields=["expires_at"], condition=models.Q(state="awaiting"), name="order_awaiting_expiry"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def may_be_paid(self) -> bool:
        return self.state == self.State.AWAITING


class Notice(models.Model):
    """What a provider told us, word for word, once per message: the evidence for every settled order.

    An outcome that a person should look at stays open until somebody resolves it.
    """

    class Outcome(models.TextChoices):
        SETTLED = "settled", _("Settled the order")
        REPEATED = "repeated", _("Told again what was known")
        NOTED = "noted", _("Noted: no money moved")
        MISMATCHED = "mismatched", _("Paid another amount or currency than the order's")
        PAID_TWICE = "paid_twice", _("Paid again for a settled order")
        UNKNOWN_ORDER = "unknown_order", _("Paid for no order of this community")
        CHARGE_TAKEN = "charge_taken", _("The same charge was used for another order")

    OPEN_OUTCOMES = (Outcome.MISMATCHED, Outcome.PAID_TWICE, Outcome.UNKNOWN_ORDER, Outcome.CHARGE_TAKEN)

    community = models.ForeignKey(Community, models.PROTECT, related_name="notices")
    provider = models.CharField(max_length=20)
    message_id = models.CharField(max_length=160)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="notices")
    body = models.JSONField()
    outcome = models.CharField(max_length=20, choices=Outcome)
    received_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    resolution = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "provider", "message_id"], name="notice_once"),
            models.CheckConstraint(
                condition=models.Q(resolved_at=None, resolution="") | models.Q(resolved_at__isnull=False),
                name="notice_resolved_whole",
            ),
        ]
        indexes = [models.Index(fields=["community", "-received_at"], name="notice_newest")]

    def __str__(self) -> str:
        return f"{self.provider} {self.message_id}"

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None and self.outcome in self.OPEN_OUTCOMES


from paideia.commerce.providers.sandbox.models import SandboxCharge  # noqa: E402, F401  (a table of this room)
