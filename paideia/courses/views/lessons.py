"""Lessons as they are taken."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from paideia.access.viewer import Viewer
from paideia.content import presentation as works
from paideia.content.queries import Opened, is_editable, opened
from paideia.content.shop_window import ShopWindow, shop_window
from paideia.courses import actions, presentation, queries
from paideia.courses.models import Lesson
from paideia.lib.responses import same_for_strangers


@same_for_strangers
@require_safe
def lesson(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.lesson_for(viewer, pk)
    reading = opened(viewer, found.document)
    _remember(viewer, found, reading)
    course = found.section.course
    lessons = queries.outline(viewer, course)
    before, after = lessons.around(found.pk)
    window = None if reading.is_open else shop_window(viewer, found.document, path=request.path)
    shown = {
        "lesson": found,
        "document": found.document,
        "course": course,
        "reading": reading,
        "outline": lessons,
        "icons": presentation.ICONS,
        "before": before,
        "after": after,
        "recording": presentation.recording_of(found) if reading.is_open else None,
        "media_path": works.media_path(found.media) if reading.is_open and found.media else "",
        "window": window,
        "milestone_path": _milestone_path(window, lessons),
        "may_edit": is_editable(viewer, course.document),
        "canonical": works.canonical_url(found.document, viewer.community),
        "language_tag": works.language_tag(found.document),
        "contents": works.contents_of(found.document, is_open=reading.is_open),
        **(_quiz(found, again="again" in request.GET) if reading.is_open else {}),
    }
    return render(request, "courses/lesson.html", shown)


@login_required
@require_POST
def completion(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.lesson_for(viewer, pk)
    actions.complete_lesson(lesson=found, viewer=viewer)
    return _go_on(request, found)


@login_required
@require_POST
def answers(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.lesson_for(viewer, pk)
    given = {key.removeprefix("q"): request.POST.getlist(key) for key in request.POST if key.startswith("q")}
    actions.answer_quiz(lesson=found, viewer=viewer, answers=given)
    return redirect(f"{reverse('lesson', args=[pk])}#quiz")


def _remember(viewer: Viewer, found: Lesson, reading: Opened) -> None:
    """Opening a lesson of a course that one has takes it up, and marks the place to go on from. A look at a
    free preview of a closed course is no enrolment."""
    course = found.section.course
    is_look = found.is_preview and not viewer.can_open(course.gate_id)
    is_out = course.document.published_at is not None and course.document.published_at <= viewer.now
    is_here = found.last_lesson_id == found.pk  # type: ignore[attr-defined]
    if viewer.is_member and reading.is_open and is_out and not is_look and not is_here:
        actions.enrol(course=course, viewer=viewer, lesson=found)


def _milestone_path(window: ShopWindow | None, lessons: queries.Outline) -> str:
    """The lesson that has to be completed first, where this one waits for it."""
    first = window.milestone.removeprefix("lesson:") if window else ""
    known = {str(step.pk) for step in lessons.steps}
    return reverse("lesson", args=[int(first)]) if first in known else ""


def _quiz(found: Lesson, *, again: bool) -> dict[str, object]:
    """The questions, marked with the last attempt unless somebody tries again."""
    if not found.has_questions:  # type: ignore[attr-defined]
        return {}
    attempt = None if again else found.attempt  # type: ignore[attr-defined]
    questions = queries.questions_of(found)
    passed = attempt and attempt["correct"] * 100 >= found.pass_percent * attempt["total"]
    return {
        "questions": presentation.asked(questions, attempt and attempt["answers"]),
        "attempt": attempt,
        "has_passed": passed,
    }


def _go_on(request: HttpRequest, found: Lesson) -> HttpResponse:
    """To the next lesson that is open, or back to the course with congratulations."""
    viewer = request.viewer  # type: ignore[attr-defined]
    outline = queries.outline(viewer, found.section.course)
    _before, after = outline.around(found.pk)
    if after is not None and after.is_open:
        return redirect("lesson", after.pk)
    if outline.done == len(outline.steps):
        messages.success(request, _("That was the last lesson. Well done: the course is complete."))
    else:
        messages.success(request, _("Done."))
    return redirect("course", found.section.course_id)
