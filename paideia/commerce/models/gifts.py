"""Offers bought for somebody else."""

from django.db import models

from paideia.accounts.models import User
from paideia.commerce.models.orders import Order


class Gift(models.Model):
    """What an order gives to whoever opens its link first. The plans begin when it is claimed."""

    order = models.OneToOneField(Order, models.PROTECT, primary_key=True, related_name="gift")
    token = models.CharField(max_length=43, unique=True)
    recipient_email = models.EmailField(blank=True)  # none: the giver passes the link on
    recipient_name = models.CharField(max_length=120, blank=True)
    message = models.CharField(max_length=500, blank=True)
    deliver_at = models.DateTimeField(null=True, blank=True)  # by mail, not before it is paid
    delivered_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    claimed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)  # refunded

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(claimed_by=None, claimed_at=None)
                | models.Q(claimed_by__isnull=False, claimed_at__isnull=False),
                name="gift_claimed_whole",
            )
        ]
        indexes = [
            models.Index(
                fields=["deliver_at"],
                condition=models.Q(delivered_at=None, deliver_at__isnull=False),
                name="gift_to_deliver",
            )
        ]
