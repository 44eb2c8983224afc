"""Imports: what ran, how far it came, and which outside thing became which row of ours."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.communities.models import Community


class ImportRun(models.Model):
    community = models.ForeignKey(Community, models.CASCADE, related_name="imports")
    kind = models.CharField(max_length=20)
    source = models.CharField(max_length=200)  # names the outside system: "stackexchange:french-meta"
    position = models.JSONField(default=dict)  # how far: resumes here
    report = models.JSONField(default=dict)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    failed_because = models.TextField(blank=True)


class ImportedObject(models.Model):
    """An outside thing and the row it became. The digest tells whether it changed outside since."""

    community = models.ForeignKey(Community, models.CASCADE)
    source = models.CharField(max_length=120)
    external_id = models.CharField(max_length=200)
    object_kind = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "source", "external_id"], name="imported_once")
        ]


class Delivery(models.Model):
    """An export that somebody handed in on a page: kept until it is imported, with how far that has come."""

    class Kind(models.TextChoices):
        OLX = "olx", _("Open edX course (OLX)")
        MARKDOWN = "markdown", _("Markdown files")
        STACKEXCHANGE = "stackexchange", _("Stack Exchange dump")

    community = models.ForeignKey(Community, models.CASCADE, related_name="deliveries")
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    name = models.CharField(_("name"), max_length=80)
    storage_key = models.CharField(max_length=160, blank=True)  # blank: the file is gone
    wishes = models.JSONField(default=dict)  # {"articles": bool, "publish": bool, "dry_run": bool}
    progress = models.JSONField(default=dict)  # {"step": …, "done": …, "total": …, "seconds_left": …}
    report = models.JSONField(default=dict)
    failed_because = models.TextField(blank=True)
    handed_in_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [models.Index(fields=["community", "-handed_in_at"], name="delivery_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """waiting, running, failed or done: as pages show it."""
        if self.finished_at is not None:
            return "done"
        if self.failed_because:
            return "failed"
        return "running" if self.progress else "waiting"
