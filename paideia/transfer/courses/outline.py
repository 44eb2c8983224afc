"""A course's skeleton: its own page, its sections, and an empty lesson for each that will come.

Lessons exist before their words do, because their words link to each other.
"""

from __future__ import annotations

from typing import Any

from paideia.content.models import Document, Media
from paideia.courses import actions
from paideia.courses.actions.sections import count_lessons
from paideia.courses.models import Course, Section
from paideia.courses.models import Lesson as OurLesson
from paideia.lib.text import clean_line

from ..course import Lesson
from ..course import Section as TheirSection
from ..keeping import Kept, digest_of
from ..report import Report
from .files import Files
from .plan import Plan
from .words import Words

TITLE_MAX, SUMMARY_MAX = 200, 400


def course_key() -> str:
    return "course"


def section_key(section_id: str) -> str:
    return _key("section", section_id)


def lesson_key(lesson_id: str) -> str:
    return _key("lesson", lesson_id)


def _key(kind: str, external_id: str) -> str:
    whole = f"{kind}:{external_id}"
    return whole if len(whole) <= 190 else f"{kind}:{digest_of(external_id)}"


def load_outlines(plans: list[Plan], report: Report) -> None:
    for plan in plans:
        course = _course(plan, report)
        sections = _sections(plan, course, report)
        _lessons(plan, course, sections, report)


def short(text: str, characters_max: int, what: str, report: Report) -> str:
    """One line of at most so many characters; a cut is reported."""
    line = clean_line(text)
    if len(line) <= characters_max:
        return line
    report.converted.add(what, line[:80], "shortened", max=str(characters_max))
    return line[: characters_max - 1].rstrip() + "…"


def _course(plan: Plan, report: Report) -> Course:
    """The course's page, written anew where the export says something else than before."""
    theirs = plan.course
    cover = plan.file(theirs.cover)
    digest = digest_of(
        theirs.title, theirs.summary, theirs.description, plan.tree.digest(theirs.cover) if cover else ""
    )
    kept = plan.keeping.find_one(course_key())
    row = _live_course(kept)
    if row is not None and kept is not None and kept.digest == digest:
        report.unchanged["course"] += 1
        return row
    files = Files(plan, report, where=theirs.title)
    words = Words(files, lambda _lesson_id: None)  # a course's page stands before its lessons
    fields: dict[str, Any] = {"cover": picture} if (picture := _picture(files, theirs.cover)) else {}
    course = actions.save_course(
        community=plan.community,
        author=plan.author,
        title=short(theirs.title, TITLE_MAX, "course", report),
        summary=short(theirs.summary, SUMMARY_MAX, "course", report),
        source=words.markdown(theirs.description) if theirs.description else "",
        outcomes=row.outcomes if row else (),
        lessons_gate=row.gate if row else None,
        plan=row.plan if row else None,
        space=row.document.space if row else None,
        gate=row.document.gate if row else None,
        tags=row.document.tags if row else (),
        document=row.document if row else None,
        **fields,
    )
    plan.keeping.remember("course", [(course_key(), course.pk, digest)])
    report.imported["course"] += 1
    return course


def _live_course(kept: Kept | None) -> Course | None:
    rows = Course.objects.select_related(
        "document__community", "document__space", "document__gate", "gate", "plan"
    )
    return rows.filter(pk=kept.object_id).first() if kept else None


def _picture(files: Files, path: str) -> Media | None:
    media = files.stored(path) if path else None
    return media if media is not None and media.kind == Media.Kind.IMAGE else None


def _sections(plan: Plan, course: Course, report: Report) -> dict[str, Section]:
    theirs = plan.course.sections
    known = plan.keeping.find(section_key(section.external_id) for section in theirs)
    rows = Section.objects.filter(course=course).in_bulk([kept.object_id for kept in known.values()])
    found: dict[str, Section] = {}
    for position, section in enumerate(theirs, start=1):
        kept = known.get(section_key(section.external_id))
        row = rows.get(kept.object_id) if kept else None
        found[section.external_id] = _section(plan, course, section, row, position, report)
    return found


def _section(
    plan: Plan, course: Course, theirs: TheirSection, row: Section | None, position: int, report: Report
) -> Section:
    title = short(theirs.title, TITLE_MAX, "section", report) or "–"
    if row is not None and (row.title, row.position) == (title, position):
        report.unchanged["section"] += 1
        return row
    made = row or Section(course=course)
    made.title, made.position = title, position
    made.save()
    key = section_key(theirs.external_id)
    plan.keeping.remember("section", [(key, made.pk, digest_of(title, position))])
    report.imported["section"] += 1
    return made


def _lessons(plan: Plan, course: Course, sections: dict[str, Section], report: Report) -> None:
    known = plan.keeping.find(lesson_key(lesson.external_id) for lesson in plan.course.lessons())
    rows = OurLesson.objects.in_bulk([kept.object_id for kept in known.values()])
    for theirs in plan.course.sections:
        section = sections[theirs.external_id]
        for position, lesson in enumerate(theirs.lessons, start=1):
            kept = known.get(lesson_key(lesson.external_id))
            row = rows.get(kept.object_id) if kept else None
            if row is None:
                _begin(plan, course, section, position, lesson, report)
            elif (row.section_id, row.position) != (section.pk, position):
                OurLesson.objects.filter(pk=row.pk).update(section=section, position=position)
    if (
        course.lessons_count
        != OurLesson.objects.filter(section__course=course, document__removed_at=None).count()
    ):
        count_lessons(course)


def _begin(
    plan: Plan, course: Course, section: Section, position: int, lesson: Lesson, report: Report
) -> None:
    document = Document.objects.create(
        community=plan.community,
        kind=Document.Kind.LESSON,
        author=plan.author,
        title=short(lesson.title, TITLE_MAX, "lesson", report),
        space=course.document.space,
        gate=course.gate or (course.document.space.gate if course.document.space else None),
    )
    OurLesson.objects.create(document=document, section=section, position=position)
    plan.keeping.remember("lesson", [(lesson_key(lesson.external_id), document.pk, "")])
