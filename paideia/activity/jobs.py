"""Scheduled work on the fact table."""

import logging

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from paideia.activity.auditing import findings
from paideia.activity.partitions import make_ahead

log = logging.getLogger(__name__)


class ChainIsBroken(Exception):
    """The chain of audit records is not what was written. The job fails, so that it stays in the operator's sight."""


@app.periodic(cron="17 * * * *")
@app.task(name="activity.make_partitions", queueing_lock="activity.make_partitions")
def make_partitions(timestamp: int) -> None:
    """Hourly: the partitions of this month and the next three."""
    with transaction.atomic():
        make_ahead(timezone.now().date())


@app.periodic(cron="41 2 * * *")
@app.task(name="activity.check_chain", queueing_lock="activity.check_chain")
def check_chain(timestamp: int) -> None:
    """Nightly: raise ChainIsBroken, and say so in the log, where the chain of audit records is broken."""
    if wrong := list(findings()):
        for one in wrong:
            log.critical("audit: %s", one)
        raise ChainIsBroken("; ".join(wrong[:20]))
