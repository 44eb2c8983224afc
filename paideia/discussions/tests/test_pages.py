"""The pages of talk, as people and browsers ask for them."""

import pytest

from paideia.access.models import Gate
from paideia.content.models import Document
from paideia.discussions import actions
from paideia.discussions.models import Comment, Reaction
from paideia.spaces.models import Space


@pytest.fixture
def thread(space, member, viewer_of):
    return actions.open_thread(viewer=viewer_of(member), space=space, title="Hello", source="First *words*")


def at(thread, rest=""):
    return f"/c/agora/threads/{thread.pk}/{rest}"


def test_strangers_read_and_get_no_form(thread, anonymous):
    page = anonymous.get(at(thread))
    assert page.status_code == 200
    assert "<em>words</em>" in page.text
    assert "csrfmiddlewaretoken" not in page.text
    assert page.cookies == {}


def test_a_comment_is_posted_without_javascript(thread, visitor, sign_in):
    client = sign_in(visitor)
    answer = client.post(f"/c/agora/documents/{thread.pk}/comments/", {"source": "I *agree*"})
    comment = Comment.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/c/agora/threads/{thread.pk}/#c{comment.pk}")
    assert "I <em>agree</em>" in client.get(at(thread)).text


def test_a_comment_posted_with_htmx_comes_back_alone(thread, visitor, sign_in):
    answer = sign_in(visitor).post(
        f"/c/agora/documents/{thread.pk}/comments/", {"source": "me too"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert answer.text.count("me too") == 1
    assert "<html" not in answer.text


def test_an_empty_comment_comes_back_with_what_to_do(thread, visitor, sign_in):
    answer = sign_in(visitor).post(f"/c/agora/documents/{thread.pk}/comments/", {"source": "  "})
    assert answer.status_code == 422
    assert "Write something first." in answer.text
    assert Comment.objects.count() == 0


def test_a_stranger_is_asked_to_sign_in_and_comes_back(thread, anonymous):
    answer = anonymous.post(f"/c/agora/documents/{thread.pk}/comments/", {"source": "hello"})
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/c/agora/accounts/login/?next=/c/agora/threads/{thread.pk}/",
    )


@pytest.mark.django_db(transaction=True)
def test_a_reaction_shows_as_pressed_to_its_giver_only(thread, visitor, mentor, sign_in):
    sign_in(visitor).post(f"/c/agora/documents/{thread.pk}/reactions/", {"kind": "heart"})
    assert Reaction.objects.count() == 1
    pressed = 'value="heart" aria-pressed="true"'
    assert pressed in sign_in(visitor).get(at(thread)).text
    assert pressed not in sign_in(mentor).get(at(thread)).text


@pytest.mark.django_db(transaction=True)
def test_what_changes_shows_at_once_to_strangers(thread, anonymous, member, viewer_of):
    assert "later words" not in anonymous.get(at(thread)).text
    actions.post_comment(viewer=viewer_of(member), root=thread.document, source="later words")
    assert "later words" in anonymous.get(at(thread)).text


def test_a_thread_in_a_hidden_circle_is_not_there(community, member, stranger, viewer_of, sign_in):
    from paideia.access.models import Gate, Plan

    plan = Plan.objects.create(community=community, key="c", name="Circle", kind=Plan.Kind.CIRCLE)
    gate = Gate.objects.create(community=community, name="Circle", shows="nothing")
    gate.plans.add(plan)
    circle = Space.objects.create(
        community=community, slug="c", name="C", gate=gate, plan=plan, joining="open"
    )
    from paideia.access.models import Grant

    Grant.objects.create(plan=plan, user=member, starts_at=viewer_of(member).now, source="circle:1", key="k")
    hidden = actions.open_thread(viewer=viewer_of(member), space=circle, title="Hidden", source="words")
    missing = sign_in(stranger).get(at(hidden))
    absent = sign_in(stranger).get(f"/c/agora/threads/{hidden.pk + 1}/")
    assert (missing.status_code, absent.status_code) == (404, 404)
    assert len(missing.content) == len(absent.content)


@pytest.mark.django_db(transaction=True)
def test_a_thread_page_takes_no_more_queries_for_thirty_comments(
    thread, member, visitor, sign_in, viewer_of, django_assert_max_num_queries
):
    client = sign_in(visitor)
    actions.post_comment(viewer=viewer_of(member), root=thread.document, source="one")
    with django_assert_max_num_queries(7):  # one of them for the spaces, the first time in a process
        client.get(at(thread))
    for number in range(29):
        actions.post_comment(viewer=viewer_of(member), root=thread.document, source=f"more {number}")
    with django_assert_max_num_queries(6):
        client.get(at(thread))
    with django_assert_max_num_queries(6):
        client.get(at(thread))


def test_every_page_of_talk_opens(thread, owner, member, visitor, sign_in, viewer_of):
    comment = actions.post_comment(viewer=viewer_of(member), root=thread.document, source="one")
    client = sign_in(owner)
    for path in (
        "threads/",
        "threads/?show=unanswered",
        f"threads/{thread.pk}/edit/",
        f"threads/{thread.pk}/space/",
        "spaces/general/threads/new/",
        f"documents/{thread.pk}/comments/",
        f"documents/{thread.pk}/comments/?reply={comment.pk}",
        f"comments/{comment.pk}/",
        f"comments/{comment.pk}/edit/",
        "members/mira/threads/",
    ):
        assert client.get(f"/c/agora/{path}").status_code == 200, path


def test_moderators_close_pin_and_remove_with_plain_forms(thread, moderator, visitor, sign_in):
    client = sign_in(moderator)
    assert client.post(at(thread, "closure/"), {"closed": "1"}).status_code == 302
    refused = sign_in(visitor).post(f"/c/agora/documents/{thread.pk}/comments/", {"source": "x"})
    assert refused.status_code == 403
    assert client.post(at(thread, "pin/"), {"pinned": "1"}).status_code == 302
    assert client.post(at(thread, "removal/")).status_code == 302
    assert client.get(at(thread)).status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [1, 2])
def test_saying_something_takes_thirteen_statements(
    thread, visitor, sign_in, django_assert_num_queries, times
):
    """Who asks and where (4), what is answered, five rows, the fact, and the transaction around them."""
    client = sign_in(visitor)
    path = f"/c/agora/documents/{thread.pk}/comments/"
    for number in range(1, times):
        client.post(path, {"source": f"Words {number}"}, headers={"HX-Request": "true"})
    with django_assert_num_queries(13):
        answer = client.post(path, {"source": "A zeppelin"}, headers={"HX-Request": "true"})
    assert (answer.status_code, "A zeppelin" in answer.text) == (200, True)


def test_a_comment_below_what_is_hidden_is_refused_as_if_it_were_not_there(
    thread, community, visitor, sign_in
):
    gate = Gate.objects.create(community=community, name="Team", role_keys=["owner"], shows="nothing")
    Document.objects.filter(pk=thread.pk).update(gate=gate, author=None)
    answer = sign_in(visitor).post(f"/c/agora/documents/{thread.pk}/comments/", {"source": "words"})
    assert (answer.status_code, Comment.objects.count()) == (404, 0)
