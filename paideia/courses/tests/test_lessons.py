"""Who may take which lesson, and how far they get."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from paideia.access.models import Gate, Milestone
from paideia.activity.models import Fact
from paideia.content.queries import is_open
from paideia.courses.actions import (
    LessonAccess,
    answer_quiz,
    complete_lesson,
    move_lesson,
    publish_course,
    publish_lesson,
    remove_lesson,
    save_course,
    save_lesson,
    withdraw_course,
)
from paideia.courses.models import Attempt, Completion, Course, Enrolment, Lesson
from paideia.courses.queries import lesson_for, outline
from paideia.lib.refusal import Invalid, NotAllowed, NotFound
from tests.cast import sign_in, viewer_of

pytestmark = pytest.mark.django_db


def opened_titles(user: Any, course: Course) -> list[str]:
    return [step.title for step in outline(viewer_of(user), course).steps if step.is_open]


def test_previews_are_open_to_all_and_the_rest_to_who_pays(
    course: Course, mentor: Any, member: Any, visitor: Any
) -> None:
    assert [opened_titles(user, course) for user in (mentor, member, visitor, None)] == [
        ["Why", "How", "Try", "Quiz"],
        ["Why", "How", "Try", "Quiz"],
        ["Why"],
        ["Why"],
    ]


def test_a_closed_lesson_shows_its_title_and_no_word(
    course: Course, lessons: dict[str, Lesson], visitor: Any
) -> None:
    page = sign_in(visitor).get(f"/c/agora/lessons/{lessons['How'].pk}/").content.decode()
    assert ("How" in page, "Paid words" in page) == (True, False)


def test_lessons_of_a_draft_course_are_for_its_writers(draft: Course, mentor: Any, member: Any) -> None:
    lesson = Lesson.objects.filter(section__course=draft).first()
    assert lesson is not None
    assert lesson_for(viewer_of(mentor), lesson.pk) == lesson
    with pytest.raises(NotFound):
        lesson_for(viewer_of(member), lesson.pk)


def test_a_lesson_comes_out_with_its_course_and_not_before(draft: Course, mentor: Any) -> None:
    section = draft.sections.get(title="Basics")
    later = save_lesson(section=section, title="Later")
    with pytest.raises(Invalid):
        publish_lesson(lesson=later, by=None)
    at = timezone.now() + timedelta(days=2)
    publish_course(course=draft, by=None, at=at)
    assert set(Lesson.objects.values_list("document__published_at", flat=True)) == {at}


def test_a_course_without_lessons_stays_a_draft(community: Any, mentor: Any) -> None:
    with pytest.raises(Invalid):
        publish_course(
            course=save_course(community=community, author=mentor, title="Empty", source=""), by=None
        )


def test_withdrawing_a_course_withdraws_its_lessons(course: Course, member: Any) -> None:
    withdraw_course(course=course, by=None)
    assert set(Lesson.objects.values_list("document__published_at", flat=True)) == {None}


def test_lessons_follow_when_the_course_gets_another_gate(course: Course, lessons: dict[str, Lesson]) -> None:
    drip = LessonAccess(delay_days=7)
    save_lesson(section=lessons["Try"].section, lesson=lessons["Try"], title="Try", source="x", access=drip)
    other = Gate.objects.create(community=course.document.community, name="Level 5", level_min=5)
    save_course(
        community=course.document.community,
        author=None,
        title="Asking well",
        source="x",
        document=course.document,
        lessons_gate=other,
    )
    gates = {
        lesson.document.title: lesson.document.gate
        for lesson in Lesson.objects.select_related("document__gate")
    }
    assert {title: gate and (gate.parent or gate) for title, gate in gates.items()} == {
        "Why": None,
        "How": other,
        "Try": other,
        "Quiz": other,
    }


def test_a_lesson_that_waits_for_another_opens_when_that_is_done(
    course: Course, lessons: dict[str, Lesson], member: Any
) -> None:
    access = LessonAccess(after=lessons["How"])
    save_lesson(section=lessons["Try"].section, lesson=lessons["Try"], title="Try", source="x", access=access)
    before = opened_titles(member, course)
    complete_lesson(lesson=lessons["How"], viewer=viewer_of(member))
    assert (before, opened_titles(member, course)) == (["Why", "How", "Quiz"], ["Why", "How", "Try", "Quiz"])


def test_taking_the_wait_away_takes_the_gate_away(course: Course, lessons: dict[str, Lesson]) -> None:
    lesson = save_lesson(
        section=lessons["Try"].section, lesson=lessons["Try"], title="Try", access=LessonAccess(delay_days=7)
    )
    save_lesson(section=lesson.section, lesson=lesson, title="Try", access=LessonAccess())
    assert set(Gate.objects.values_list("name", flat=True)) == {"Members who pay"}


def test_a_lesson_waits_for_lessons_of_its_own_course_only(
    course: Course, lessons: dict[str, Lesson], community: Any, mentor: Any
) -> None:
    with pytest.raises(Invalid):
        save_lesson(
            section=lessons["Try"].section,
            lesson=lessons["Try"],
            title="Try",
            access=LessonAccess(after=lessons["Try"]),
        )


def test_completing_is_kept_once_and_the_last_lesson_completes_the_course(
    course: Course, lessons: dict[str, Lesson], member: Any
) -> None:
    viewer = viewer_of(member)
    for title in ("Why", "How", "How", "Try"):
        complete_lesson(lesson=lessons[title], viewer=viewer)
    assert Enrolment.objects.get().completed_at is None
    right = {
        str(each.pk): ["1"] if each.kind == "one" else ["paris"] for each in lessons["Quiz"].questions.all()
    }
    answer_quiz(lesson=lessons["Quiz"], viewer=viewer, answers=right)
    assert Enrolment.objects.get().completed_at is not None
    assert Completion.objects.count() == Milestone.objects.count() == 4
    facts = Fact.objects.filter(actor_id=member.pk).order_by("id").values_list("verb", flat=True)
    assert [verb for verb in facts if verb.startswith(("course.", "lesson.", "quiz."))] == [
        "course.enrolled",
        "lesson.completed",
        "lesson.completed",
        "lesson.completed",
        "quiz.answered",
        "lesson.completed",
        "course.completed",
    ]


def test_nobody_completes_what_is_closed_to_them(lessons: dict[str, Lesson], visitor: Any) -> None:
    with pytest.raises(NotAllowed):
        complete_lesson(lesson=lessons["How"], viewer=viewer_of(visitor))
    assert sign_in(visitor).post(f"/c/agora/lessons/{lessons['How'].pk}/completion/").status_code == 403
    assert Completion.objects.count() == 0


def test_a_quiz_is_completed_by_enough_right_answers(lessons: dict[str, Lesson], member: Any) -> None:
    quiz, viewer = lessons["Quiz"], viewer_of(member)
    with pytest.raises(Invalid):
        complete_lesson(lesson=quiz, viewer=viewer)
    one, text = quiz.questions.all()
    answer_quiz(lesson=quiz, viewer=viewer, answers={str(one.pk): ["1"]})
    assert not Completion.objects.exists()
    answer_quiz(lesson=quiz, viewer=viewer, answers={str(one.pk): ["1"], str(text.pk): ["Paris"]})
    assert list(Attempt.objects.order_by("pk").values_list("correct", "total")) == [(1, 2), (2, 2)]
    assert Completion.objects.count() == 1


def test_the_page_says_what_is_right_only_after_answering(lessons: dict[str, Lesson], member: Any) -> None:
    client, address = sign_in(member), f"/c/agora/lessons/{lessons['Quiz'].pk}/"
    one, _text = lessons["Quiz"].questions.all()
    before = client.get(address).content.decode()
    answered = client.post(f"{address}answers/", {f"q{one.pk}": "0"})
    after = client.get(address).content.decode()
    again = client.get(f"{address}?again=1").content.decode()
    telling = ["fingers", "Paris", "choice-right"]
    assert answered.status_code == 302
    assert [[word in page for word in telling] for page in (before, after, again)] == [
        [False, False, False],
        [True, True, True],
        [False, False, False],
    ]


def test_opening_a_paid_lesson_enrols_and_a_look_at_a_preview_does_not(
    lessons: dict[str, Lesson], member: Any, visitor: Any
) -> None:
    sign_in(visitor).get(f"/c/agora/lessons/{lessons['Why'].pk}/")
    assert Enrolment.objects.count() == 0
    client = sign_in(member)
    for title in ("Why", "How"):
        client.get(f"/c/agora/lessons/{lessons[title].pk}/")
    enrolment = Enrolment.objects.get()
    assert (enrolment.user, enrolment.last_lesson) == (member, lessons["How"])


def test_going_on_leads_to_the_next_lesson_not_done(
    course: Course, lessons: dict[str, Lesson], member: Any
) -> None:
    complete_lesson(lesson=lessons["Why"], viewer=viewer_of(member))
    answer = sign_in(member).post(f"/c/agora/courses/{course.pk}/enrolment/")
    assert answer["Location"] == f"/c/agora/lessons/{lessons['How'].pk}/"


def test_lessons_move_over_the_edge_of_their_section(
    course: Course, lessons: dict[str, Lesson], mentor: Any
) -> None:
    viewer = viewer_of(mentor)
    move_lesson(lesson=lessons["Try"], up=True, viewer=viewer)
    assert [step.title for step in outline(viewer, course).steps] == ["Why", "How", "Try", "Quiz"]
    assert Lesson.objects.get(pk=lessons["Try"].pk).section.title == "Basics"
    move_lesson(lesson=Lesson.objects.get(pk=lessons["Try"].pk), up=True, viewer=viewer)
    assert [step.title for step in outline(viewer, course).steps] == ["Why", "Try", "How", "Quiz"]
    move_lesson(lesson=Lesson.objects.get(pk=lessons["How"].pk), up=False, viewer=viewer)
    assert [step.title for step in outline(viewer, course).steps] == ["Why", "Try", "How", "Quiz"]
    assert Lesson.objects.get(pk=lessons["How"].pk).section.title == "Practice"


def test_a_removed_lesson_leaves_the_course_and_its_count(
    course: Course, lessons: dict[str, Lesson], mentor: Any
) -> None:
    remove_lesson(lesson=lessons["Try"], by=mentor, viewer=viewer_of(mentor))
    assert Course.objects.get().lessons_count == 3
    assert [step.title for step in outline(viewer_of(mentor), course).steps] == ["Why", "How", "Quiz"]


def test_only_a_course_s_writers_change_it(
    course: Course, lessons: dict[str, Lesson], member: Any, admin: Any
) -> None:
    lesson = lessons["How"]
    with pytest.raises(NotAllowed):
        save_lesson(section=lesson.section, lesson=lesson, title="Mine", viewer=viewer_of(member))
    for name in ("edit", "questions"):
        assert sign_in(member).get(f"/c/agora/lessons/{lesson.pk}/{name}/").status_code == 404
        assert sign_in(admin).get(f"/c/agora/lessons/{lesson.pk}/{name}/").status_code == 200
    assert is_open(viewer_of(admin), lesson.document)
