"""A Stack Exchange site comes into a community once, whole, and with everybody's name on their words."""

import subprocess
import sys
import time

import pytest
from django.db.models import Count

from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.communities.actions import create_community
from paideia.communities.models import Membership
from paideia.content.models import Bookmark, Document, Revision
from paideia.discussions.models import Acceptance, Comment, Reaction, Thread
from paideia.lib.refusal import Conflict, NotFound
from paideia.transfer.errors import BadImport
from paideia.transfer.models import ImportRun
from paideia.transfer.run import Wishes, import_path

from .conftest import PROJECT
from .rows import every_row, nothing_came, what_came
from .sites import PEOPLE, POSTS, VOTES, site

SITE = Wishes(name="site")
SOURCE = "stackexchange:site"


def bring(tree, slug="agora", **options):
    return import_path("stackexchange", tree.root, community_slug=slug, wishes=SITE, **options)


@pytest.fixture
def second(owner):
    return create_community(by=owner, slug="second", name="Second", language="en")


def thread(title: str) -> Thread:
    return Thread.objects.select_related("document").get(document__title=title)


def test_people_become_profiles_that_nobody_can_sign_in_to(community, tmp_path):
    User.objects.create_user("Anna")
    bring(site(tmp_path))
    people = User.objects.exclude(claimable_from="").order_by("claimable_from")
    assert [(p.handle, p.name, p.bio, p.email, p.is_active, p.has_usable_password()) for p in people] == [
        ("Community", "Community", "", None, False, False),
        ("Anna-1", "Anna", "I teach.", None, True, False),
        ("anna-2", "anna", "", None, True, False),
        ("王小明", "王小明", "", None, True, False),
        ("admin-4", "admin", "", None, True, False),
        ("user-5", "!", "", None, True, False),
    ]
    assert Membership.objects.filter(community=community, user__in=people, role__key="member").count() == 6


def test_questions_answers_and_comments_stand_where_they_stood(community, tmp_path):
    bring(site(tmp_path))
    why, how = thread("Why?"), thread("How?")
    assert (why.document.source, why.document.html) == ("Tell *me*.\n", "<p>Tell <em>me</em>.</p>\n")
    assert (why.is_question, why.document.tags, why.comments_count) == (True, ["a", "b-c"], 5)
    assert (str(why.document.author), why.last_activity_at.isoformat()) == (
        "Anna",
        "2020-03-01T00:00:00+00:00",
    )
    assert (how.comments_count, how.last_commenter, how.closed_at.isoformat()) == (
        0,
        None,
        "2020-04-01T00:00:00+00:00",
    )
    rows = (
        Comment.objects.filter(root=why.document)
        .order_by("document_id")
        .select_related("document", "parent__document")
    )
    shown = [
        (c.document.text.strip(), c.is_answer, c.depth, c.parent and c.parent.document.text.strip())
        for c in rows
    ]
    assert shown == [
        ("No.", True, 0, None),
        ("Because.", True, 0, None),
        ("Good question, @Anna", False, 0, None),
        ("Thanks", False, 1, "Because."),
        ("Right", False, 1, "Because."),
    ]
    assert {d.published_at.year for d in Document.objects.all()} == {2020}
    assert Revision.objects.count() == Document.objects.count() == 7


@pytest.mark.parametrize(("said", "stored"), [
    ("@Anna yes", "@Anna-1 yes"),  # she asked
    ("@anna yes", "@Anna-1 yes"),
    ("(@Ann!)", "(@Anna-1!)"),  # the beginning of a name is enough
    ("@王小明 no", r"\@王小明 no"),  # is not here
    ("@Bert no", r"\@Bert no"),
    ("a@Anna.org, `@Anna`", "a@Anna.org, `@Anna`"),
])  # fmt: skip
def test_a_name_after_an_at_means_who_takes_part_and_nobody_else(community, tmp_path, said, stored):
    User.objects.create_user("Anna")
    User.objects.create_user("Bert")
    comments = [{"Id": 20, "PostId": 10, "UserDisplayName": "x", "Text": said, "Score": 0}]
    bring(site(tmp_path, Comments=comments))
    assert Document.objects.get(kind="comment", author_name="x").source == stored


def test_who_left_keeps_the_name_that_the_dump_kept(community, tmp_path):
    bring(site(tmp_path))
    nameless = Document.objects.filter(author=None).order_by("pk").values_list("author_name", flat=True)
    assert list(nameless) == ["user99", "user98"]


def test_the_score_equals_the_votes_and_the_accepted_answer_is_marked(community, tmp_path):
    bring(site(tmp_path))
    scores = {d.text.strip(): d.score for d in Document.objects.all()}
    assert scores == {
        "Tell me.": 1,
        "No.": -1,
        "Because.": 2,
        "So?": 0,
        "Good question, @Anna": 2,
        "Thanks": 0,
        "Right": 0,
    }
    acceptance = Acceptance.objects.get()
    assert (acceptance.thread, acceptance.comment.document.text.strip(), str(acceptance.by)) == (
        thread("Why?"),
        "Because.",
        "Anna",
    )
    assert Reaction.objects.filter(user=None).count() == Reaction.objects.count() == 6
    assert [str(b.user) for b in Bookmark.objects.all()] == ["王小明"]


def test_facts_tell_the_past_and_say_that_they_were_imported(community, tmp_path):
    bring(site(tmp_path))
    facts = Fact.objects.filter(detail__imported=True).exclude(verb="space.created")
    assert {fact.occurred_at.year for fact in facts} == {2020}
    assert dict(facts.values_list("verb").annotate(n=Count("pk"))) == {
        "member.joined": 6, "thread.opened": 2, "comment.posted": 5, "reaction.given": 4, "bookmark.added": 1,
        "answer.accepted": 1,
    }  # fmt: skip


def test_what_could_not_come_is_named(community, tmp_path):
    report = bring(site(tmp_path))
    assert dict(report.imported) == {
        "person": 6,
        "question": 2,
        "answer": 2,
        "comment": 3,
        "vote": 5,
        "acceptance": 1,
    }
    assert [(e.what, e.reason, e.count, e.places) for e in report.left_out] == [
        ("post", "tag_pages", 1, ["post 15"]),
        ("answer", "post_absent", 1, ["answer 14"]),
        ("comment", "post_absent", 1, ["comment 23"]),
        ("vote", "post_absent", 1, ["vote 36"]),
        ("vote", "votes_of_other_kinds", 1, []),
    ]


def test_the_same_import_again_changes_nothing(community, tmp_path):
    tree = site(tmp_path)
    bring(tree)
    before = every_row()
    report = bring(tree)
    assert every_row() == before
    assert report.as_json()["imported"] == {}
    assert dict(report.unchanged) == {
        "person": 6,
        "question": 2,
        "answer": 2,
        "comment": 3,
        "vote": 5,
        "acceptance": 1,
    }


def test_a_newer_dump_changes_what_changed(community, tmp_path):
    bring(site(tmp_path / "old"))
    posts = [
        {**row, "Body": "<p>New words.</p>", "AcceptedAnswerId": 11} if row["Id"] == 10 else row
        for row in POSTS
    ]
    people = [{**row, "DisplayName": "Anna B."} if row["Id"] == 1 else row for row in PEOPLE]
    votes = [*VOTES, {"Id": 38, "PostId": 10, "VoteTypeId": 2}]
    report = bring(site(tmp_path / "new", Posts=posts, Users=people, Votes=votes))
    why = thread("Why?")
    assert (why.document.source, why.document.revision, why.document.score) == ("New words.\n", 2, 2)
    assert Acceptance.objects.get().comment.document.text.strip() == "No."
    assert str(why.document.author) == "Anna B."
    assert report.as_json()["imported"] == {"person": 1, "question": 1, "vote": 1, "acceptance": 1}


def test_a_profile_that_was_claimed_is_left_to_its_owner(community, tmp_path):
    bring(site(tmp_path / "old"))
    User.objects.filter(name="Anna").update(name="Anna, really", claimable_from="")
    bring(
        site(
            tmp_path / "new",
            Users=[{**row, "DisplayName": "Other"} if row["Id"] == 1 else row for row in PEOPLE],
        )
    )
    assert str(thread("Why?").document.author) == "Anna, really"


def test_two_communities_share_the_people_of_one_site(community, second, tmp_path):
    tree = site(tmp_path)
    bring(tree)
    bring(tree, slug="second")
    assert User.objects.exclude(claimable_from="").count() == 6
    assert Thread.objects.filter(document__author__name="Anna").count() == 2


@pytest.mark.parametrize("broken", [
    {"Votes.xml": "<votes><row Id='1'"},
    {"Comments.xml": '<!DOCTYPE c [<!ENTITY a "b">]><comments></comments>'},
    {"Badges.xml": "<badges>"},
    {"Posts.xml": "<posts><row Id='1'/></posts>"},
])  # fmt: skip
def test_a_damaged_or_hostile_dump_leaves_no_row(community, tmp_path, broken):
    tree = site(tmp_path)
    for name, content in broken.items():
        (tmp_path / name).write_text(content)
    before = every_row()
    with pytest.raises(BadImport):
        bring(tree)
    assert every_row() == before
    assert nothing_came()
    assert not ImportRun.objects.exists()


def test_a_dry_run_counts_and_writes_nothing(community, tmp_path):
    tree = site(tmp_path)
    before = every_row()
    report = bring(tree, dry_run=True)
    assert every_row() == before
    assert dict(report.imported) == {
        "person": 6, "question": 2, "answer": 3, "comment": 4, "vote": 8, "acceptance": 1}  # fmt: skip


def test_an_unknown_community_is_refused(db, tmp_path):
    with pytest.raises(NotFound):
        bring(site(tmp_path), slug="nowhere")


def test_progress_reaches_the_end_of_every_step(community, tmp_path):
    told = []
    bring(site(tmp_path), progress=told.append)
    assert [(p.step, p.done, p.total) for p in told] == [
        ("person", 6, 6), ("question", 2, 2), ("answer", 3, 3), ("comment", 4, 4), ("vote", 8, 8),
        ("acceptance", 1, 1), ("thread", 2, 2),
    ]  # fmt: skip
    assert told[-1].remaining_seconds == 0
    assert str(told[0]).startswith("person: 6 of 6, about ")


class Stopped(Exception):
    """Somebody pulls the plug."""


@pytest.mark.parametrize("after", range(1, 8))
def test_an_import_that_stops_goes_on_where_it_was_with_the_same_result(community, second, tmp_path, after):
    tree = site(tmp_path)

    def stop(_progress):
        nonlocal after
        after -= 1
        if not after:
            raise Stopped

    with pytest.raises(Stopped):
        bring(tree, progress=stop)
    assert (ImportRun.objects.get().finished_at, ImportRun.objects.get().failed_because) == (None, "")
    report = bring(tree)
    assert ImportRun.objects.get().finished_at is not None
    assert report.as_json()["imported"] == {
        "person": 6, "question": 2, "answer": 2, "comment": 3, "vote": 5, "acceptance": 1}  # fmt: skip
    assert report.as_json()["unchanged"] == {}
    bring(tree, slug=second.slug)
    assert what_came("agora") == what_came("second")


def _sums() -> tuple[int, ...]:
    people = User.objects.exclude(claimable_from="").count()
    rows = (Document, Reaction, Acceptance, Bookmark)
    return (people, *(model.objects.count() for model in rows))


def test_two_at_once_do_not_write_twice(community, tmp_path):
    tree = site(tmp_path)

    def overtake(_progress):
        bring(tree)

    with pytest.raises(Conflict):
        bring(tree, progress=overtake)
    assert _sums() == (6, 7, 6, 1, 1)


CHILD = """
import django
django.setup()
from paideia.transfer.run import Wishes, import_path
import_path("stackexchange", {path!r}, community_slug="agora", wishes=Wishes(name="killed"),
            progress=lambda progress: print(progress, flush=True))
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", [0.3, *(pytest.param(s, marks=pytest.mark.long) for s in (0.0, 0.8, 2.0))])
def test_a_killed_process_leaves_whole_batches_and_its_successor_ends_as_if_nothing_had_been(
    community, second, real, moment
):
    """SIGKILL at any moment: between two batches or in the middle of one."""
    path = real("se-french-meta")
    wishes = Wishes(name="killed")
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(path=str(path))], stdout=subprocess.PIPE, cwd=PROJECT
    )
    assert child.stdout is not None
    child.stdout.readline()  # the first batch is committed
    time.sleep(moment)
    child.kill()
    child.wait()
    child.stdout.close()
    assert ImportRun.objects.get().finished_at is None
    import_path("stackexchange", path, community_slug="agora", wishes=wishes)
    assert ImportRun.objects.get().finished_at is not None
    counts = (
        Thread,
        Comment.objects.filter(is_answer=True),
        Comment.objects.filter(is_answer=False),
        Acceptance,
    )
    assert [getattr(c, "objects", c).count() for c in counts] == [274, 487, 1305, 86]
    import_path("stackexchange", path, community_slug="second", wishes=wishes)
    assert what_came("agora") == what_came("second")
