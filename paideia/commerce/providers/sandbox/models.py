"""What the sandbox remembers of a payment: its own side, as a real provider's would be elsewhere."""

from django.db import models
from django.db.models.functions import Now

from paideia.communities.models import Community


class SandboxCharge(models.Model):
    """One payment asked of the sandbox. What is paid may differ from what was asked: that is tried too."""

    class State(models.TextChoices):
        PENDING = "pending"
        PAID = "paid"
        FAILED = "failed"

    token = models.CharField(max_length=43, primary_key=True)  # of the page where it is paid
    community = models.ForeignKey(Community, models.CASCADE, related_name="+")
    charge_id = models.CharField(max_length=40, unique=True)
    order_number = models.CharField(max_length=32)
    description = models.CharField(max_length=160)
    amount = models.PositiveBigIntegerField()  # minor units
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    paid_amount = models.PositiveBigIntegerField(null=True)
    paid_at = models.DateTimeField(null=True)
    return_url = models.CharField(max_length=500)
    notify_url = models.CharField(max_length=500)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "commerce"
        indexes = [models.Index(fields=["order_number"], name="sandbox_charge_order")]

    def __str__(self) -> str:
        return self.charge_id
