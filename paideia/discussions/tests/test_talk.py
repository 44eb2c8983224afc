"""What happens when people talk."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from paideia.access.models import Gate
from paideia.content.models import Document
from paideia.discussions import actions
from paideia.discussions.models import Acceptance, Comment, Reaction, Thread
from paideia.discussions.queries import talk_below, thread_rows, threads_open_to
from paideia.discussions.reactions import react
from paideia.lib.refusal import Invalid, NotAllowed, NotFound
from paideia.spaces.models import Space


@pytest.fixture
def questions(community):
    return Space.objects.create(community=community, slug="help", name="Help", kind=Space.Kind.QUESTIONS)


@pytest.fixture
def thread(space, member, viewer_of):
    return actions.open_thread(viewer=viewer_of(member), space=space, title="Hello", source="First *words*")


@pytest.fixture
def question(questions, visitor, viewer_of):
    return actions.open_thread(viewer=viewer_of(visitor), space=questions, title="How?", source="Tell me")


def test_a_thread_is_read_where_it_was_opened(thread, visitor, viewer_of):
    rows, older = thread_rows(viewer_of(visitor))
    assert [row.document.title for row in rows] == ["Hello"]
    assert older == ""
    assert Document.objects.get(pk=thread.pk).html == "<p>First <em>words</em></p>\n"


def test_a_stranger_cannot_open_a_thread(space, stranger, viewer_of):
    with pytest.raises(NotAllowed, match="Join the community first"):
        actions.open_thread(viewer=viewer_of(stranger), space=space, title="Hello", source="Words")
    assert Thread.objects.count() == 0


def test_only_the_team_writes_announcements(community, visitor, mentor, viewer_of):
    news = Space.objects.create(community=community, slug="news", name="News", kind=Space.Kind.ANNOUNCEMENTS)
    with pytest.raises(NotAllowed):
        actions.open_thread(viewer=viewer_of(visitor), space=news, title="Hello", source="Words")
    assert actions.open_thread(viewer=viewer_of(mentor), space=news, title="Hello", source="Words").pk


def test_comments_stand_under_what_they_answer(thread, member, visitor, viewer_of):
    first = actions.post_comment(viewer=viewer_of(visitor), root=thread.document, source="one")
    actions.post_comment(viewer=viewer_of(member), root=thread.document, source="two")
    actions.post_comment(viewer=viewer_of(member), root=thread.document, source="under one", parent=first)
    talk = talk_below(viewer_of(member), thread.document)
    shape = [
        (node.comment.document.text.strip(), [reply.comment.document.text.strip() for reply in node.replies])
        for node in talk.comments
    ]
    assert shape == [("one", ["under one"]), ("two", [])]
    assert Thread.objects.get(pk=thread.pk).comments_count == 3


def test_a_talk_takes_the_same_queries_for_one_comment_and_thirty(
    thread, member, viewer_of, django_assert_num_queries
):
    actions.post_comment(viewer=viewer_of(member), root=thread.document, source="one")
    viewer = viewer_of(member)
    with django_assert_num_queries(2):
        talk_below(viewer, thread.document)
    for number in range(29):
        actions.post_comment(viewer=viewer_of(member), root=thread.document, source=f"more {number}")
    with django_assert_num_queries(1):  # what the root is reacted to is known from the first time
        assert len(talk_below(viewer, thread.document).comments) == 30


def test_the_accepted_answer_leads_then_the_score_decides(question, member, mentor, visitor, viewer_of):
    said = [
        actions.post_comment(viewer=viewer_of(member), root=question.document, source=text, is_answer=True)
        for text in ("first", "second", "third")
    ]
    react(viewer=viewer_of(mentor), document=said[1].document, kind="up")
    actions.accept_answer(viewer=viewer_of(visitor), comment=said[2])
    assert [node.comment.pk for node in talk_below(viewer_of(member), question.document).answers] == [
        said[2].pk,
        said[1].pk,
        said[0].pk,
    ]


def test_only_the_asker_accepts(question, member, viewer_of):
    answer = actions.post_comment(
        viewer=viewer_of(member), root=question.document, source="so", is_answer=True
    )
    with pytest.raises(NotAllowed):
        actions.accept_answer(viewer=viewer_of(member), comment=answer)
    assert Acceptance.objects.count() == 0


def test_accepting_another_answer_moves_the_mark_and_again_takes_it_back(
    question, member, visitor, viewer_of
):
    one, two = (
        actions.post_comment(viewer=viewer_of(member), root=question.document, source=text, is_answer=True)
        for text in ("one", "two")
    )
    asker = viewer_of(visitor)
    assert actions.accept_answer(viewer=asker, comment=one) is True
    assert actions.accept_answer(viewer=asker, comment=two) is True
    assert list(Acceptance.objects.values_list("comment_id", flat=True)) == [two.pk]
    assert actions.accept_answer(viewer=asker, comment=two) is False
    assert Acceptance.objects.count() == 0


def test_an_answer_belongs_to_a_question(thread, member, viewer_of):
    with pytest.raises(Invalid):
        actions.post_comment(viewer=viewer_of(member), root=thread.document, source="so", is_answer=True)


def test_a_vote_replaces_the_opposite_and_the_score_follows(thread, visitor, viewer_of):
    viewer = viewer_of(visitor)
    assert react(viewer=viewer, document=thread.document, kind="up") is True
    assert Document.objects.get(pk=thread.pk).score == 1
    assert react(viewer=viewer, document=thread.document, kind="down") is True
    assert Document.objects.get(pk=thread.pk).score == -1
    assert react(viewer=viewer, document=thread.document, kind="down") is False
    assert Document.objects.get(pk=thread.pk).score == 0
    assert Reaction.objects.count() == 0


def test_one_cannot_vote_for_oneself(thread, member, viewer_of):
    with pytest.raises(NotAllowed):
        react(viewer=viewer_of(member), document=thread.document, kind="up")


def test_the_database_refuses_a_second_vote(thread, visitor):
    Reaction.objects.create(document=thread.document, user=visitor, kind="up")
    with pytest.raises(IntegrityError, match="one_vote_each"), transaction.atomic():
        Reaction.objects.create(document=thread.document, user=visitor, kind="down")


def test_the_database_refuses_a_reply_that_is_an_answer(question, member, viewer_of):
    answer = actions.post_comment(
        viewer=viewer_of(member), root=question.document, source="so", is_answer=True
    )
    with pytest.raises(IntegrityError, match="comment_top_or_reply"), transaction.atomic():
        Comment.objects.filter(pk=answer.pk).update(depth=2)


def test_a_removed_comment_keeps_its_place_only_under_replies(thread, member, visitor, viewer_of):
    one = actions.post_comment(viewer=viewer_of(visitor), root=thread.document, source="one")
    two = actions.post_comment(viewer=viewer_of(visitor), root=thread.document, source="two")
    actions.post_comment(viewer=viewer_of(member), root=thread.document, source="under one", parent=one)
    for comment in (one, two):
        actions.remove_comment(viewer=viewer_of(visitor), comment=comment)
    kept = talk_below(viewer_of(member), thread.document).comments
    assert [(node.comment.pk, node.comment.document.removed_at is None) for node in kept] == [(one.pk, False)]
    assert Thread.objects.get(pk=thread.pk).comments_count == 1


def test_nobody_removes_what_others_said_without_the_right(thread, visitor, moderator, viewer_of):
    with pytest.raises(NotAllowed):
        actions.remove_thread(viewer=viewer_of(visitor), thread=thread)
    actions.remove_thread(viewer=viewer_of(moderator), thread=thread)
    assert threads_open_to(viewer_of(visitor)).count() == 0


def test_a_closed_space_closes_the_talk_in_it(community, space, tier, member, visitor, viewer_of):
    gate = Gate.objects.create(community=community, name="Paying members")
    gate.plans.add(tier)
    Space.objects.filter(pk=space.pk).update(gate=gate)
    space.refresh_from_db()
    thread = actions.open_thread(viewer=viewer_of(member), space=space, title="Inner", source="words")
    with pytest.raises(NotFound):
        actions.post_comment(viewer=viewer_of(visitor), root=thread.document, source="let me in")
    assert threads_open_to(viewer_of(visitor)).count() == 0
    assert threads_open_to(viewer_of(member)).count() == 1


def test_moving_a_thread_moves_every_word_behind_the_new_gate(
    community, thread, tier, member, visitor, moderator, viewer_of
):
    gate = Gate.objects.create(community=community, name="Paying members")
    gate.plans.add(tier)
    inner = Space.objects.create(community=community, slug="inner", name="Inner", gate=gate)
    comment = actions.post_comment(viewer=viewer_of(visitor), root=thread.document, source="said")
    actions.move_thread(viewer=viewer_of(moderator), thread=thread, space=inner)
    gates = Document.objects.filter(pk__in=[thread.pk, comment.pk]).values_list("gate_id", flat=True)
    assert list(gates) == [gate.pk, gate.pk]


def test_paging_shows_every_thread_once_while_others_are_opened(space, member, viewer_of):
    viewer = viewer_of(member)
    opened = [
        actions.open_thread(viewer=viewer, space=space, title=f"t{number}", source="words").pk
        for number in range(45)
    ]
    seen: list[int] = []
    before = ""
    viewer = viewer_of(member)
    while True:
        rows, before = thread_rows(viewer, before=before)
        seen += [row.pk for row in rows]
        actions.open_thread(viewer=viewer_of(member), space=space, title="meanwhile", source="words")
        if not before:
            break
    assert seen == opened[::-1]


@pytest.mark.django_db(transaction=True)
def test_sixty_four_toggles_at_once_leave_score_and_rows_equal(thread, visitor, moderator, viewer_of):
    """Parallel votes of two people on one post: the score is what the rows say."""
    errors: list[Exception] = []

    def toggle(user):
        try:
            for _ in range(8):
                react(viewer=viewer_of(user), document=thread.document, kind="up")
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=toggle, args=(user,)) for user in (visitor, moderator) * 4]
    for worker in threads:
        worker.start()
    for worker in threads:
        worker.join()
    assert errors == []
    ups = Reaction.objects.filter(document=thread.document, kind="up").count()
    assert Document.objects.get(pk=thread.pk).score == ups
