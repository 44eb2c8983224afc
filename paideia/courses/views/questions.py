"""Making a quiz."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.courses import actions, queries
from paideia.courses.forms import QuestionForm, initial_of_question
from paideia.courses.models import Lesson, Question
from paideia.lib.refusal import Refused


@login_required
@require_safe
def question_list(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = queries.editable_lesson(request.viewer, pk)  # type: ignore[attr-defined]
    shown = {"lesson": lesson, "questions": queries.questions_of(lesson)}
    return render(request, "courses/questions.html", shown)


@login_required
@require_http_methods(["GET", "POST"])
def question_new(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = queries.editable_lesson(request.viewer, pk)  # type: ignore[attr-defined]
    return _write(request, lesson, None)


@login_required
@require_http_methods(["GET", "POST"])
def question_edit(request: HttpRequest, pk: int) -> HttpResponse:
    question = queries.editable_question(request.viewer, pk)  # type: ignore[attr-defined]
    return _write(request, question.lesson, question)


@login_required
@require_POST
def question_position(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    question = queries.editable_question(viewer, pk)
    actions.move_question(question=question, up=request.POST.get("to") == "up", viewer=viewer)
    return redirect("questions", question.lesson_id)


@login_required
@require_POST
def question_removal(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    question = queries.editable_question(viewer, pk)
    actions.remove_question(question=question, viewer=viewer)
    return redirect("questions", question.lesson_id)


def _write(request: HttpRequest, lesson: Lesson, question: Question | None) -> HttpResponse:
    initial = initial_of_question(question) if question else None
    form = QuestionForm(request.POST or None, question=question, initial=initial)
    if request.method == "POST" and "more" in request.POST:
        form.rows += [{"text": "", "correct": False, "feedback": ""} for _row in range(2)]
    elif request.method == "POST" and form.is_valid():
        try:
            fields = form.saved_fields()
            actions.save_question(lesson=lesson, question=question, viewer=request.viewer, **fields)  # type: ignore[attr-defined]
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            return (
                redirect("question_new", lesson.pk)
                if "next" in request.POST
                else redirect("questions", lesson.pk)
            )
    shown = {"form": form, "lesson": lesson, "question": question}
    return render(
        request, "courses/question_edit.html", shown, status=422 if form.is_bound and form.errors else 200
    )
