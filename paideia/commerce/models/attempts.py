"""What providers call the tries to pay an order."""

from django.db import models
from django.db.models.functions import Now

from paideia.commerce.models.orders import Order


class Attempt(models.Model):
    """One try to pay an order, under the provider's own name for it, so that it can be asked about and gone on with.
    Only of providers that do not know an order by our number."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="attempts")
    provider = models.CharField(max_length=20)
    reference = models.CharField(max_length=120)  # the provider's
    address = models.CharField(max_length=2000, blank=True)  # of its page
    expires_at = models.DateTimeField(null=True, blank=True)  # of that page
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "provider", "reference"], name="attempt_once"),
        ]
        indexes = [models.Index(fields=["provider", "reference"], name="attempt_by_reference")]
