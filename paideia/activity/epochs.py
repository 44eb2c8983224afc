"""Epochs: transaction ids mean nothing in another cluster, so a restored database begins a new epoch."""

from django.db import transaction

from paideia.activity.models import Epoch


@transaction.atomic
def begin(cause: str = "restored") -> Epoch:
    """Begin the next epoch. Facts of earlier ones are all visible to readers, in their old order."""
    return Epoch.objects.create(cause=cause)
