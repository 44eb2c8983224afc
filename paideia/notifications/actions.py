"""Marking notifications as read."""

from django.db import transaction
from django.utils import timezone

from paideia.accounts.models import User
from paideia.notifications.models import Notification


@transaction.atomic
def mark_read(*, user: User) -> None:
    """Mark all of a person's notifications as read. The count is taken again, so it cannot drift."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    Notification.objects.filter(user=locked, read_at=None).update(read_at=timezone.now())
    User.objects.filter(pk=locked.pk).update(unread_count=0)
