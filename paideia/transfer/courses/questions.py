"""The questions of a lesson's problems, as one quiz in the order of the page."""

from typing import Any

from paideia.courses import actions
from paideia.courses.models import Lesson
from paideia.lib.markdown import TooComplex
from paideia.lib.refusal import Refused

from ..course import Question, Quiz
from ..report import Report
from .words import Words


def write_questions(lesson: Lesson, quizzes: list[Quiz], words: Words, report: Report, *, where: str) -> None:
    """Replace the lesson's questions by these. Answers given so far keep the questions as they were asked."""
    lesson.questions.all().delete()
    for quiz in quizzes:
        for question in quiz.questions:
            try:
                actions.save_question(lesson=lesson, **_fields(question, words))
                report.imported["quiz_question"] += 1
            except (Refused, TooComplex) as error:
                report.left_out.add(
                    "quiz_question", f"{where} › {quiz.title}", "unreadable", error=str(error)
                )


def _fields(question: Question, words: Words) -> dict[str, Any]:
    return {
        "kind": question.kind,
        "prompt": words.from_html(question.prompt_html),
        "explanation": _explanation(question, words),
        "choices": [
            {
                "text": words.from_html(choice.html),
                "correct": choice.correct,
                "feedback": words.from_html(choice.feedback_html),
            }
            for choice in question.choices
        ],
        "answers": [
            *question.texts,
            *({"value": number.value, "tolerance": number.tolerance} for number in question.numbers),
        ],
    }


def _explanation(question: Question, words: Words) -> str:
    """The solution, and behind it the hints, which have no button of their own here."""
    hints = [f"- {words.from_html(hint)}" for hint in question.hints_html]
    return "\n\n".join(filter(None, (words.from_html(question.explanation_html), "\n".join(hints))))
