"""Making a course with nothing but forms, and what the database refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from paideia.access.models import Gate
from paideia.courses.actions import (
    add_section,
    complete_lesson,
    move_section,
    remove_section,
    save_lesson,
    save_question,
)
from paideia.courses.models import Attempt, Completion, Course, Enrolment, Lesson, Question
from paideia.lib.refusal import Invalid
from tests.cast import sign_in, viewer_of

pytestmark = pytest.mark.django_db


def test_a_course_is_made_published_and_taken_by_plain_forms(
    community: Any, mentor: Any, member: Any, visitor: Any, gate: Gate
) -> None:
    client = sign_in(mentor)
    about = {
        "title": "Asking",
        "source": "About.",
        "summary": "How",
        "outcomes": "Ask\nAnswer",
        "gate": gate.pk,
    }
    made = client.post("/c/agora/courses/new/", {**about, "save": "1"})
    course = Course.objects.get()
    assert made["Location"] == f"/c/agora/courses/{course.pk}/outline/"
    assert (course.outcomes, course.gate, course.document.gate) == (["Ask", "Answer"], gate, None)
    client.post(f"/c/agora/courses/{course.pk}/sections/", {"title": "Basics"})
    section = course.sections.get()
    new = f"/c/agora/sections/{section.pk}/lessons/new/"
    lesson = {"title": "Why", "kind": "text", "section": section.pk, "source": "Words.", "opens": "course"}
    assert client.post(new, {**lesson, "delay_days": "0", "save": "1"}).status_code == 302
    client.post(new, {**lesson, "title": "Test", "kind": "quiz", "save": "1"})
    quiz = Lesson.objects.get(kind="quiz")
    rows = {"rows": "3", "text-0": "Yes", "right-0": "on", "text-1": "No", "text-2": ""}
    client.post(f"/c/agora/lessons/{quiz.pk}/questions/new/", {"kind": "one", "prompt": "Well?", **rows})
    assert [choice["correct"] for choice in Question.objects.get().choices] == [True, False]
    client.post(f"/c/agora/courses/{course.pk}/publication/")
    seen = [sign_in(user).get(f"/c/agora/lessons/{quiz.pk}/").content for user in (member, visitor)]
    assert [b"Well?" in page for page in seen] == [True, False]


@pytest.mark.parametrize(
    ("kind", "rows", "answers"),
    [
        ("one", {"text-0": "A", "text-1": "B"}, ""),
        ("one", {"text-0": "A", "right-0": "on", "text-1": "B", "right-1": "on"}, ""),
        ("many", {"text-0": "A", "right-0": "on"}, ""),
        ("text", {}, " \n "),
        ("number", {}, "three"),
        ("number", {}, "3 ± some"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_and_what_was_written_stays(
    course: Course, lessons: dict[str, Lesson], mentor: Any, kind: str, rows: dict[str, str], answers: str
) -> None:
    sent = {"kind": kind, "prompt": "A dear question?", "rows": "2", "answers": answers, **rows}
    answer = sign_in(mentor).post(f"/c/agora/lessons/{lessons['Why'].pk}/questions/new/", sent)
    assert (answer.status_code, b"A dear question?" in answer.content) == (422, True)
    assert lessons["Why"].questions.count() == 0


def test_a_number_question_keeps_its_tolerance_through_the_form(
    course: Course, lessons: dict[str, Lesson], mentor: Any
) -> None:
    client, lesson = sign_in(mentor), lessons["Why"]
    sent = {"kind": "number", "prompt": "Pi?", "rows": "0", "answers": "3.14 ± 0.01\n22/7"}
    client.post(f"/c/agora/lessons/{lesson.pk}/questions/new/", sent)
    question = lesson.questions.get()
    assert question.answers == [{"value": 3.14, "tolerance": 0.01}, {"value": 22 / 7, "tolerance": 0}]
    assert "3.14 ± 0.01" in client.get(f"/c/agora/questions/{question.pk}/edit/").content.decode()


def test_choices_are_sanitised(lessons: dict[str, Lesson]) -> None:
    choices = [
        {"text": "<img src=x onerror=alert(1)>A", "correct": True},
        {"text": "**B**", "correct": False},
    ]
    question = save_question(lesson=lessons["Why"], kind="one", prompt="<script>x</script>?", choices=choices)
    shown = question.prompt_html + "".join(choice["text"] for choice in question.choices)
    assert ("onerror" in shown, "<script" in shown, "<strong>B</strong>" in shown) == (False, False, True)


def test_two_editors_of_a_lesson_lose_nothing(
    course: Course, lessons: dict[str, Lesson], mentor: Any, admin: Any
) -> None:
    lesson = lessons["How"]
    save_lesson(
        section=lesson.section, lesson=lesson, title="How", source="Admin's.", viewer=viewer_of(admin)
    )
    sent = {
        "title": "How",
        "kind": "text",
        "section": lesson.section_id,
        "source": "Mine.",
        "opens": "course",
    }
    answer = sign_in(mentor).post(
        f"/c/agora/lessons/{lesson.pk}/edit/", {**sent, "revision": "1", "save": "1"}
    )
    page = answer.content.decode()
    assert (answer.status_code, "Admin&#39;s." in page, "Mine." in page) == (409, True, True)
    assert Lesson.objects.get(pk=lesson.pk).document.source == "Admin's."


def test_a_section_with_lessons_stays_and_an_empty_one_goes(course: Course, mentor: Any) -> None:
    viewer = viewer_of(mentor)
    with pytest.raises(Invalid):
        remove_section(section=course.sections.get(title="Basics"), viewer=viewer)
    extra = add_section(course=course, title="Extra", viewer=viewer)
    move_section(section=extra, up=True, viewer=viewer)
    assert list(course.sections.values_list("title", flat=True)) == ["Basics", "Extra", "Practice"]
    remove_section(section=extra, viewer=viewer)
    assert course.sections.count() == 2


def test_one_s_own_courses_show_how_far_one_has_come(
    course: Course, lessons: dict[str, Lesson], member: Any, visitor: Any
) -> None:
    complete_lesson(lesson=lessons["Why"], viewer=viewer_of(member))
    mine, theirs = (
        sign_in(user).get("/c/agora/courses/mine/").content.decode() for user in (member, visitor)
    )
    assert ("Asking well" in mine, 'value="25"' in mine, "Asking well" in theirs) == (True, True, False)


def test_the_database_refuses_what_cannot_be(lessons: dict[str, Lesson], course: Course, member: Any) -> None:
    lesson = lessons["Why"]
    Enrolment.objects.create(course=course, user=member)
    Completion.objects.create(lesson=lesson, user=member)
    bad: list[Callable[[], Any]] = [
        lambda: Attempt.objects.create(lesson=lesson, user=member, answers={}, correct=2, total=1),
        lambda: Enrolment.objects.create(course=course, user=member),
        lambda: Completion.objects.create(lesson=lesson, user=member),
        lambda: Lesson.objects.filter(pk=lesson.pk).update(pass_percent=101),
    ]
    for attempt in bad:
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


@pytest.mark.parametrize(
    "address", ["/c/agora/courses/", "/c/agora/courses/{course}/", "/c/agora/lessons/{lesson}/"]
)
def test_pages_ask_as_much_for_thirty_lessons_as_for_four(
    course: Course, lessons: dict[str, Lesson], member: Any, address: str
) -> None:
    client = sign_in(member)
    address = address.format(course=course.pk, lesson=lessons["How"].pk)

    def asked() -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    few = asked()
    section = course.sections.get(title="Basics")
    for number in range(26):
        lesson = save_lesson(section=section, title=str(number), source="x")
        type(lesson.document).objects.filter(pk=lesson.pk).update(published_at=course.document.published_at)
    assert (asked(), few <= 7) == (few, True)
