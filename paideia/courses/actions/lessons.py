"""Lessons: a document with its place in a course and, as it may be, a recording or a file."""

from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.content import actions as content
from paideia.content.actions import UNCHANGED
from paideia.content.models import Document, Media
from paideia.courses.actions.gates import LessonAccess, gate_of, set_access
from paideia.courses.actions.sections import count_lessons, locked_course, reorder
from paideia.courses.models import Lesson, Section
from paideia.lib.refusal import Invalid

__all__ = ["LessonAccess", "move_lesson", "publish_lesson", "remove_lesson", "save_lesson", "withdraw_lesson"]

MINUTES_MAX = 1440


@transaction.atomic
def save_lesson(
    *,
    section: Section,
    title: str,
    source: str = "",
    kind: str = Lesson.Kind.TEXT,
    minutes: int = 0,
    video_url: str = "",
    media: Media | None = UNCHANGED,
    access: LessonAccess | None = None,
    pass_percent: int | None = None,
    lesson: Lesson | None = None,
    author: User | None = None,
    viewer: Viewer | None = None,
    **fields: Any,
) -> Lesson:
    """Write a lesson at the end of a section, or change it. `fields` are further ones of `save_document`.

    `access` None leaves who may take it as it is; a new one opens with the course. The lesson is a draft
    until it, or its course, is published; a lesson added to a published course is published by
    `publish_lesson`.
    """
    course = locked_course(section.course_id, viewer)
    if minutes < 0 or minutes > MINUTES_MAX:
        raise Invalid(_("A lesson has at most %(max)s minutes.") % {"max": MINUTES_MAX})
    row = lesson or Lesson()
    old_gate = row.own_gate
    if access is not None:
        set_access(row, course, access, title)
    document = content.save_document(
        community=course.document.community,
        kind=Document.Kind.LESSON,
        author=author or (viewer.user if viewer and not lesson else course.document.author),
        title=title,
        source=source,
        space=course.document.space,
        gate=gate_of(row, course),
        document=lesson.document if lesson else None,
        viewer=viewer,
        **fields,
    )
    _place(row, section, is_new=lesson is None)
    row.document, row.kind, row.minutes, row.video_url = document, kind, minutes, video_url
    if pass_percent is not None:
        row.pass_percent = pass_percent
    if media is not UNCHANGED:
        row.media = content.attach(media, document) if media else None
    row.save()
    if old_gate is not None and old_gate.pk != row.own_gate_id:
        old_gate.delete()  # it was made for this lesson alone
    if lesson is None:
        count_lessons(course)
    return row


@transaction.atomic
def publish_lesson(*, lesson: Lesson, by: User | None, at: datetime | None = None) -> Lesson:
    """Bring out one lesson, not before its course."""
    course = lesson.section.course
    out = course.document.published_at
    if out is None:
        raise Invalid(_("Publish the course: its lessons come out with it."))
    lesson.document = content.publish(document=lesson.document, by=by, at=max(out, at) if at else _later(out))
    return lesson


@transaction.atomic
def withdraw_lesson(*, lesson: Lesson, by: User | None) -> Lesson:
    lesson.document = content.withdraw(document=lesson.document, by=by)
    return lesson


@transaction.atomic
def remove_lesson(*, lesson: Lesson, by: User | None, viewer: Viewer | None = None) -> None:
    """Take a lesson out of its course. What people learned in it stays."""
    course = locked_course(lesson.section.course_id, viewer)
    content.remove_document(document=lesson.document, by=by)
    count_lessons(course)


@transaction.atomic
def move_lesson(*, lesson: Lesson, up: bool, viewer: Viewer | None = None) -> None:
    """One place up or down, over the edge of its section into the next one."""
    course = locked_course(lesson.section.course_id, viewer)
    siblings = list(Lesson.objects.filter(section_id=lesson.section_id, document__removed_at=None))
    if reorder(siblings, lesson.pk, up):
        return
    sections = list(course.sections.all())
    place = next(place for place, each in enumerate(sections) if each.pk == lesson.section_id)
    target = place - 1 if up else place + 1
    if 0 <= target < len(sections):
        edge = sections[target].lessons.aggregate(first=models.Min("position"), last=models.Max("position"))
        lesson.section = sections[target]
        lesson.position = (edge["last"] or 0) + 1 if up else 0
        lesson.save(update_fields=["section", "position"])
        if not up:  # everything behind it makes room
            rows = Lesson.objects.filter(section=sections[target]).exclude(pk=lesson.pk)
            rows.update(position=models.F("position") + 1)


def _place(row: Lesson, section: Section, *, is_new: bool) -> None:
    if is_new or row.section_id != section.pk:
        last = section.lessons.aggregate(last=models.Max("position"))["last"]
        row.section, row.position = section, (last or 0) + 1


def _later(out: datetime) -> datetime | None:
    from django.utils import timezone

    return out if out > timezone.now() else None
