"""What payment providers said, word for word."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.commerce.models.orders import Order
from paideia.communities.models import Community


class Notice(models.Model):
    """What a provider told us, word for word, once per message: the evidence for every settled order.

    An outcome that a person should look at stays open until somebody resolves it.
    """

    class Outcome(models.TextChoices):
        SETTLED = "settled", _("Settled the order")
        REPEATED = "repeated", _("Told again what was known")
        NOTED = "noted", _("Noted: no money moved")
        MISMATCHED = "mismatched", _("Paid another amount or currency than the order's")
        PAID_TWICE = "paid_twice", _("Paid again for a settled order: sent back")
        UNKNOWN_ORDER = "unknown_order", _("Paid for no order of this community")
        CHARGE_TAKEN = "charge_taken", _("The same charge was used for another order")
        TOO_LATE = "too_late", _("Paid after its time, when what was kept for it was gone")
        GONE = "gone", _("Paid for what is sold out or over by now: sent back")
        REFUNDED = "refunded", _("A refund arrived")
        REFUND_FAILED = "refund_failed", _("A refund could not be made")
        DISPUTED = "disputed", _("The buyer's bank takes the money back for now")
        DISPUTE_CLOSED = "closed", _("A dispute was decided")

    OPEN_OUTCOMES = (
        Outcome.MISMATCHED,
        Outcome.PAID_TWICE,
        Outcome.UNKNOWN_ORDER,
        Outcome.CHARGE_TAKEN,
        Outcome.TOO_LATE,
        Outcome.GONE,
        Outcome.REFUND_FAILED,
        Outcome.DISPUTED,
    )

    community = models.ForeignKey(Community, models.PROTECT, related_name="notices")
    provider = models.CharField(max_length=20)
    message_id = models.CharField(max_length=160)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="notices")
    # What it was about, as it was understood.
    charge_id = models.CharField(max_length=120, blank=True)
    amount = models.PositiveBigIntegerField(null=True, blank=True)  # minor units
    currency = models.CharField(max_length=3, blank=True)
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
