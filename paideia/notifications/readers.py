"""Hearing of facts and telling people."""

from django.db.models import F

from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.activity.readers import reader
from paideia.notifications.choices import wants_mail
from paideia.notifications.jobs import wake_sender
from paideia.notifications.models import Mail, Notification
from paideia.notifications.telling import WRITERS, Telling, tellings_of

TEMPLATES = {"order": "receipt", "billing": "membership", "term": "membership", "earning": "membership"}


def keep() -> None:
    """A replay forgets nothing: rows are named by person and fact, and what people have read stays read."""


@reader("notifications.tell", verbs=WRITERS, clear=keep)
def tell(facts: list[Fact]) -> None:
    """One row a person and fact. A replay finds the rows there and adds nothing, so what was read stays read."""
    owed = False
    for fact in facts:
        for telling in tellings_of(fact):
            owed = _tell(telling) or owed
    if owed:
        wake_sender()


def _tell(telling: Telling) -> bool:
    """Write a notification, and the mail it causes. Returns whether a mail is owed."""
    user = User.objects.get(pk=telling.user_id)
    row, made = Notification.objects.get_or_create(
        user=user,
        fact_id=telling.fact.pk,
        defaults={
            "community_id": telling.fact.community_id,
            "kind": telling.kind,
            "actor_id": telling.fact.actor_id
            if User.objects.filter(pk=telling.fact.actor_id or 0).exists()
            else None,
            "document_id": telling.document_id,
            "params": telling.params,
            "url": telling.url,
            "created_at": telling.fact.occurred_at,
        },
    )
    if not made:
        return False
    User.objects.filter(pk=user.pk).update(unread_count=F("unread_count") + 1)
    if not (telling.mails and user.email and wants_mail(user, telling.kind)):
        return False
    Mail.objects.get_or_create(
        key=f"notification:{telling.fact.pk}:{user.pk}",
        defaults={
            "user": user,
            "notification": row,
            "template": TEMPLATES.get(telling.kind, "told"),
        },
    )
    return True
