"""Questions of a quiz."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.communities.models import Community
from paideia.content.rendering import rendered_for
from paideia.courses.actions.sections import locked_course, reorder
from paideia.courses.grading import GIVEN_CHARACTERS_MAX, normal, number_from
from paideia.courses.models import Lesson, Question
from paideia.lib.refusal import Invalid

QUESTIONS_MAX = 100
CHOICES_MAX = 20
ANSWERS_MAX = 50


@transaction.atomic
def save_question(
    *,
    lesson: Lesson,
    kind: str,
    prompt: str,
    choices: Sequence[Mapping[str, Any]] = (),
    answers: Sequence[Any] = (),
    explanation: str = "",
    question: Question | None = None,
    position: int | None = None,
    viewer: Viewer | None = None,
) -> Question:
    """Write a question at the end of a lesson's quiz, or change it.

    All texts are Markdown. `choices` are mappings with `text`, `correct` and, as wanted, `feedback`;
    `answers` are accepted texts, or numbers as {"value": 3.5, "tolerance": 0.1}. Raises Invalid for a
    question that nobody, or anybody, could answer.
    """
    course = locked_course(lesson.section.course_id, viewer)
    community = course.document.community
    row = question or Question(lesson=lesson, position=_next_position(lesson))
    row.kind, row.prompt, row.explanation = kind, prompt, explanation
    if not prompt.strip():
        raise Invalid(_("Write the question."))
    row.prompt_html = html_of(community, prompt)
    row.explanation_html = html_of(community, explanation)
    row.choices = _choices(community, choices) if kind in ("one", "many") else []
    row.answers = [] if kind in ("one", "many") else _answers(kind, answers)
    _check_choices(kind, row.choices)
    if position is not None:
        row.position = position
    row.save()
    return row


@transaction.atomic
def move_question(*, question: Question, up: bool, viewer: Viewer | None = None) -> None:
    locked_course(question.lesson.section.course_id, viewer)
    reorder(list(question.lesson.questions.all()), question.pk, up)


@transaction.atomic
def remove_question(*, question: Question, viewer: Viewer | None = None) -> None:
    locked_course(question.lesson.section.course_id, viewer)
    question.delete()


def html_of(community: Community, source: str, *, inline: bool = False) -> str:
    """Markdown as sanitised HTML; `inline`: without the paragraph around a single one."""
    html = rendered_for(community, source).html.strip() if source.strip() else ""
    if inline and html.startswith("<p>") and html.endswith("</p>") and html.count("<p>") == 1:
        return html[3:-4]
    return html


def _choices(community: Community, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    written = [each for each in given if str(each["text"]).strip()]
    return [
        {
            "text": html_of(community, str(each["text"]), inline=True),
            "correct": bool(each["correct"]),
            "feedback": html_of(community, str(each.get("feedback") or ""), inline=True),
            "source": str(each["text"]),
            "note": str(each.get("feedback") or ""),
        }
        for each in written
    ]


def _check_choices(kind: str, choices: Sequence[Mapping[str, Any]]) -> None:
    right = sum(each["correct"] for each in choices)
    if kind not in ("one", "many"):
        return
    if len(choices) < 2 or len(choices) > CHOICES_MAX:
        raise Invalid(_("A question has 2 to %(max)s choices.") % {"max": CHOICES_MAX})
    if kind == "one" and right != 1:
        raise Invalid(
            _("Mark exactly one choice as right, or make it a question with several right choices.")
        )
    if not right:
        raise Invalid(_("Mark at least one choice as right."))


def _answers(kind: str, given: Sequence[Any]) -> list[Any]:
    if kind == "text":
        texts = [str(each).strip()[:GIVEN_CHARACTERS_MAX] for each in given if normal(str(each))]
        answers: list[Any] = list(dict.fromkeys(texts))
    else:
        answers = [_number(each) for each in given]
    if not answers:
        raise Invalid(_("Write at least one answer that is accepted."))
    if len(answers) > ANSWERS_MAX:
        raise Invalid(_("%(max)s accepted answers is the most.") % {"max": ANSWERS_MAX})
    return answers


def _number(each: Any) -> dict[str, float]:
    given = each if isinstance(each, Mapping) else {"value": each}
    value, tolerance = number_from(str(given["value"])), number_from(str(given.get("tolerance") or 0))
    if value is None or tolerance is None:
        wrong = given["value"] if value is None else given["tolerance"]
        raise Invalid(_("“%(given)s” is not a number. Write it like 3.5 or 1/3.") % {"given": wrong})
    return {"value": value, "tolerance": abs(tolerance)}


def _next_position(lesson: Lesson) -> int:
    found = lesson.questions.aggregate(last=models.Max("position"), n=models.Count("pk"))
    if found["n"] >= QUESTIONS_MAX:
        raise Invalid(_("%(max)s questions is the most for one lesson.") % {"max": QUESTIONS_MAX})
    return (found["last"] or 0) + 1
