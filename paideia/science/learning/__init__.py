"""What somebody knows and what to learn next: item response, tracing, prerequisites and paths."""

from paideia.science.learning.answers import Answers, Running, answers, running
from paideia.science.learning.items import Items, fit_items
from paideia.science.learning.paths import LearningPath, Prerequisite, learning_path, prerequisites
from paideia.science.learning.tracing import (
    AnswerModel,
    Tracing,
    fit_answer_model,
    fit_tracing,
    mastered,
    too_few,
)

__all__ = [
    "AnswerModel",
    "Answers",
    "Items",
    "LearningPath",
    "Prerequisite",
    "Running",
    "Tracing",
    "answers",
    "fit_answer_model",
    "fit_items",
    "fit_tracing",
    "learning_path",
    "mastered",
    "prerequisites",
    "running",
    "too_few",
]
