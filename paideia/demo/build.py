"""`paideia demo`: two living communities, built once, each in one transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from paideia.activity.readers import run_once
from paideia.communities.models import Community
from paideia.demo import pages
from paideia.demo.founding import found
from paideia.ledger.queries import audit

DAYS = 365
LANGUAGES = ("zh", "en")


def main() -> int:
    """Build what is missing of the demo. Interrupted, it leaves nothing half done; run again, it completes."""
    now = timezone.now()
    for language in LANGUAGES:
        slug = pages.community(language)["slug"]
        if Community.objects.filter(slug=slug).exists():
            print(f"The community “{slug}” is there already; it stays as it is.", flush=True)
        else:
            build(language, now=now)
    run_once()
    findings = audit()
    for finding in findings:
        print(f"The books do not balance: {finding}", flush=True)
    return 1 if findings else 0


@transaction.atomic
def build(language: str, *, now: datetime) -> None:
    """One community with its year: all of it, or nothing."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    found(language, now=now, since=midnight - timedelta(days=DAYS))
