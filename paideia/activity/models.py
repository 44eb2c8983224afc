"""Facts, the epochs that order them, and the readers' positions."""

from django.db import models
from django.db.models.functions import Now


class Epoch(models.Model):
    """One life of the database cluster. Transaction ids compare within one; a restore begins the next."""

    begun_at = models.DateTimeField(db_default=Now())
    cause = models.CharField(max_length=200)


class Fact(models.Model):
    """One thing that happened, written in the transaction that made it true. Append-only.

    The table is partitioned by month of `recorded_at` and has no foreign keys: a log outlives what it
    mentions. Its real shape is in the migration's SQL; `epoch`, `xid` and `recorded_at` are filled by the
    database.
    """

    id = models.BigAutoField(primary_key=True)
    epoch = models.IntegerField(editable=False)
    xid = models.BigIntegerField(editable=False)  # the writing transaction's xid8
    recorded_at = models.DateTimeField(editable=False)
    occurred_at = models.DateTimeField()
    community_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    verb = models.CharField(max_length=40)
    object_kind = models.CharField(max_length=40, blank=True)
    object_id = models.BigIntegerField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        managed = False
        db_table = "activity_fact"


class ReaderPosition(models.Model):
    """How far a reader has come: it has acted on every fact up to and including this one, in commit order."""

    reader = models.CharField(max_length=80, primary_key=True)
    epoch = models.IntegerField(default=0)
    xid = models.BigIntegerField(default=0)
    fact_id = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(db_default=Now())


class SetAside(models.Model):
    """A fact that a reader failed on: kept with its error, tried again later, the rest went on."""

    reader = models.CharField(max_length=80)
    fact_id = models.BigIntegerField()
    error = models.TextField()
    tries = models.PositiveIntegerField(default=1)
    next_try_at = models.DateTimeField()
    set_aside_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "fact_id"], name="set_aside_once")]


class AuditRecord(models.Model):
    """One privileged or money action, chained to the one before by its hash. Append-only; written from the facts, and
    whole in itself, so that it outlives them."""

    number = models.BigIntegerField(primary_key=True)  # 1, 2, 3 …: a gap is a record that is gone
    fact_id = models.BigIntegerField(unique=True)
    occurred_at = models.DateTimeField()
    community_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    verb = models.CharField(max_length=40)
    object_kind = models.CharField(max_length=40, blank=True)
    object_id = models.BigIntegerField(null=True)
    detail = models.JSONField(default=dict)  # with before and after, and the address that it came from
    hash = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["community_id", "-number"], name="audit_of_community")]
