"""Threads, comments on any document, reactions, votes and accepted answers."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.content.models import Document


class Thread(models.Model):
    """A conversation opened in a space. Its document is the opening post; questions take answers."""

    document = models.OneToOneField(Document, models.CASCADE, primary_key=True)
    is_question = models.BooleanField(default=False)
    comments_count = models.PositiveIntegerField(default=0)  # kept in the same transaction as the comments
    last_activity_at = models.DateTimeField()
    last_commenter = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    pinned_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-last_activity_at"], name="thread_active")]


class Comment(models.Model):
    """A comment (or an answer) on a document: a thread's opening post, an article, a lesson.

    Its own words are a document with the root's gate, so that a closed work closes the talk about it.
    """

    document = models.OneToOneField(Document, models.CASCADE, primary_key=True)
    root = models.ForeignKey(Document, models.CASCADE, related_name="comments")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="replies")
    top = models.ForeignKey(
        "self", models.CASCADE, related_name="+"
    )  # the outermost comment above; itself there
    is_answer = models.BooleanField(default=False)
    depth = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["root", "document"], name="comment_of_root"),
            models.Index(fields=["root", "top"], name="comment_of_top"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(parent=None, depth=0, top=models.F("document"))
                | models.Q(parent__isnull=False, depth__gt=0, is_answer=False),
                name="comment_top_or_reply",
            )
        ]


class Acceptance(models.Model):
    """The asker says which answer helped. One for a question."""

    thread = models.OneToOneField(Thread, models.CASCADE, primary_key=True, related_name="acceptance")
    comment = models.OneToOneField(Comment, models.CASCADE, related_name="acceptance")
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())


class Reaction(models.Model):
    """One person's sign under a document. `up` and `down` are votes and exclude each other."""

    class Kind(models.TextChoices):
        UP = "up", _("Helpful")
        DOWN = "down", _("Not helpful")
        HEART = "heart", _("Love it")
        CLAP = "clap", _("Well done")
        THINK = "think", _("Makes me think")

    document = models.ForeignKey(Document, models.CASCADE, related_name="reactions")
    user = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="reactions"
    )  # null: imported, unnamed
    kind = models.CharField(max_length=8, choices=Kind)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "user", "kind"], name="reaction_once"),
            models.UniqueConstraint(
                fields=["document", "user"], condition=models.Q(kind__in=["up", "down"]), name="one_vote_each"
            ),
        ]


class Watch(models.Model):
    """A person wants to hear what is added below a document (or has said that they do not)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="watches")
    document = models.ForeignKey(Document, models.CASCADE, related_name="watches")
    is_muted = models.BooleanField(default=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "document"], name="watch_once")]
