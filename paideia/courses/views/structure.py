"""The order of a course, and when it and its lessons come out: plain buttons, one small form each."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from paideia.content.forms import ScheduleForm
from paideia.courses import actions, presentation, queries
from paideia.courses.forms import SectionForm
from paideia.lib.refusal import Invalid


@login_required
@require_safe
def outline(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    course = queries.editable_course(viewer, pk)
    shown = {
        "course": course,
        "document": course.document,
        "outline": queries.outline(viewer, course, for_editing=True),
        "icons": presentation.ICONS,
        "form": SectionForm(),
        "schedule": ScheduleForm(),
    }
    return render(request, "courses/outline.html", shown)


@login_required
@require_POST
def sections(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    course = queries.editable_course(viewer, pk)
    actions.add_section(course=course, title=request.POST.get("title", ""), viewer=viewer)
    return redirect("course_outline", pk)


@login_required
@require_POST
def section(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.editable_section(viewer, pk)
    actions.rename_section(section=found, title=request.POST.get("title", ""), viewer=viewer)
    return redirect("course_outline", found.course_id)


@login_required
@require_POST
def section_position(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.editable_section(viewer, pk)
    actions.move_section(section=found, up=request.POST.get("to") == "up", viewer=viewer)
    return redirect("course_outline", found.course_id)


@login_required
@require_POST
def section_removal(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    found = queries.editable_section(viewer, pk)
    actions.remove_section(section=found, viewer=viewer)
    return redirect("course_outline", found.course_id)


@login_required
@require_POST
def lesson_position(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    lesson = queries.editable_lesson(viewer, pk)
    actions.move_lesson(lesson=lesson, up=request.POST.get("to") == "up", viewer=viewer)
    return redirect("course_outline", lesson.section.course_id)


@login_required
@require_POST
def lesson_publication(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = queries.editable_lesson(request.viewer, pk)  # type: ignore[attr-defined]
    actions.publish_lesson(lesson=lesson, by=request.user)  # type: ignore[arg-type]
    return redirect("course_outline", lesson.section.course_id)


@login_required
@require_POST
def lesson_withdrawal(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = queries.editable_lesson(request.viewer, pk)  # type: ignore[attr-defined]
    actions.withdraw_lesson(lesson=lesson, by=request.user)  # type: ignore[arg-type]
    return redirect("course_outline", lesson.section.course_id)


@login_required
@require_POST
def lesson_removal(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    lesson = queries.editable_lesson(viewer, pk)
    actions.remove_lesson(lesson=lesson, by=request.user, viewer=viewer)  # type: ignore[arg-type]
    messages.success(request, _("“%(title)s” was removed.") % {"title": lesson})
    return redirect("course_outline", lesson.section.course_id)


@login_required
@require_POST
def publication(request: HttpRequest, pk: int) -> HttpResponse:
    course = queries.editable_course(request.viewer, pk)  # type: ignore[attr-defined]
    form = ScheduleForm(request.POST)
    if not form.is_valid():
        raise Invalid(" ".join(str(error) for errors in form.errors.values() for error in errors))
    course = actions.publish_course(course=course, by=request.user, at=form.cleaned_data["at"])  # type: ignore[arg-type]
    messages.success(request, _("It is out.") if course.document.announced_at else _("It is scheduled."))
    return redirect("course", pk)


@login_required
@require_POST
def withdrawal(request: HttpRequest, pk: int) -> HttpResponse:
    course = queries.editable_course(request.viewer, pk)  # type: ignore[attr-defined]
    actions.withdraw_course(course=course, by=request.user)  # type: ignore[arg-type]
    messages.success(request, _("It is a draft again, and nobody but you and the editors sees it."))
    return redirect("course_outline", pk)


@login_required
@require_POST
def removal(request: HttpRequest, pk: int) -> HttpResponse:
    course = queries.editable_course(request.viewer, pk)  # type: ignore[attr-defined]
    actions.remove_course(course=course, by=request.user)  # type: ignore[arg-type]
    messages.success(request, _("“%(title)s” was removed.") % {"title": course})
    return redirect("manage_works")
