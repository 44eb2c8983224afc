"""Who is told what, by which way, and who is not."""

import pytest
from django.core import mail

from paideia.access.actions import revoke
from paideia.access.models import Gate, Grant
from paideia.accounts.models import User
from paideia.activity.readers import rewind, run_once
from paideia.discussions import actions as talk
from paideia.notifications.actions import mark_read
from paideia.notifications.jobs import send_owed
from paideia.notifications.models import Mail, Notification
from paideia.notifications.queries import notifications_of
from paideia.notifications.wording import sentence
from paideia.spaces.models import Space

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def thread(space, member, viewer_of):
    return talk.open_thread(viewer=viewer_of(member), space=space, title="Hello", source="First words")


def told_to(user):
    return list(Notification.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


def test_the_asker_hears_of_an_answer_in_the_app_and_by_mail(community, visitor, mentor, viewer_of):
    help_space = Space.objects.create(
        community=community, slug="help", name="Help", kind=Space.Kind.QUESTIONS
    )
    question = talk.open_thread(viewer=viewer_of(visitor), space=help_space, title="How?", source="Tell me")
    talk.post_comment(viewer=viewer_of(mentor), root=question.document, source="So.", is_answer=True)
    run_once()
    rows, _ = notifications_of(viewer_of(visitor))
    assert [sentence(row) for row in rows] == ["menno answered “How?”"]
    assert User.objects.get(pk=visitor.pk).unread_count == 1
    assert send_owed() == 1
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["vera@example.org"], "menno answered “How?”")
    ]
    assert send_owed() == 0


def test_nobody_hears_of_their_own_doing(thread, member, viewer_of):
    talk.post_comment(viewer=viewer_of(member), root=thread.document, source="me again")
    run_once()
    assert told_to(member) == []


def test_one_person_is_told_once_for_the_strongest_reason(thread, member, visitor, viewer_of):
    talk.post_comment(viewer=viewer_of(visitor), root=thread.document, source="what do you say, @mira?")
    run_once()
    assert told_to(member) == ["mention"]


def test_who_muted_a_thread_hears_nothing(thread, member, visitor, viewer_of):
    talk.watch(viewer=viewer_of(member), document=thread.document, muted=True)
    talk.post_comment(viewer=viewer_of(visitor), root=thread.document, source="hello @mira")
    run_once()
    assert told_to(member) == []


def test_a_mention_behind_a_gate_tells_only_who_may_read_it(
    community, tier, member, visitor, mentor, viewer_of
):
    gate = Gate.objects.create(community=community, name="Paying members")
    gate.plans.add(tier)
    inner = Space.objects.create(community=community, slug="inner", name="Inner", gate=gate)
    talk.open_thread(viewer=viewer_of(mentor), space=inner, title="Inner", source="@mira and @vera, look")
    run_once()
    assert (told_to(member), told_to(visitor)) == (["mention"], [])


def test_what_closed_meanwhile_is_neither_shown_nor_mailed(community, tier, member, mentor, viewer_of):
    gate = Gate.objects.create(community=community, name="Paying members")
    gate.plans.add(tier)
    inner = Space.objects.create(community=community, slug="inner", name="Inner", gate=gate)
    talk.open_thread(viewer=viewer_of(mentor), space=inner, title="Inner", source="@mira, look")
    run_once()
    revoke(grant=Grant.objects.get(user=member), because="refund")
    assert notifications_of(viewer_of(member)) == ([], None)
    assert send_owed() == 0
    assert [row.dropped_because for row in Mail.objects.all()] == ["may not read it any more"]


def test_reading_them_empties_the_bell(thread, member, visitor, viewer_of):
    for words in ("one", "two"):
        talk.post_comment(viewer=viewer_of(visitor), root=thread.document, source=words)
    run_once()
    assert User.objects.get(pk=member.pk).unread_count == 2
    mark_read(user=member)
    assert User.objects.get(pk=member.pk).unread_count == 0
    assert Notification.objects.filter(user=member, read_at=None).count() == 0


def test_a_replay_tells_nobody_twice_and_forgets_nothing_read(thread, member, visitor, viewer_of):
    talk.post_comment(viewer=viewer_of(visitor), root=thread.document, source="one")
    run_once()
    mark_read(user=member)
    before = list(Notification.objects.order_by("pk").values())
    rewind("notifications.tell")
    run_once()
    assert list(Notification.objects.order_by("pk").values()) == before
    assert Mail.objects.count() == 1
    assert User.objects.get(pk=member.pk).unread_count == 0


def test_a_list_takes_the_same_queries_for_one_and_thirty(
    thread, member, visitor, viewer_of, django_assert_num_queries
):
    talk.post_comment(viewer=viewer_of(visitor), root=thread.document, source="one")
    run_once()
    viewer = viewer_of(member)
    with django_assert_num_queries(1):
        notifications_of(viewer)
    for number in range(29):
        talk.post_comment(viewer=viewer_of(visitor), root=thread.document, source=f"more {number}")
    run_once()
    viewer = viewer_of(member)
    with django_assert_num_queries(1):
        assert len(notifications_of(viewer)[0]) == 30


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Notification.Kind.REACTION, "Vera reacted to your comment"),
        (Notification.Kind.MENTION, "Vera mentioned you"),
        (Notification.Kind.COMMENT, "Vera commented on what you follow"),
    ],
)
def test_what_has_no_title_is_told_without_quotes(kind, said):
    assert sentence(Notification(kind=kind, actor=User(name="Vera"), params={})) == said
