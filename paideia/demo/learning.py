"""Lessons done and quizzes answered: the rows of `complete_lesson` and `answer_quiz`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from paideia.access.models import Milestone
from paideia.accounts.models import User
from paideia.courses.actions.gates import milestone_of
from paideia.courses.actions.progress import has_passed
from paideia.courses.grading import is_right
from paideia.courses.models import Attempt, Completion, Enrolment
from paideia.demo import deeds
from paideia.demo.founding import Place
from paideia.demo.rows import save


class Learning:
    def __init__(self, place: Place, people: Sequence[User], fact: Callable[..., None]) -> None:
        self.place, self.people, self.fact = place, people, fact
        self.questions = [list(lesson.questions.all()) for lesson in place.lessons]
        self.enrolments: dict[int, Enrolment] = {}
        self.completions: dict[tuple[int, int], Completion] = {}
        self.milestones: list[Milestone] = []
        self.attempts: list[Attempt] = []

    def complete(self, person: int, number: int, at: datetime) -> None:
        user, lesson, course = self.people[person], self.place.lessons[number], self.place.course
        assert course is not None
        if (enrolment := self.enrolments.get(person)) is None:
            enrolment = self.enrolments[person] = Enrolment(course=course, user=user, at=at)
            self.fact("course.enrolled", at, user, course)
        enrolment.last_lesson = lesson
        if (person, number) in self.completions:
            return
        self.completions[person, number] = Completion(lesson=lesson, user=user, at=at)
        self.milestones.append(Milestone(user=user, key=milestone_of(lesson), at=at))
        self.fact("lesson.completed", at, user, lesson, course=course.pk)
        done = sum((person, n) in self.completions for n in range(len(self.place.lessons)))
        if enrolment.completed_at is None and done == len(self.place.lessons):
            enrolment.completed_at = at
            self.fact("course.completed", at, user, course)

    def answer(self, deed: deeds.Quizzed) -> None:
        lesson, questions = self.place.lessons[deed.lesson], self.questions[deed.lesson]
        marked = {}
        for question, given in zip(questions, deed.given, strict=True):
            right = is_right(question.kind, question.choices, question.answers, list(given))
            marked[str(question.pk)] = {"given": list(given), "correct": right}
        correct = sum(bool(each["correct"]) for each in marked.values())
        user = self.people[deed.person]
        counted = {"correct": correct, "total": len(questions)}
        attempt = Attempt(lesson=lesson, user=user, answers=marked, at=deed.at, **counted)
        self.attempts.append(attempt)
        self.fact("quiz.answered", deed.at, user, lesson, **counted)
        if lesson.kind == "quiz" and has_passed(lesson, attempt):
            self.complete(deed.person, deed.lesson, deed.at)

    def save(self) -> None:
        save(list(self.enrolments.values()))
        save(list(self.completions.values()))
        save(self.milestones)
        save(self.attempts)
