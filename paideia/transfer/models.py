"""Imports: what ran, how far it came, and which outside thing became which row of ours."""

from django.db import models
from django.db.models.functions import Now

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
