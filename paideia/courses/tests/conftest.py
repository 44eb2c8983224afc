"""A course with two sections: a free preview, two paid lessons, a quiz."""

from typing import Any

import pytest

from paideia.access.models import Gate
from paideia.courses.actions import (
    LessonAccess,
    add_section,
    publish_course,
    save_course,
    save_lesson,
    save_question,
)
from paideia.courses.models import Course, Lesson


@pytest.fixture
def gate(community: Any, tier: Any) -> Gate:
    gate = Gate.objects.create(community=community, name="Members who pay")
    gate.plans.add(tier)
    return gate


@pytest.fixture
def draft(community: Any, mentor: Any, gate: Gate) -> Course:
    course = save_course(
        community=community,
        author=mentor,
        title="Asking well",
        summary="How to ask",
        source="About asking.",
        outcomes=["Ask so that others can answer"],
        lessons_gate=gate,
    )
    first = add_section(course=course, title="Basics")
    second = add_section(course=course, title="Practice")
    free = LessonAccess(is_preview=True)
    save_lesson(section=first, title="Why", source="Preview words.", minutes=5, access=free)
    save_lesson(section=first, title="How", source="Paid words.", minutes=10)
    save_lesson(section=second, title="Try", source="More paid words.")
    quiz = save_lesson(section=second, title="Quiz", kind=Lesson.Kind.QUIZ, source="Answer.")
    save_question(
        lesson=quiz,
        kind="one",
        prompt="Two and two?",
        choices=[{"text": "Three", "correct": False}, {"text": "Four", "correct": True, "feedback": "Yes"}],
        explanation="Count them on your fingers.",
    )
    save_question(lesson=quiz, kind="text", prompt="Capital of France?", answers=["Paris"])
    return course


@pytest.fixture
def course(draft: Course) -> Course:
    return publish_course(course=draft, by=None)


@pytest.fixture
def lessons(course: Course) -> dict[str, Lesson]:
    found = Lesson.objects.filter(section__course=course).select_related(
        "document", "section__course__document"
    )
    return {lesson.document.title: lesson for lesson in found}
