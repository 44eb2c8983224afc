"""How far people get: enrolment, completion, answers."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.actions import reach_milestone
from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.content.visibility import is_open
from paideia.courses.actions.gates import milestone_of
from paideia.courses.grading import GIVEN_CHARACTERS_MAX, is_right
from paideia.courses.models import Attempt, Completion, Course, Enrolment, Lesson
from paideia.lib.refusal import Invalid, NotAllowed

ATTEMPTS_A_DAY_MAX = 200


@transaction.atomic
def enrol(*, course: Course, viewer: Viewer, lesson: Lesson | None = None) -> Enrolment:
    """Take up a course, at `lesson` where given; again only moves the place to go on from."""
    if viewer.user is None:
        raise NotAllowed(_("Sign in to take this course."))
    if not viewer.is_member:
        raise NotAllowed(_("Join the community first."))
    row, made = Enrolment.objects.get_or_create(
        course=course, user=viewer.user, defaults={"last_lesson": lesson}
    )
    if made:
        record("course.enrolled", community=viewer.community, actor=viewer.user, object=course)
    elif lesson is not None and row.last_lesson_id != lesson.pk:
        row.last_lesson = lesson
        row.save(update_fields=["last_lesson"])
    return row


@transaction.atomic
def complete_lesson(*, lesson: Lesson, viewer: Viewer) -> Completion:
    """Mark a lesson as done, once. What waits for it opens; the last one completes the course.

    A quiz is completed by answering it (`answer_quiz`). `lesson` comes with its document, section and course.
    """
    if viewer.user is None or not is_open(viewer, lesson.document):
        raise NotAllowed(_("This lesson is not open to you yet."))
    if lesson.kind == Lesson.Kind.QUIZ:
        raise Invalid(_("Answer the questions: that completes the lesson."))
    return _complete(lesson, viewer)


@transaction.atomic
def answer_quiz(*, lesson: Lesson, viewer: Viewer, answers: Mapping[str, Sequence[str]]) -> Attempt:
    """Mark somebody's answers (question id to what was chosen or written) and keep them. A quiz lesson is
    completed when the share of right answers reaches its `pass_percent`; one may try again."""
    if viewer.user is None or not is_open(viewer, lesson.document):
        raise NotAllowed(_("This lesson is not open to you yet."))
    if not viewer.is_member:
        raise NotAllowed(_("Join the community first."))
    questions = list(lesson.questions.all())
    if not questions:
        raise Invalid(_("This lesson has no questions."))
    today = Attempt.objects.filter(user=viewer.user, lesson=lesson, at__gte=viewer.now - timedelta(days=1))
    if today.count() >= ATTEMPTS_A_DAY_MAX:
        raise Invalid(_("That were many tries for one day. Read the lesson again and go on tomorrow."))
    marked = {}
    for question in questions:
        given = [str(each)[:GIVEN_CHARACTERS_MAX] for each in answers.get(str(question.pk), ())][:50]
        right = is_right(question.kind, question.choices, question.answers, given)
        marked[str(question.pk)] = {"given": given, "correct": right}
    attempt = Attempt.objects.create(
        lesson=lesson,
        user=viewer.user,
        answers=marked,
        correct=sum(each["correct"] for each in marked.values()),
        total=len(questions),
    )
    record(
        "quiz.answered",
        community=viewer.community,
        actor=viewer.user,
        object=lesson,
        correct=attempt.correct,
        total=attempt.total,
    )
    if lesson.kind == Lesson.Kind.QUIZ and has_passed(lesson, attempt):
        _complete(lesson, viewer)
    return attempt


def has_passed(lesson: Lesson, attempt: Attempt) -> bool:
    return attempt.correct * 100 >= lesson.pass_percent * attempt.total


def _complete(lesson: Lesson, viewer: Viewer) -> Completion:
    enrolment = enrol(course=lesson.section.course, viewer=viewer, lesson=lesson)
    done, made = Completion.objects.get_or_create(lesson=lesson, user=viewer.user)
    if not made:
        return done
    assert viewer.user is not None  # who enrols is somebody
    reach_milestone(user=viewer.user, key=milestone_of(lesson))
    record(
        "lesson.completed",
        community=viewer.community,
        actor=viewer.user,
        object=lesson,
        course=lesson.section.course_id,
    )
    _complete_course(enrolment, viewer)
    return done


def _complete_course(enrolment: Enrolment, viewer: Viewer) -> None:
    """The lock lets two last lessons that are completed at once see each other."""
    enrolment = Enrolment.objects.select_for_update().get(pk=enrolment.pk)
    lessons = Lesson.objects.filter(
        section__course_id=enrolment.course_id,
        document__published_at__lte=timezone.now(),
        document__removed_at=None,
    )
    if enrolment.completed_at is None and not lessons.exclude(completions__user=viewer.user).exists():
        enrolment.completed_at = timezone.now()
        enrolment.save(update_fields=["completed_at"])
        record("course.completed", community=viewer.community, actor=viewer.user, object=enrolment.course)
