"""Spaces of a community: where things are put and talked about, some open, some circles with a door."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.access.models import Gate, Plan
from paideia.accounts.models import User
from paideia.communities.models import Community


class Space(models.Model):
    """A named place in a community. What is in it is guarded by its gate (or one below it)."""

    class Kind(models.TextChoices):
        DISCUSSION = "discussion", _("Discussion")
        QUESTIONS = "questions", _("Questions and answers")
        ARTICLES = "articles", _("Articles")
        COURSES = "courses", _("Courses")
        ANNOUNCEMENTS = "announcements", _("Announcements: only the team writes")

    class Joining(models.TextChoices):
        EVERYBODY = "everybody", _("Every member is in")
        OPEN = "open", _("Circle: members may join")
        APPROVAL = "approval", _("Circle: joining is approved")

    community = models.ForeignKey(Community, models.CASCADE, related_name="spaces")
    slug = models.SlugField(max_length=60, allow_unicode=True)
    name = models.CharField(_("name"), max_length=80)
    purpose = models.CharField(_("what it is for"), max_length=300, blank=True)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.DISCUSSION)
    joining = models.CharField(_("joining"), max_length=10, choices=Joining, default=Joining.EVERYBODY)
    join_questions = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    gate = models.ForeignKey(Gate, models.PROTECT, null=True, blank=True, related_name="spaces")
    plan = models.ForeignKey(
        Plan, models.PROTECT, null=True, blank=True, related_name="circles"
    )  # held by its members
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    locked = False  # set by `spaces_for`: known to the viewer, but closed

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "slug"], name="space_once"),
            models.CheckConstraint(
                condition=models.Q(joining="everybody") | models.Q(plan__isnull=False, gate__isnull=False),
                name="circle_has_plan_and_gate",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_circle(self) -> bool:
        return self.joining != Space.Joining.EVERYBODY


class SpaceRequest(models.Model):
    """Somebody asks to be let into a circle."""

    space = models.ForeignKey(Space, models.CASCADE, related_name="requests")
    user = models.ForeignKey(User, models.CASCADE, related_name="space_requests")
    answers = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    accepted = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["space", "user"], condition=models.Q(decided_at=None), name="space_request_open_once"
            ),
            models.CheckConstraint(
                condition=models.Q(decided_at=None, accepted=None)
                | models.Q(decided_at__isnull=False, accepted__isnull=False),
                name="space_request_decided_whole",
            ),
        ]
