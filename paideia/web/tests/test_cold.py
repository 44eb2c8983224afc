"""How many statements the first view of a page takes after something in the community has changed."""

from typing import Any

import pytest
from django.test import Client

from paideia.activity.readers import run_once
from paideia.content import actions as content
from paideia.courses.actions import add_section, publish_course, save_course, save_lesson
from paideia.discussions import actions as talk
from tests.cast import sign_in, viewer_of

pytestmark = pytest.mark.django_db(transaction=True)
# A stranger's page asks for the community and what may be seen; a member's also for the session and the person.
MOST = {
    "": (4, 6),
    "threads/{thread}/": (4, 6),
    "articles/{article}/": (3, 5),
    "courses/{course}/": (4, 6),
    "lessons/{lesson}/": (4, 6),
    "spaces/general/": (4, 6),
    "search/?q=words": (3, 5),
    "pricing/": (3, 6),
    "members/{handle}/": (3, 5),
}


@pytest.fixture
def places(community: Any, mentor: Any, visitor: Any, space: Any) -> dict[str, Any]:
    thread = talk.open_thread(viewer=viewer_of(visitor), space=space, title="Hello", source="words")
    article = content.save_article(
        community=community, author=mentor, title="Essay", source="words", space=space
    )
    course = save_course(community=community, author=mentor, title="Course", source="words")
    lesson = save_lesson(section=add_section(course=course, title="One"), title="Lesson", source="words")
    content.publish(document=article, by=None)
    publish_course(course=course, by=None)
    run_once()
    return {
        "thread": thread.pk,
        "article": article.pk,
        "course": course.pk,
        "lesson": lesson.pk,
        "handle": mentor.handle,
    }


@pytest.mark.parametrize("path", MOST)
@pytest.mark.parametrize("signed_in", [False, True])
def test_a_page_after_a_change_takes_few_statements(
    community: Any,
    mentor: Any,
    visitor: Any,
    places: dict[str, Any],
    path: str,
    signed_in: bool,
    django_assert_num_queries: Any,
) -> None:
    client = sign_in(visitor) if signed_in else Client()
    address = f"/c/agora/{path.format(**places)}"
    assert client.get(address).status_code == 200
    thread = talk.Thread.objects.select_related("document").get(pk=places["thread"])
    talk.post_comment(viewer=viewer_of(mentor), root=thread.document, source="Something changes")
    with django_assert_num_queries(MOST[path][signed_in]):
        assert client.get(address).status_code == 200
