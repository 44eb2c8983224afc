"""Writing courses and lessons."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from paideia.access.viewer import Viewer
from paideia.content import actions as content
from paideia.content.differences import difference
from paideia.content.forms import initial_of
from paideia.content.models import Document, Media
from paideia.content.presentation import COVER_WIDTH, media_path
from paideia.content.queries import choices_for, draft_of
from paideia.content.rendering import rendered_for
from paideia.courses import actions, queries
from paideia.courses.forms import CourseForm, LessonForm, initial_of_lesson
from paideia.courses.models import Course, Lesson, Section
from paideia.lib.refusal import NotAllowed, Refused


@login_required
@require_http_methods(["GET", "POST"])
def course_new(request: HttpRequest) -> HttpResponse:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    if not viewer.may("content.write"):
        raise NotAllowed(_("Your role does not include writing articles and courses."))
    return _write_course(request, None)


@login_required
@require_http_methods(["GET", "POST"])
def course_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _write_course(request, queries.editable_course(request.viewer, pk))  # type: ignore[attr-defined]


@login_required
@require_http_methods(["GET", "POST"])
def lesson_new(request: HttpRequest, pk: int) -> HttpResponse:
    section = queries.editable_section(request.viewer, pk)  # type: ignore[attr-defined]
    return _write_lesson(request, section, None)


@login_required
@require_http_methods(["GET", "POST"])
def lesson_edit(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = queries.editable_lesson(request.viewer, pk)  # type: ignore[attr-defined]
    return _write_lesson(request, lesson.section, lesson)


def _write_course(request: HttpRequest, course: Course | None) -> HttpResponse:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    document = course.document if course else None
    form = CourseForm(
        request.POST or None,
        request.FILES or None,
        viewer=viewer,
        choices=choices_for(viewer),
        document=document,
        current_gate=course.gate_id if course else None,
        initial=_initial_of_course(course) if course else None,
    )
    shown: dict[str, Any] = {
        "form": form,
        "course": course,
        "document": document,
        "key": f"course:{course.pk if course else 'new'}",
    }
    if course and course.cover:
        shown["cover_url"] = media_path(course.cover, COVER_WIDTH)
    if request.method == "POST" and "preview" in request.POST:
        shown["preview"] = rendered_for(viewer.community, request.POST.get("source", "")).html
    elif request.method == "POST" and form.is_valid():
        try:
            saved = _save_course(viewer, form, course)
        except content.EditConflict as conflict:
            return _conflict(request, "courses/course_edit.html", form, conflict.current, shown)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            content.discard_draft(viewer=viewer, key=shown["key"])
            messages.success(request, _("Saved."))
            return redirect("course_outline", saved.pk)
    return _answer(request, "courses/course_edit.html", form, shown)


def _save_course(viewer: Viewer, form: CourseForm, course: Course | None) -> Course:
    fields = form.saved_fields()
    fields["lessons_gate"] = fields.pop("gate")
    if form.cleaned_data["cover"] or form.cleaned_data["cover_removed"]:
        fields["cover"] = _stored(viewer, form.cleaned_data["cover"])
    return actions.save_course(
        community=viewer.community,
        author=course.document.author if course else viewer.user,
        outcomes=form.cleaned_data["outcomes"],
        plan=course.plan if course else None,
        document=course.document if course else None,
        viewer=viewer,
        **fields,
    )


def _initial_of_course(course: Course) -> dict[str, Any]:
    initial = initial_of(course.document)
    return {**initial, "gate": course.gate_id, "outcomes": "\n".join(course.outcomes)}


def _write_lesson(request: HttpRequest, section: Section, lesson: Lesson | None) -> HttpResponse:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    form = LessonForm(
        request.POST or None,
        request.FILES or None,
        course=section.course,
        lesson=lesson,
        initial=initial_of_lesson(lesson) if lesson else {"section": section.pk},
    )
    key = f"lesson:{lesson.pk}" if lesson else f"lesson:new:{section.pk}"
    shown: dict[str, Any] = {"form": form, "course": section.course, "lesson": lesson, "key": key}
    shown["document"] = lesson.document if lesson else None
    if request.method == "POST" and "preview" in request.POST:
        shown["preview"] = rendered_for(viewer.community, request.POST.get("source", "")).html
    elif request.method == "POST" and form.is_valid():
        try:
            saved = _save_lesson(viewer, form, section, lesson)
        except content.EditConflict as conflict:
            return _conflict(request, "courses/lesson_edit.html", form, conflict.current, shown)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            content.discard_draft(viewer=viewer, key=key)
            messages.success(request, _("Saved."))
            quiz = saved.kind == Lesson.Kind.QUIZ and lesson is None
            return (
                redirect("question_new", saved.pk) if quiz else redirect("course_outline", section.course_id)
            )
    return _answer(request, "courses/lesson_edit.html", form, shown)


def _save_lesson(viewer: Viewer, form: LessonForm, section: Section, lesson: Lesson | None) -> Lesson:
    given = form.cleaned_data
    fields: dict[str, Any] = {}
    if given["file"] or given["file_removed"]:
        fields["media"] = _stored(viewer, given["file"])
    target = section if given["section"] == section.pk else section.course.sections.get(pk=given["section"])
    return actions.save_lesson(
        section=target,
        lesson=lesson,
        title=given["title"],
        source=given["source"],
        kind=given["kind"],
        minutes=given["minutes"] or 0,
        video_url=given["video_url"],
        pass_percent=given["pass_percent"] if given["pass_percent"] is not None else 60,
        access=form.access(),
        viewer=viewer,
        expected_revision=given["revision"] if lesson else None,
        **fields,
    )


def _stored(viewer: Viewer, given: Any) -> Media | None:
    if not given:
        return None
    return content.store_media(community=viewer.community, uploader=viewer.user, file=given, name=given.name)


def _conflict(
    request: HttpRequest, template: str, form: Any, current: Document, shown: dict[str, Any]
) -> HttpResponse:
    """Both texts, and a form that holds the writer's own."""
    mine = Document(title=form.cleaned_data["title"], source=form.cleaned_data["source"])
    form.data = {**request.POST.dict(), "revision": str(current.revision)}
    shown |= {"conflict": True, "current": current, "difference": difference(current, mine)}
    return render(request, template, shown, status=409)


def _answer(request: HttpRequest, template: str, form: Any, shown: dict[str, Any]) -> HttpResponse:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    shown["draft"] = None if form.is_bound else draft_of(viewer, shown["key"])
    refused = form.is_bound and "preview" not in shown and form.errors
    return render(request, template, shown, status=422 if refused else 200)
