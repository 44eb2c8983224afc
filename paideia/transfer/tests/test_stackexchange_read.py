"""Stack Exchange dumps are read row by row, and nothing in them can reach outside or fill the memory."""

import lzma
import tracemalloc
from collections import Counter
from datetime import UTC, datetime

import pytest

from paideia.transfer.archive import opened
from paideia.transfer.errors import (
    BadImport,
    MissingFile,
    TooLarge,
    UnknownLayout,
    UnreadableFile,
    UnsafeFile,
)
from paideia.transfer.stackexchange.read import Dump

from .archives import tar, tree

USERS = '<users><row Id="-1" CreationDate="2011-08-17T18:34:28.000" DisplayName="Community" Reputation="1" /></users>'
POSTS = (
    '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<posts>'
    '<row Id="1" PostTypeId="1" AcceptedAnswerId="2" CreationDate="2011-08-17T20:18:56.507" Score="-3" '
    'OwnerUserId="-1" Title=" A &lt;b&gt;  title " Tags="&lt;a&gt;&lt;b-c&gt;" Body="&lt;p&gt;Hi&lt;/p&gt;" />'
    '<row Id="2" PostTypeId="2" ParentId="1" CreationDate="2024-04-01T00:00:00" Score="1" '
    'OwnerDisplayName="user17" Body="x" Tags="|d|e|" />'
    '<row Id="3" PostTypeId="7" CreationDate="2024-04-01T00:00:00Z" /></posts>'
)
PLAIN = {"Users.xml": USERS, "Posts.xml": POSTS}


def dump(folder, **files) -> Dump:
    return Dump(tree(folder, PLAIN | {name.replace("_", "."): content for name, content in files.items()}))


def test_posts_come_as_they_are_written(tmp_path):
    question, answer, other = dump(tmp_path).posts()
    assert (question.kind, question.accepted_answer_id, question.score, question.owner_id) == (
        "question",
        2,
        -3,
        -1,
    )
    assert (question.title, question.tags, question.body_html) == ("A <b> title", ("a", "b-c"), "<p>Hi</p>")
    assert question.created_at == datetime(2011, 8, 17, 20, 18, 56, 507000, tzinfo=UTC)
    assert (answer.kind, answer.parent_id, answer.owner_id, answer.owner_name) == (
        "answer",
        1,
        None,
        "user17",
    )
    assert (answer.tags, other.kind, other.created_at) == (
        ("d", "e"),
        "other",
        datetime(2024, 4, 1, tzinfo=UTC),
    )


def test_files_that_are_not_there_are_empty_and_a_pass_can_be_repeated(tmp_path):
    found = dump(tmp_path)
    assert list(found.comments()) == list(found.votes()) == []
    assert list(found.people()) == list(found.people())
    assert found.count("Posts") == 3


@pytest.mark.parametrize("missing", ["Users.xml", "Posts.xml"])
def test_a_dump_without_people_or_posts_is_none(tmp_path, missing):
    with pytest.raises(MissingFile if missing == "Users.xml" else UnknownLayout):
        Dump(tree(tmp_path, {name: text for name, text in PLAIN.items() if name != missing}))


def test_a_dump_still_packed_as_7z_says_what_to_do(tmp_path):
    with pytest.raises(UnknownLayout, match="Unpack"):
        Dump(tree(tmp_path, {"site.7z": b"7z"}))


def test_packed_files_and_folders_in_archives_are_found(tmp_path):
    members = [("site/Posts.xml.xz", lzma.compress(POSTS.encode())), ("site/Users.xml", USERS.encode())]
    with opened(tar(tmp_path / "dump.tar", members, "w")) as found:
        assert [post.id for post in Dump(found).posts()] == [1, 2, 3]


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("votes", "error"),
    [
        (BOMB + '<votes><row Id="1" PostId="&b;" /></votes>', UnsafeFile),
        (OUTSIDE + '<votes><row Id="1" PostId="&a;" /></votes>', UnsafeFile),
        ("<votes><row Id='1'", UnreadableFile),
        ("<votes>", UnreadableFile),
        ("", UnreadableFile),
        ("not xml", UnreadableFile),
        ("<posts></posts>", UnreadableFile),
        ("<votes><row /></votes>", UnreadableFile),
        ("<votes><row Id='x' PostId='1' VoteTypeId='2' CreationDate='2011-01-01' /></votes>", UnreadableFile),
        ("<votes><row Id='1' PostId='1' VoteTypeId='2' CreationDate='yesterday' /></votes>", UnreadableFile),
        (
            f"<votes><row Id='{'9' * 5000}' PostId='1' VoteTypeId='2' CreationDate='2011-01-01' /></votes>",
            UnreadableFile,
        ),
        ("<votes>" + "<a>" * 5000, TooLarge),
        ("<?xml version='1.0' encoding='no-such'?><votes></votes>", UnreadableFile),
        ("<votes>é</votes>".encode("latin-1"), UnreadableFile),
        (lzma.compress(b"<votes>" + b" " * 100_000)[:-20], UnreadableFile),
    ],
)
def test_hostile_and_damaged_files_are_refused_by_name(tmp_path, votes, error):
    found = dump(tmp_path, Votes_xml=votes)
    with pytest.raises(error) as caught:
        list(found.votes())
    assert caught.value.where.startswith("Votes.xml")


def test_a_row_that_does_not_end_is_refused_before_it_fills_the_memory(tmp_path):
    bomb = lzma.compress(b'<votes><row Id="' + b"1" * (200 << 20), preset=0)
    found = dump(tmp_path, Votes_xml_xz=bomb)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            list(found.votes())
        assert tracemalloc.get_traced_memory()[1] < 80 << 20
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file(tmp_path):
    row = b'<row Id="%d" PostId="1" VoteTypeId="2" CreationDate="2011-08-17T00:00:00.000" />'
    found = dump(tmp_path, Votes_xml=b"<votes>" + b"".join(row % n for n in range(100_000)) + b"</votes>")
    tracemalloc.start()
    try:
        assert sum(1 for _vote in found.votes()) == 100_000
        assert tracemalloc.get_traced_memory()[1] < 3 << 20
    finally:
        tracemalloc.stop()


def test_a_whole_real_site_agrees_with_what_is_known_of_it(real):
    with opened(real("se-french-meta")) as found:
        site = Dump(found)
        posts = list(site.posts())
        kinds = Counter(post.kind for post in posts)
        assert (len(posts), kinds["question"], kinds["answer"]) == (781, 274, 487)
        assert (site.count("Users"), site.count("Comments"), site.count("Votes")) == (1703, 1305, 4349)
        assert sum(post.accepted_answer_id is not None for post in posts) == 86
        assert sum(post.owner_id is None for post in posts) == 33
        known = {post.id for post in posts}
        votes = list(site.votes())
        assert sum(vote.post_id not in known for vote in votes) == 119
        scores = Counter(dict.fromkeys(known, 0))
        for vote in votes:
            scores[vote.post_id] += {"up": 1, "down": -1}.get(vote.kind, 0)
        assert all(scores[post.id] == post.score for post in posts)


def test_errors_are_all_of_one_family():
    assert all(
        issubclass(e, BadImport) for e in (MissingFile, TooLarge, UnknownLayout, UnreadableFile, UnsafeFile)
    )
