"""Saving, revising, publishing and removing documents."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from paideia.activity.actions import record
from paideia.activity.models import Fact
from paideia.activity.readers import run_once
from paideia.communities.models import Membership
from paideia.content.actions import (
    EditConflict,
    announce_due,
    publish,
    remove_document,
    restore_revision,
    save_article,
    save_document,
    withdraw,
)
from paideia.content.models import Article, Document, Revision
from paideia.content.readers import withdraw_schedules
from paideia.lib.refusal import Invalid, NotAllowed
from tests.cast import sign_in, viewer_of

pytestmark = pytest.mark.django_db


def written(community: Any, author: Any, source: str = "First words.", **fields: Any) -> Document:
    return save_article(community=community, author=author, title="Title", source=source, **fields)


def changed(document: Document, viewer: Any, source: str, **fields: Any) -> Document:
    return save_article(
        community=viewer.community,
        author=None,
        title=document.title,
        source=source,
        document=document,
        viewer=viewer,
        **fields,
    )


def verbs(document: Document) -> list[str]:
    return list(
        Fact.objects.filter(object_id=document.pk, object_kind="document")
        .order_by("id")
        .values_list("verb", flat=True)
    )


def test_what_is_written_is_rendered_once_and_without_scripts(community: Any, mentor: Any) -> None:
    document = written(community, mentor, "# A\n\n**Bold** <script>alert(1)</script>\n\n## B\n\nMore.")
    document.refresh_from_db()
    assert ("<strong>Bold</strong>" in document.html, "script" in document.html) == (True, False)
    assert (document.language, document.words > 3, document.reading_seconds > 0) == ("", True, True)
    assert [heading[2] for heading in document.headings] == ["A", "B"]


@pytest.mark.parametrize(
    ("source", "language"),
    [
        ("The members of this community are here to learn from each other.", "en"),
        ("付费社群最难的不是拉新，而是让人第二个月还愿意打开。", "zh"),
        ("Les membres de cette communauté sont ici pour apprendre les uns avec les autres.", "fr"),
        ("42", ""),
    ],
)
def test_the_language_is_told_from_the_text(community: Any, mentor: Any, source: str, language: str) -> None:
    assert written(community, mentor, source).language == language


def test_every_saved_state_can_be_read_again_and_restored(community: Any, mentor: Any) -> None:
    viewer, document = viewer_of(mentor), written(community, mentor)
    document = changed(document, viewer, "Second words.", note="Better")
    document = changed(document, viewer, "Second words.")
    document = restore_revision(document=document, number=1, viewer=viewer)
    assert list(
        Revision.objects.filter(document=document).order_by("number").values_list("number", "source")
    ) == [
        (1, "First words."),
        (2, "Second words."),
        (3, "First words."),
    ]
    assert (document.source, document.text) == ("First words.", "First words.")
    assert verbs(document) == ["document.revised", "document.revised"]


def test_two_editors_lose_nothing(community: Any, mentor: Any, admin: Any) -> None:
    document = written(community, mentor)
    changed(document, viewer_of(admin), "Admin's words.", expected_revision=1)
    with pytest.raises(EditConflict) as conflict:
        changed(document, viewer_of(mentor), "Mentor's words.", expected_revision=1)
    assert conflict.value.current.source == "Admin's words."
    assert Document.objects.get(pk=document.pk).source == "Admin's words."


def test_the_page_of_a_conflict_shows_both_texts_and_can_be_sent_again(
    community: Any, mentor: Any, admin: Any
) -> None:
    document = written(community, mentor)
    changed(document, viewer_of(admin), "Admin's words.")
    client, address = sign_in(mentor), f"/c/agora/articles/{document.pk}/edit/"
    sent = {"title": "Title", "source": "Mentor's words.", "revision": "1", "save": "1"}
    answer = client.post(address, sent)
    page = answer.content.decode()
    assert (answer.status_code, "Admin&#39;s words." in page, "Mentor&#39;s words." in page) == (
        409,
        True,
        True,
    )
    assert 'name="revision" value="2"' in page
    assert client.post(address, {**sent, "revision": "2"}).status_code == 302
    assert Document.objects.get(pk=document.pk).source == "Mentor's words."


def test_a_revision_s_page_shows_what_changed_without_running_it(
    community: Any, mentor: Any, member: Any
) -> None:
    document = written(community, mentor, "One <img src=x onerror=alert(1)> two.")
    changed(document, viewer_of(mentor), "One <b>three</b> two.")
    address = f"/c/agora/documents/{document.pk}/revisions/2/"
    page = sign_in(mentor).get(address).content.decode()
    assert ("<ins>" in page, "<img src=x" in page, "onerror" in page) == (True, False, True)
    assert sign_in(member).get(address).status_code == 404


def test_only_writers_write_and_only_publishers_publish(
    community: Any, mentor: Any, member: Any, stranger: Any
) -> None:
    for user in (member, stranger):
        with pytest.raises(NotAllowed):
            written(community, user, by=user)
    document = written(community, mentor, by=mentor)
    role = community.roles.get(key="mentor")
    role.permissions = [key for key in role.permissions if key != "content.publish"]
    role.save()
    with pytest.raises(NotAllowed):
        publish(document=document, by=mentor)
    with pytest.raises(NotAllowed):
        publish(document=document, by=member)
    assert Document.objects.get().published_at is None


def test_a_moderator_edits_others_works_and_a_member_does_not(
    community: Any, mentor: Any, moderator: Any, member: Any
) -> None:
    document = written(community, mentor)
    assert changed(document, viewer_of(moderator), "Moderated.").source == "Moderated."
    with pytest.raises(NotAllowed):
        changed(document, viewer_of(member), "Mine now.")


def test_publication_is_a_fact_once(community: Any, mentor: Any) -> None:
    document = written(community, mentor)
    for _ in range(2):
        publish(document=document, by=mentor)
    withdraw(document=document, by=mentor)
    assert verbs(document) == ["article.published", "article.withdrawn"]


def test_a_scheduled_work_is_seen_from_its_minute_on_whether_the_job_ran_or_not(
    community: Any, mentor: Any, member: Any
) -> None:
    document = publish(document=written(community, mentor), by=mentor, at=timezone.now() + timedelta(hours=1))
    seen = Document.objects.visible_to
    assert not seen(viewer_of(member)).exists()
    Document.objects.filter(pk=document.pk).update(published_at=timezone.now() - timedelta(seconds=1))
    assert (seen(viewer_of(member)).count(), verbs(document)) == (1, [])
    assert (announce_due(), announce_due(), verbs(document)) == (1, 0, ["article.published"])


def test_a_schedule_ends_with_the_right_of_who_made_it(community: Any, mentor: Any, owner: Any) -> None:
    at = timezone.now() + timedelta(hours=1)
    document = publish(document=written(community, mentor), by=mentor, at=at)
    Membership.objects.filter(user=mentor).update(role=community.roles.get(key="member"))
    record("member.role_changed", community=community, actor=owner, object=mentor)
    run_once("content.schedules")
    assert Document.objects.get(pk=document.pk).published_at is None


def test_the_job_itself_does_not_publish_for_who_may_no_longer(
    community: Any, mentor: Any, member: Any
) -> None:
    document = publish(document=written(community, mentor), by=mentor, at=timezone.now() + timedelta(hours=1))
    Membership.objects.filter(user=mentor).update(left_at=timezone.now())
    Document.objects.filter(pk=document.pk).update(published_at=timezone.now() - timedelta(seconds=1))
    assert announce_due() == 0
    assert not Document.objects.visible_to(viewer_of(member)).exists()


def test_hearing_of_a_lost_right_twice_changes_nothing_more(community: Any, mentor: Any) -> None:
    withdraw_schedules(list(Fact.objects.all()))
    withdraw_schedules(list(Fact.objects.all()))
    assert Document.objects.count() == 0


def test_a_removed_work_is_gone_for_everybody(community: Any, mentor: Any, member: Any, owner: Any) -> None:
    document = publish(document=written(community, mentor), by=None)
    with pytest.raises(NotAllowed):
        remove_document(document=document, by=member)
    for _ in range(2):
        remove_document(document=document, by=mentor, reason="old")
    for user in (mentor, member, owner, None):
        assert not Document.objects.readable_by(viewer_of(user)).exists()
    assert verbs(document) == ["article.published", "document.removed"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": "x" * 201}, "200"),
        ({"tags": [f"tag{n}" for n in range(11)]}, "10"),
        ({"tags": ["x" * 41]}, "40"),
        ({"source": ">" * 200 + "deep"}, "deep"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_limit(
    community: Any, mentor: Any, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        save_document(
            **{
                "community": community,
                "kind": "article",
                "author": mentor,
                "title": "T",
                "source": "",
                **fields,
            }
        )
    assert message in refusal.value.message


def test_texts_lose_what_cannot_be_stored(community: Any, mentor: Any) -> None:
    document = written(community, mentor, "a\x00b\ud800c\u202ed", tags=["#Tag", "Tag", "  "])
    assert (document.source, document.tags) == ("abcd", ["Tag"])


def test_members_who_are_mentioned_are_named_and_linked(
    community: Any, mentor: Any, member: Any, stranger: Any
) -> None:
    document = written(community, mentor, "Ask @Mira, not @stan or @nobody.")
    assert document.mentioned_ids == (member.pk,)
    assert document.html.count('class="mention"') == 1


def test_articles_of_a_column_know_their_neighbours(community: Any, mentor: Any, member: Any) -> None:
    from paideia.content.actions import save_column
    from paideia.content.reading import article_for

    column = publish(
        document=save_column(community=community, author=mentor, title="Column", source=""), by=None
    )
    ids = [
        publish(document=written(community, mentor, column=column.column, summary=str(n)), by=None).pk
        for n in range(3)
    ]
    viewer = viewer_of(member)
    read = [article_for(viewer, pk) for pk in ids]
    assert [(each.before and each.before.pk, each.after and each.after.pk) for each in read] == [
        (None, ids[1]),
        (ids[0], ids[2]),
        (ids[1], None),
    ]


def test_the_database_refuses_a_revision_twice(community: Any, mentor: Any) -> None:
    document = written(community, mentor)
    with pytest.raises(IntegrityError), transaction.atomic():
        Revision.objects.create(document=document, number=1)
    assert Article.objects.count() == 1
