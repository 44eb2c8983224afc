"""Scheduled work on the fact table."""

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from paideia.activity.partitions import make_ahead


@app.periodic(cron="17 * * * *")
@app.task(name="activity.make_partitions", queueing_lock="activity.make_partitions")
def make_partitions(timestamp: int) -> None:
    """Hourly: the partitions of this month and the next three."""
    with transaction.atomic():
        make_ahead(timezone.now().date())
