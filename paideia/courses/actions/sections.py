"""The order of things: sections of a course, and what moves up and down."""

from collections.abc import Sequence

from django.db import models, transaction
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.content.visibility import is_editable
from paideia.courses.models import Course, Lesson, Section
from paideia.lib.refusal import Invalid, NotAllowed
from paideia.lib.text import clean_line

TITLE_CHARACTERS_MAX = 200


@transaction.atomic
def add_section(*, course: Course, title: str, viewer: Viewer | None = None) -> Section:
    """A new section at the end of the course."""
    course = locked_course(course.pk, viewer)
    last = course.sections.aggregate(last=models.Max("position"))["last"]
    return Section.objects.create(course=course, title=_title(title), position=(last or 0) + 1)


@transaction.atomic
def rename_section(*, section: Section, title: str, viewer: Viewer | None = None) -> Section:
    locked_course(section.course_id, viewer)
    section.title = _title(title)
    section.save(update_fields=["title"])
    return section


@transaction.atomic
def remove_section(*, section: Section, viewer: Viewer | None = None) -> None:
    """Remove a section without lessons; move or remove its lessons first."""
    locked_course(section.course_id, viewer)
    if section.lessons.filter(document__removed_at=None).exists():
        raise Invalid(
            _("“%(title)s” still has lessons. Move or remove them first.") % {"title": section.title}
        )
    if section.lessons.exists():  # removed lessons keep a home: their progress is people's history
        neighbour = section.course.sections.exclude(pk=section.pk).first()
        if neighbour is None:
            raise Invalid(_("A course keeps at least one section."))
        section.lessons.update(section=neighbour)
    section.delete()


@transaction.atomic
def move_section(*, section: Section, up: bool, viewer: Viewer | None = None) -> None:
    """One place up or down; at the end nothing happens."""
    course = locked_course(section.course_id, viewer)
    reorder(list(course.sections.all()), section.pk, up)


def reorder(rows: Sequence[models.Model], pk: int, up: bool) -> bool:
    """Swap a row with its neighbour and number all; False when it stands at that end already."""
    order = list(rows)
    place = next(place for place, row in enumerate(order) if row.pk == pk)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(order):
        return False
    order[place], order[other] = order[other], order[place]
    for position, row in enumerate(order, start=1):
        if row.position != position:  # type: ignore[attr-defined]
            row.position = position  # type: ignore[attr-defined]
            row.save(update_fields=["position"])
    return True


def locked_course(pk: int, viewer: Viewer | None) -> Course:
    """The course, locked: its order is changed by one person at a time. Raises NotAllowed for others'
    courses."""
    course = (
        Course.objects.select_related("document__community", "document__space__gate", "gate")
        .select_for_update(of=("self",))
        .get(pk=pk)
    )
    if viewer is not None and not is_editable(viewer, course.document):
        raise NotAllowed(_("You may not edit this course."))
    return course


def count_lessons(course: Course) -> None:
    """Keep `lessons_count`: what is published or will be, without what was removed."""
    course.lessons_count = Lesson.objects.filter(section__course=course, document__removed_at=None).count()
    course.save(update_fields=["lessons_count"])


def _title(words: str) -> str:
    title = clean_line(words)
    if not title:
        raise Invalid(_("Give the section a title."))
    if len(title) > TITLE_CHARACTERS_MAX:
        raise Invalid(_("A title has at most %(max)s characters.") % {"max": TITLE_CHARACTERS_MAX})
    return title
