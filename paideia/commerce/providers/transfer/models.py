"""What buyers show of a bank transfer, and what the team made of it."""

import secrets

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.commerce.models.orders import Order


def _place(proof: "TransferProof", name: str) -> str:
    """Unguessable, though nothing is served from there without a question."""
    return f"transfers/{proof.order_id}/{secrets.token_urlsafe(24)}.{name.rpartition('.')[2]}"


class TransferProof(models.Model):
    """A bank's slip that a buyer showed for an order. One waits at a time; a declined one may be followed by
    another."""

    class State(models.TextChoices):
        WAITING = "waiting", _("To be looked at")
        CONFIRMED = "confirmed", _("The money is there")
        DECLINED = "declined", _("Declined")

    order = models.ForeignKey(Order, models.PROTECT, related_name="transfer_proofs")
    file = models.FileField(upload_to=_place, max_length=200)
    media_type = models.CharField(max_length=40)  # as it was found to be
    note = models.CharField(max_length=300, blank=True)  # the buyer's: who paid, when
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    received = models.PositiveBigIntegerField(null=True, blank=True)  # minor units that came, where confirmed
    reason = models.CharField(max_length=300, blank=True)  # why it was declined
    uploaded_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        app_label = "commerce"
        ordering = ["-uploaded_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=models.Q(state="waiting"), name="transfer_proof_one_waits"
            ),
            models.CheckConstraint(
                condition=models.Q(state="waiting", decided_at=None)
                | (~models.Q(state="waiting") & models.Q(decided_at__isnull=False)),
                name="transfer_proof_decided_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(state="confirmed", received__gt=0)
                | (~models.Q(state="confirmed") & models.Q(received=None)),
                name="transfer_proof_confirmed_has_amount",
            ),
        ]
        indexes = [
            models.Index(
                fields=["uploaded_at"], condition=models.Q(state="waiting"), name="transfer_proof_to_look_at"
            )
        ]
