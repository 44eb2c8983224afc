"""Courses as they are found and begun."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from paideia.content import presentation as works
from paideia.content.paging import page_after
from paideia.content.queries import is_editable, opened
from paideia.content.shop_window import shop_window_for
from paideia.courses import actions, presentation, queries
from paideia.lib.refusal import NotAllowed
from paideia.lib.responses import same_for_strangers


@same_for_strangers
@require_safe
def course_list(request: HttpRequest) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    page = page_after(queries.courses(viewer), request.GET.get("after"))
    cards = [presentation.course_card(card) for card in works.cards(viewer, page.rows)]
    return render(request, "courses/courses.html", {"cards": cards, "after": page.after})


@login_required
@require_safe
def my_courses(request: HttpRequest) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    found = works.cards(viewer, queries.my_courses(viewer)[:100])
    return render(
        request,
        "courses/courses.html",
        {"cards": [presentation.course_card(card) for card in found], "mine": True},
    )


@same_for_strangers
@require_safe
def course(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.course_for(viewer, pk)
    lessons = queries.outline(viewer, found)
    has_all = viewer.can_open(found.gate_id)
    shown = {
        "course": found,
        "document": found.document,
        "card": works.card(viewer, found.document),
        "reading": opened(viewer, found.document),
        "outline": lessons,
        "icons": presentation.ICONS,
        "next_step": lessons.next_open(last_pk=found.last_lesson_id),  # type: ignore[attr-defined]
        "has_all": has_all,
        "window": None
        if has_all
        else shop_window_for(viewer, found.gate_id, found.document, path=request.path),
        "may_edit": is_editable(viewer, found.document),
        "canonical": works.canonical_url(found.document, viewer.community),
        "structured": works.structured(viewer, found.document, kind="Course"),
        "language_tag": works.language_tag(found.document),
    }
    return render(request, "courses/course.html", shown)


@login_required
@require_POST
def enrolment(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin a course, or go on with it: to the lesson that is next."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.course_for(viewer, pk)
    step = queries.outline(viewer, found).next_open(last_pk=found.last_lesson_id)  # type: ignore[attr-defined]
    if not viewer.is_member or step is None:
        raise NotAllowed(_("No lesson of this course is open to you yet."))
    actions.enrol(course=found, viewer=viewer, lesson=step.lesson)
    return redirect("lesson", step.pk)
