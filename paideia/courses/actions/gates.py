"""Which gate a lesson stands behind: the one rule, kept when the course or the lesson changes."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from paideia.access.models import Gate
from paideia.activity.actions import record
from paideia.content.actions import gate_within
from paideia.courses.models import Course, Lesson
from paideia.lib.refusal import Invalid

DELAY_DAYS_MAX = 3650


@dataclass(frozen=True, slots=True)
class LessonAccess:
    """Who may take a lesson. A preview is open to whoever sees the course. Otherwise it opens with the
    course, and not before a date, days after joining or buying, or the completion of another of its
    lessons."""

    is_preview: bool = False
    opens_at: datetime | None = None
    delay_days: int = 0
    after: Lesson | None = None

    @property
    def is_timed(self) -> bool:
        return bool(self.opens_at or self.delay_days or self.after)


def gate_of(lesson: Lesson, course: Course) -> Gate | None:
    """The gate that follows for a lesson; one with a time of its own hangs it under the course's."""
    space = course.document.space
    if lesson.is_preview:
        return gate_within(space, None, course.document.community)
    around = gate_within(space, course.gate, course.document.community)
    if lesson.own_gate is None:
        return around
    if lesson.own_gate.parent_id != (around and around.pk):
        lesson.own_gate.parent = around
        lesson.own_gate.save(update_fields=["parent"])
    return lesson.own_gate


def set_access(lesson: Lesson, course: Course, access: LessonAccess, title: str) -> None:
    """Write `access` on a lesson, making or changing the gate of its own. The lesson is not saved."""
    lesson.is_preview = access.is_preview
    if access.is_preview or not access.is_timed:
        lesson.own_gate = None
        return
    if access.delay_days < 0 or access.delay_days > DELAY_DAYS_MAX:
        raise Invalid(_("A lesson can wait for %(max)s days at most.") % {"max": DELAY_DAYS_MAX})
    if access.after is not None and (
        access.after.pk == lesson.pk or access.after.section.course_id != course.pk
    ):
        raise Invalid(_("A lesson can only wait for another lesson of its course."))
    gate = lesson.own_gate or Gate(community=course.document.community)
    gate.name = _("%(lesson)s, in its time") % {"lesson": title[:80]}
    gate.parent = gate_within(course.document.space, course.gate, course.document.community)
    gate.shows = gate.parent.shows if gate.parent else Gate.Shows.PREVIEW
    gate.opens_at, gate.delay_days = access.opens_at, access.delay_days
    gate.after_milestone = milestone_of(access.after) if access.after else ""
    gate.save()
    record("gate.changed", community=gate.community_id, object=gate)
    lesson.own_gate = gate


def milestone_of(lesson: Lesson) -> str:
    """The key under which access knows that somebody completed a lesson."""
    return f"lesson:{lesson.pk}"
