"""Reads of courses. Each takes the viewer and shows no more than that viewer may see."""

from dataclasses import dataclass, field
from itertools import groupby

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.fields import BooleanField
from django.db.models.functions import JSONObject

from paideia.access.viewer import Viewer
from paideia.content.models import Document
from paideia.content.queries import HEAVY, is_open
from paideia.content.visibility import editable_q, public_q
from paideia.courses.models import Attempt, Completion, Course, Enrolment, Lesson, Question, Section
from paideia.lib.refusal import NotFound

DOCUMENT = ("document", "document__author", "document__space")
UNREAD = tuple(f"document__{name}" for name in HEAVY)
COURSE_UNREAD = tuple(f"section__course__document__{name}" for name in HEAVY)


@dataclass(frozen=True, slots=True)
class Step:
    """One lesson in a list: what it is, whether it is open to this viewer and whether they are done with
    it."""

    lesson: Lesson
    is_open: bool
    is_done: bool
    is_out: bool

    @property
    def pk(self) -> int:
        return self.lesson.pk

    @property
    def title(self) -> str:
        return self.lesson.document.title


@dataclass(frozen=True, slots=True)
class Outline:
    """The lessons of a course that may be named to a viewer, by section, in order."""

    sections: list[tuple[Section, list[Step]]]
    steps: list[Step] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.steps)

    @property
    def percent(self) -> int:
        return 100 * self.done // len(self.steps) if self.steps else 0

    @property
    def minutes(self) -> int:
        return sum(step.lesson.minutes for step in self.steps)

    def next_open(self, *, last_pk: int | None = None) -> Step | None:
        """Where to go on: the first open lesson not done after the last one taken, else before it."""
        start = next((place for place, each in enumerate(self.steps) if each.pk == last_pk), 0)
        ordered = [*self.steps[start:], *self.steps[:start]]
        return next((each for each in ordered if each.is_open and not each.is_done), None)

    def around(self, pk: int) -> tuple[Step | None, Step | None]:
        """The lessons before and after one."""
        place = next((place for place, each in enumerate(self.steps) if each.pk == pk), None)
        if place is None:
            return None, None
        return (
            self.steps[place - 1] if place else None,
            self.steps[place + 1] if place + 1 < len(self.steps) else None,
        )


def courses(viewer: Viewer) -> QuerySet[Document]:
    """Published courses that may be named to this viewer, ready for cards, with `is_enrolled` and the number
    of lessons they completed (`lessons_done`)."""
    found = Document.objects.listed_to(viewer).filter(kind=Document.Kind.COURSE)
    found = found.select_related("author", "space", "course__cover").defer(*HEAVY)
    if viewer.user is None:
        return found.annotate(lessons_done=Value(0), is_enrolled=Value(False))
    done = _done_of_course(viewer, OuterRef("pk"))
    enrolled = Exists(Enrolment.objects.filter(course=OuterRef("pk"), user=viewer.user))
    return found.annotate(lessons_done=done, is_enrolled=enrolled)


def my_courses(viewer: Viewer) -> QuerySet[Document]:
    """The courses this viewer took up and may still know of, the last taken up first."""
    mine = courses(viewer).filter(course__enrolments__user=viewer.user)
    return mine.annotate(completed_at=F("course__enrolments__completed_at")).order_by(
        F("course__enrolments__completed_at").desc(nulls_first=True), "-course__enrolments__at"
    )


def course_for(viewer: Viewer, pk: int) -> Course:
    """A course with what its page shows of it, `last_lesson_id` and `is_enrolled` of this viewer included.
    Raises NotFound alike for absent and hidden ones. One query."""
    mine = Enrolment.objects.filter(course=OuterRef("pk"), user=viewer.user_id)
    course = (
        Course.objects.filter(_readable(viewer), pk=pk)
        .select_related(*DOCUMENT, "document__community", "document__gate", "cover", "gate")
        .annotate(last_lesson_id=Subquery(mine.values("last_lesson")[:1]), is_enrolled=Exists(mine))
        .first()
    )
    if course is None:
        raise NotFound("")
    return course


def editable_course(viewer: Viewer, pk: int) -> Course:
    """A course that this viewer may change. Raises NotFound alike for absent, hidden and others'."""
    related = (*DOCUMENT, "document__community", "document__gate", "document__space__gate", "cover", "gate")
    course = Course.objects.filter(editable_q(viewer, "document__"), pk=pk).select_related(*related).first()
    if course is None:
        raise NotFound("")
    return course


def outline(viewer: Viewer, course: Course, *, for_editing: bool = False) -> Outline:
    """The lessons of a course that this viewer may know of, drafts only for its editors. One query; for
    editing two, with sections that are still empty."""
    lessons = (
        Lesson.objects.filter(section__course=course.pk)
        .filter(_readable(viewer))
        .select_related("section", "document", *(("own_gate",) if for_editing else ()))
        .defer(*UNREAD)
        .annotate(is_done=_is_done(viewer))
        .order_by("section__position", "section_id", "position", "document_id")
    )
    steps = [_step(viewer, each) for each in lessons]
    if for_editing:
        by_section: dict[int, list[Step]] = {section.pk: [] for section in course.sections.all()}
        for step in steps:
            by_section[step.lesson.section_id].append(step)
        return Outline([(section, by_section[section.pk]) for section in course.sections.all()], steps)
    groups = groupby(steps, key=lambda step: step.lesson.section)
    return Outline([(section, list(found)) for section, found in groups], steps)


def lesson_for(viewer: Viewer, pk: int) -> Lesson:
    """A lesson with its course and what its page shows of it: `is_done`, `is_enrolled`, `last_lesson_id`,
    `has_questions` and the viewer's last `attempt` included. Its course must be there for this viewer too.
    One query."""
    mine = Enrolment.objects.filter(course=OuterRef("section__course"), user=viewer.user_id)
    attempts = Attempt.objects.filter(lesson=OuterRef("pk"), user=viewer.user_id).order_by("-at", "-pk")
    lesson = (
        Lesson.objects.filter(_readable(viewer), _readable(viewer, "section__course__document__"), pk=pk)
        .select_related(
            *DOCUMENT,
            "document__gate",
            "media",
            "section__course__document__community",
            "section__course__gate",
        )
        .defer("document__source", "document__text", "document__preview_text", *COURSE_UNREAD)
        .annotate(
            is_done=_is_done(viewer),
            is_enrolled=Exists(mine),
            last_lesson_id=Subquery(mine.values("last_lesson")[:1]),
            has_questions=Exists(Question.objects.filter(lesson=OuterRef("pk"))),
            attempt=Subquery(
                attempts.values(
                    found=JSONObject(answers="answers", correct="correct", total="total", at="at", pk="pk")
                )[:1]
            ),
        )
        .first()
    )
    if lesson is None:
        raise NotFound("")
    return lesson


def editable_lesson(viewer: Viewer, pk: int) -> Lesson:
    """A lesson of a course that this viewer may change."""
    lesson = (
        Lesson.objects.filter(
            editable_q(viewer, "section__course__document__"), document__removed_at=None, pk=pk
        )
        .select_related(
            "document__author",
            "document__community",
            "document__gate",
            "section__course__document__space__gate",
            "section__course__document__community",
            "section__course__gate",
            "own_gate",
            "media",
        )
        .first()
    )
    if lesson is None:
        raise NotFound("")
    return lesson


def editable_section(viewer: Viewer, pk: int) -> Section:
    found = Section.objects.filter(editable_q(viewer, "course__document__"), pk=pk)
    section = found.select_related(
        "course__document__community",
        "course__document__space__gate",
        "course__document__author",
        "course__gate",
    ).first()
    if section is None:
        raise NotFound("")
    return section


def editable_question(viewer: Viewer, pk: int) -> Question:
    found = Question.objects.filter(editable_q(viewer, "lesson__section__course__document__"), pk=pk)
    question = found.select_related(
        "lesson__document", "lesson__section__course__document__community"
    ).first()
    if question is None:
        raise NotFound("")
    return question


def questions_of(lesson: Lesson) -> list[Question]:
    """A quiz as it is asked; who may see it is who may read the lesson in full."""
    return list(lesson.questions.all())


def lessons_open_to(viewer: Viewer) -> QuerySet[Lesson]:
    """Lessons of published courses that this viewer may take in full."""
    return (
        Lesson.objects.filter(viewer.open_q("document__"), public_q(viewer, "document__"))
        .filter(_readable(viewer, "section__course__document__"))
        .select_related("document", "section__course__document")
    )


def _readable(viewer: Viewer, prefix: str = "document__") -> Q:
    return (public_q(viewer, prefix) & viewer.listed_q(prefix)) | editable_q(viewer, prefix)


def _step(viewer: Viewer, lesson: Lesson) -> Step:
    document = lesson.document
    is_out = document.published_at is not None and document.published_at <= viewer.now
    return Step(lesson, is_open(viewer, document), lesson.is_done, is_out)  # type: ignore[attr-defined]


def _is_done(viewer: Viewer) -> Exists | Value:
    if viewer.user is None:
        return Value(False, output_field=BooleanField())
    return Exists(Completion.objects.filter(lesson=OuterRef("pk"), user=viewer.user))


def _done_of_course(viewer: Viewer, course: OuterRef) -> Subquery:
    done = (
        Completion.objects.filter(
            lesson__section__course=course, user=viewer.user, lesson__document__removed_at=None
        )
        .order_by()
        .values("lesson__section__course")
        .annotate(n=Count("pk"))
    )
    return Subquery(done.values("n"))
