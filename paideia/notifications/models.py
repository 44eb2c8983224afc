"""What people are told, and the mails that went out."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.communities.models import Community


class Notification(models.Model):
    """One thing told to one person, made from one fact. Its words come from kind and params when it is shown, in
    the language of whoever looks; what it points to is asked for again then, so nothing closed is told."""

    class Kind(models.TextChoices):
        COMMENT = "comment", _("Comments on what I wrote")
        ANSWER = "answer", _("Answers to my questions")
        REPLY = "reply", _("Replies to my comments")
        MENTION = "mention", _("Mentions of me")
        ACCEPTED = "accepted", _("My answer is accepted")
        REACTION = "reaction", _("Reactions to what I wrote")
        FOLLOW = "follow", _("New followers")
        ORDER = "order", _("My orders")
        BILLING = "billing", _("Payments that are due, renewals and their ends")
        TERM = "term", _("Reminders of what ends, and offers to come back")
        EARNING = "earning", _("What I earn")
        MEMBER = "member", _("Requests to join and their answers")
        PUBLISHED = "published", _("New works of people I follow")

    community = models.ForeignKey(Community, models.CASCADE, null=True, related_name="notifications")
    user = models.ForeignKey(User, models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=10, choices=Kind)
    fact_id = models.BigIntegerField()
    actor = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    document_id = models.BigIntegerField(null=True)  # what must be readable for this to be shown
    params = models.JSONField(default=dict)
    url = models.CharField(max_length=300)
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "fact_id"], name="notification_once")]
        indexes = [
            models.Index(fields=["user", "-id"], name="notification_newest"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notification_unread"),
        ]


class Mail(models.Model):
    """A mail owed to somebody: written with its cause in one transaction, sent by the worker, once."""

    user = models.ForeignKey(User, models.CASCADE, related_name="mails")
    notification = models.ForeignKey(
        Notification, models.CASCADE, null=True, blank=True, related_name="mails"
    )
    key = models.CharField(max_length=120, unique=True)
    template = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True, blank=True)  # a worker is sending it
    sent_at = models.DateTimeField(null=True, blank=True)
    dropped_because = models.CharField(
        max_length=200, blank=True
    )  # the right to read it was gone, or unwanted
