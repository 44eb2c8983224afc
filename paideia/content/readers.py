"""What this room does when it hears of a fact: a right that was taken away takes its schedules along."""

from collections.abc import Iterable

from django.db import transaction

from paideia.activity.models import Fact
from paideia.activity.readers import reader
from paideia.content.actions import may_still_publish, withdraw
from paideia.content.models import Document

TAKE_RIGHTS = {"member.left", "member.role_changed", "member.suspended", "community.changed"}


@reader("content.schedules", verbs=TAKE_RIGHTS)
def withdraw_schedules(facts: list[Fact]) -> None:
    """Scheduled works whose scheduler may no longer publish are drafts again, so that a right that is gone
    does not act later. Running it again changes nothing."""
    communities: Iterable[int] = {fact.community_id for fact in facts if fact.community_id}
    waiting = Document.objects.filter(
        community__in=communities,
        announced_at=None,
        removed_at=None,
        published_at__isnull=False,
        published_by__isnull=False,
    ).select_related("community", "published_by")
    with transaction.atomic():
        for document in waiting:
            if not may_still_publish(document):
                withdraw(document=document, by=None)
