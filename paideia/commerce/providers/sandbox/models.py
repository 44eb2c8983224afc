"""What the sandbox remembers of a payment: its own side, as a real provider's would be elsewhere."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.communities.models import Community


class SandboxCharge(models.Model):
    """One payment asked of the sandbox. What is paid may differ from what was asked: that is tried too."""

    class State(models.TextChoices):
        PENDING = "pending"
        PAID = "paid"
        FAILED = "failed"

    class RefundsAs(models.TextChoices):
        NOW = "now", _("Refunds arrive at once")
        LATER = "later", _("Refunds arrive when you say so below")
        FAIL = "fail", _("Refunds fail")

    class ChargesAs(models.TextChoices):
        PAY = "pay", _("Later charges succeed")
        DECLINE = "decline", _("Later charges are declined")
        SILENT = "silent", _("Later charges succeed, but the answer is lost on the way")

    token = models.CharField(max_length=43, primary_key=True)  # of the page where it is paid
    community = models.ForeignKey(Community, models.CASCADE, related_name="+")
    charge_id = models.CharField(max_length=40, unique=True)
    order_number = models.CharField(max_length=32)
    description = models.CharField(max_length=160)
    amount = models.PositiveBigIntegerField()  # minor units
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    mandate_id = models.CharField(max_length=40, blank=True)  # that this payment agrees to, or was charged by
    refunds_as = models.CharField(max_length=10, choices=RefundsAs, default=RefundsAs.NOW)
    charges_as = models.CharField(max_length=10, choices=ChargesAs, default=ChargesAs.PAY)  # by the mandate
    paid_amount = models.PositiveBigIntegerField(null=True)
    paid_at = models.DateTimeField(null=True)
    return_url = models.CharField(max_length=500)
    notify_url = models.CharField(max_length=500)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "commerce"
        indexes = [
            models.Index(fields=["order_number"], name="sandbox_charge_order"),
            models.Index(
                fields=["mandate_id"], condition=~models.Q(mandate_id=""), name="sandbox_charge_mandate"
            ),
        ]

    def __str__(self) -> str:
        return self.charge_id


class SandboxRefund(models.Model):
    """One refund asked of the sandbox, once for each key."""

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"

    charge = models.ForeignKey(SandboxCharge, models.CASCADE, related_name="refunds")
    refund_id = models.CharField(max_length=40, unique=True)
    key = models.CharField(max_length=40, unique=True)
    amount = models.PositiveBigIntegerField()  # minor units
    state = models.CharField(max_length=10, choices=State)
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "commerce"

    def __str__(self) -> str:
        return self.refund_id


class SandboxDispute(models.Model):
    """A payment that the buyer's bank takes back, for now or for good."""

    class State(models.TextChoices):
        OPENED = "opened"
        WON = "won"
        LOST = "lost"

    charge = models.ForeignKey(SandboxCharge, models.CASCADE, related_name="disputes")
    dispute_id = models.CharField(max_length=40, unique=True)
    amount = models.PositiveBigIntegerField()  # minor units
    state = models.CharField(max_length=10, choices=State, default=State.OPENED)
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "commerce"

    def __str__(self) -> str:
        return self.dispute_id
