"""A course as a whole: what it says of itself, who may take it, when it comes out."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from paideia.access.models import Gate, Plan
from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.communities.models import Community
from paideia.content import actions as content
from paideia.content.actions import UNCHANGED, use_as_cover
from paideia.content.models import Document, Media
from paideia.courses.actions.gates import gate_of
from paideia.courses.models import Course, Lesson
from paideia.lib.refusal import Invalid
from paideia.lib.text import clean_line

OUTCOMES_MAX = 12
OUTCOME_CHARACTERS_MAX = 200


@transaction.atomic
def save_course(
    *,
    community: Community,
    author: User | None,
    title: str,
    source: str,
    outcomes: Iterable[str] = (),
    lessons_gate: Gate | None = None,
    plan: Plan | None = None,
    cover: Media | None = UNCHANGED,
    document: Document | None = None,
    viewer: Viewer | None = None,
    **fields: Any,
) -> Course:
    """Write a course (a draft; see `publish_course`) or change it. `fields` are those of content's
    `save_document`, where `gate` guards the course's own page.

    `lessons_gate` guards the lessons that are no previews; when it changes, lessons behind the old one
    follow.
    """
    row = content.save_document(
        community=community,
        kind=Document.Kind.COURSE,
        author=author,
        title=title,
        source=source,
        document=document,
        viewer=viewer,
        **fields,
    )
    course, made = Course.objects.select_for_update().get_or_create(document=row)
    course.outcomes = outcomes_from(outcomes)
    course.plan = plan
    if cover is not UNCHANGED:
        course.cover = use_as_cover(cover, row)
    course.gate = content.gate_within(row.space, lessons_gate, community) if lessons_gate else None
    course.save()
    course.document = row
    if not made:
        _let_lessons_follow(course)
    return course


@transaction.atomic
def publish_course(*, course: Course, by: User | None, at: datetime | None = None) -> Course:
    """Bring out a course and all its lessons, now or `at` a time. Raises Invalid for one without lessons."""
    lessons = list(_lesson_documents(course))
    if not lessons:
        raise Invalid(_("Add a lesson before the course is published."))
    course.document = content.publish(document=course.document, by=by, at=at)
    for lesson in lessons:
        content.publish(document=lesson, by=by, at=at)
    return course


@transaction.atomic
def withdraw_course(*, course: Course, by: User | None) -> Course:
    """Make the course and its lessons drafts again. Progress stays."""
    course.document = content.withdraw(document=course.document, by=by)
    for lesson in _lesson_documents(course):
        content.withdraw(document=lesson, by=by)
    return course


@transaction.atomic
def remove_course(*, course: Course, by: User | None, reason: str = "") -> None:
    for lesson in _lesson_documents(course):
        content.remove_document(document=lesson, by=by, reason=reason)
    content.remove_document(document=course.document, by=by, reason=reason)


def outcomes_from(lines: Iterable[str]) -> list[str]:
    """What one can do afterwards, one line each, cleaned. Raises Invalid beyond the limits."""
    outcomes = [line for each in lines if (line := clean_line(each))]
    if len(outcomes) > OUTCOMES_MAX:
        raise Invalid(
            _("%(n)s outcomes are too many; %(max)s is the most.") % {"n": len(outcomes), "max": OUTCOMES_MAX}
        )
    for line in outcomes:
        if len(line) > OUTCOME_CHARACTERS_MAX:
            raise Invalid(
                _("“%(start)s…” has %(n)s characters; %(max)s is the most.")
                % {"start": line[:20], "n": len(line), "max": OUTCOME_CHARACTERS_MAX}
            )
    return outcomes


def _lesson_documents(course: Course) -> Iterable[Document]:
    return (
        Document.objects.filter(lesson__section__course=course, removed_at=None)
        .select_related("community")
        .order_by("lesson__section__position", "lesson__position")
    )


def _let_lessons_follow(course: Course) -> None:
    """Put every lesson into the course's space and behind the gate that follows from the course's."""
    for lesson in Lesson.objects.filter(section__course=course).select_related("document", "own_gate"):
        gate = gate_of(lesson, course)
        document = lesson.document
        if (gate and gate.pk) != document.gate_id or document.space_id != course.document.space_id:
            document.gate, document.space = gate, course.document.space
            document.save(update_fields=["gate", "space"])
