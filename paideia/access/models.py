"""Plans that people hold, gates that guard works, and the grants that open them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.communities.models import Community


class Plan(models.Model):
    """Something a person can hold: a tier, a course, a circle, a ticket."""

    class Kind(models.TextChoices):
        TIER = "tier", _("Membership tier")
        WORK = "work", _("Single work")
        CIRCLE = "circle", _("Circle")

    community = models.ForeignKey(Community, models.CASCADE, related_name="plans")
    key = models.SlugField(max_length=60)
    name = models.CharField(_("name"), max_length=120)
    summary = models.CharField(_("summary"), max_length=300, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.TIER)
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["community", "key"], name="plan_once")]
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Gate(models.Model):
    """What guards works. It opens to whoever holds one of its plans, has one of its roles or reaches its
    level, once its own date, delay and milestone are met and its parent gate is open too.

    A gate that names no plan, role or level opens to those its parent opens to; without a parent, to every
    member. `shows` is what a closed gate lets be seen.
    """

    class Shows(models.TextChoices):
        PREVIEW = "preview", _("Title and preview")
        TITLE = "title", _("Title only")
        NOTHING = "nothing", _("Nothing: hidden")

    community = models.ForeignKey(Community, models.CASCADE, related_name="gates")
    name = models.CharField(_("name"), max_length=120)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    plans = models.ManyToManyField(Plan, related_name="gates", blank=True)
    role_keys = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    level_min = models.PositiveSmallIntegerField(null=True, blank=True)
    shows = models.CharField(max_length=10, choices=Shows, default=Shows.PREVIEW)
    free_reads = models.BooleanField(default=False)  # may be opened with one of the month's free reads
    opens_at = models.DateTimeField(null=True, blank=True)  # drip: not before this date
    delay_days = models.PositiveSmallIntegerField(
        default=0
    )  # drip: since the plan was first held, or joining
    after_milestone = models.CharField(max_length=60, blank=True)  # drip: "lesson:12" completed first

    class Meta:
        indexes = [models.Index(fields=["community"], name="gate_of_community")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(parent=None) | ~models.Q(parent=models.F("id")),
                name="gate_not_below_itself",
            ),
            models.CheckConstraint(
                condition=models.Q(level_min=None) | models.Q(level_min__gte=1), name="gate_level_from_1"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """A plan held by a person, from a time, until a time or for good, with its source. Never edited, only
    revoked or shortened, so that history can be asked."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="grants")
    user = models.ForeignKey(User, models.CASCADE, related_name="grants")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=80)  # "order:12", "trial:3", "circle:4", "staff:7"
    key = models.CharField(max_length=120, unique=True)  # names the cause, so that it is given once
    is_trial = models.BooleanField(default=False)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_because = models.CharField(max_length=200, blank=True)
    given_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at=None) | models.Q(ends_at__gte=models.F("starts_at")),
                name="grant_ends_after_start",
            ),
            models.CheckConstraint(
                condition=~models.Q(source="") & ~models.Q(key=""), name="grant_names_its_cause"
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_because="") | models.Q(revoked_at__isnull=False),
                name="grant_revoked_whole",
            ),
            models.UniqueConstraint(
                fields=["plan", "user"], condition=models.Q(is_trial=True), name="grant_one_trial_each"
            ),
        ]
        indexes = [models.Index(fields=["user", "plan"], name="grant_of_user")]


class Milestone(models.Model):
    """Something a person reached that a gate can wait for ("lesson:12"). Written by the room that knows."""

    user = models.ForeignKey(User, models.CASCADE, related_name="milestones")
    key = models.CharField(max_length=60)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="milestone_once")]


class Policy(models.Model):
    """A sentence about access that must stay true: whoever has this must, or must never, be able to open that.

    `subject_plans` are the plans that the subject holds, and no others. Of an offer, which is a row of the room
    above, the id stands here; that room keeps the name and the plans in step.
    """

    class Demand(models.TextChoices):
        NEVER = "never", _("must never be able to open")
        MUST = "must", _("must be able to open")

    community = models.ForeignKey(Community, models.CASCADE, related_name="policies")
    demand = models.CharField(max_length=5, choices=Demand)
    offer_id = models.BigIntegerField(null=True, blank=True)
    subject_name = models.CharField(max_length=120, blank=True)  # none: a member who holds no plan
    subject_plans = models.ManyToManyField(Plan, related_name="policies", blank=True)
    gate = models.ForeignKey(Gate, models.CASCADE, related_name="policies")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        words = {"subject": self.subject_name, "gate": self.gate.name}
        if self.demand == self.Demand.NEVER:
            if self.subject_name:
                return gettext("Whoever has “%(subject)s” must never be able to open “%(gate)s”.") % words
            return gettext("A member without a plan must never be able to open “%(gate)s”.") % words
        if self.subject_name:
            return gettext("Whoever has “%(subject)s” must be able to open “%(gate)s”.") % words
        return gettext("A member without a plan must be able to open “%(gate)s”.") % words


class FreeRead(models.Model):
    """One of the month's free reads, spent on one work, which stays open to its reader."""

    community = models.ForeignKey(Community, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE, related_name="free_reads")
    document_id = models.BigIntegerField()  # content lies above; ids only
    month = models.DateField()  # its first day, in the community's time zone
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "document_id"], name="free_read_once"),
            models.CheckConstraint(condition=models.Q(month__day=1), name="free_read_month_begins"),
        ]
        indexes = [models.Index(fields=["community", "user", "month"], name="free_read_month")]
