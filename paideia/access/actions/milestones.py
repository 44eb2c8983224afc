"""Milestones: what gates wait for, reached."""

from datetime import datetime

from paideia.access.models import Milestone
from paideia.accounts.models import User


def reach_milestone(*, user: User, key: str, at: datetime | None = None) -> Milestone:
    """Note that a person reached what `key` names ("lesson:12"). The first time counts; safe to repeat."""
    when = {} if at is None else {"at": at}
    return Milestone.objects.get_or_create(user=user, key=key, defaults=when)[0]
