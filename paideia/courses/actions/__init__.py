"""The only writers of courses, lessons, quizzes and progress."""

from paideia.courses.actions.courses import publish_course, remove_course, save_course, withdraw_course
from paideia.courses.actions.lessons import (
    LessonAccess,
    move_lesson,
    publish_lesson,
    remove_lesson,
    save_lesson,
    withdraw_lesson,
)
from paideia.courses.actions.progress import answer_quiz, complete_lesson, enrol
from paideia.courses.actions.questions import move_question, remove_question, save_question
from paideia.courses.actions.sections import add_section, move_section, remove_section, rename_section

__all__ = [
    "LessonAccess",
    "add_section",
    "answer_quiz",
    "complete_lesson",
    "enrol",
    "move_lesson",
    "move_question",
    "move_section",
    "publish_course",
    "publish_lesson",
    "remove_course",
    "remove_lesson",
    "remove_question",
    "remove_section",
    "rename_section",
    "save_course",
    "save_lesson",
    "save_question",
    "withdraw_course",
    "withdraw_lesson",
]
