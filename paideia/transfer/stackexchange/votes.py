"""Votes as unnamed reactions, favourites as bookmarks of those who are named."""

from collections import Counter

from django.db import connection

from paideia.activity.actions import Happening, record_many
from paideia.content.models import Bookmark
from paideia.discussions.models import Reaction

from ..keeping import Keeping, Kept, digest_of
from ..report import Report
from .people import person_key
from .posts import post_key
from .rows import Vote

WORTH = {"up": 1, "down": -1}


def load_votes(keeping: Keeping, batch: list[Vote], report: Report) -> None:
    """Whoever voted stays unnamed, as in the dump, and the score equals the rows. A vote on a post that the
    dump does not hold, or of another kind, is counted and left out."""
    known = keeping.find(_key(vote) for vote in batch)
    fresh = [vote for vote in batch if _key(vote) not in known]
    report.unchanged["vote"] += len(batch) - len(fresh)
    posts = keeping.find({post_key(vote.post_id) for vote in fresh})
    taken = [(vote, posts[post_key(vote.post_id)]) for vote in fresh if _is_wanted(vote, posts, report)]
    _react(keeping, [(vote, post) for vote, post in taken if vote.kind in WORTH])
    _bookmark(keeping, [(vote, post) for vote, post in taken if vote.kind == "favourite"], report)
    report.imported["vote"] += len(taken)


def _key(vote: Vote) -> str:
    return f"vote:{vote.id}"


def _is_wanted(vote: Vote, posts: dict[str, Kept], report: Report) -> bool:
    if vote.kind == "accept":  # the question itself names the answer
        return False
    if post_key(vote.post_id) not in posts:
        report.left_out.add("vote", f"vote {vote.id}", "post_absent")
        return False
    if vote.kind in WORTH or vote.kind == "favourite":
        return True
    report.left_out.add("vote", "", "votes_of_other_kinds", kind=vote.kind)
    return False


def _react(keeping: Keeping, votes: list[tuple[Vote, Kept]]) -> None:
    made = Reaction.objects.bulk_create(
        Reaction(document_id=post.object_id, kind=vote.kind, at=vote.created_at) for vote, post in votes
    )
    pairs = list(zip(votes, made, strict=True))
    keeping.remember("reaction", ((_key(vote), row.pk, digest_of(vote)) for (vote, _post), row in pairs))
    change: Counter[int] = Counter()
    for vote, post in votes:
        change[post.object_id] += WORTH[vote.kind]
    _add_to_scores({document: by for document, by in change.items() if by})
    record_many(
        Happening(
            "reaction.given",
            keeping.community.pk,
            None,
            "document",
            post.object_id,
            vote.created_at,
            {"kind": vote.kind, "imported": True},
        )
        for vote, post in votes
    )


def _add_to_scores(change: dict[int, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE content_document d SET score = d.score + c.by
            FROM unnest(%s::bigint[], %s::int[]) AS c(id, by) WHERE d.id = c.id
            """,
            [list(change), list(change.values())],
        )


def _bookmark(keeping: Keeping, votes: list[tuple[Vote, Kept]], report: Report) -> None:
    people = keeping.find({person_key(vote.voter_id) for vote, _post in votes if vote.voter_id is not None})
    named = [
        (vote, post, people[key]) for vote, post in votes if (key := person_key(vote.voter_id or 0)) in people
    ]
    Bookmark.objects.bulk_create(
        (
            Bookmark(user_id=who.object_id, document_id=post.object_id, at=vote.created_at)
            for vote, post, who in named
        ),
        ignore_conflicts=True,
    )
    keeping.remember(
        "bookmark", ((_key(vote), post.object_id, digest_of(vote)) for vote, post, _who in named)
    )
    record_many(
        Happening(
            "bookmark.added",
            keeping.community.pk,
            who.object_id,
            "document",
            post.object_id,
            vote.created_at,
            {"imported": True},
        )
        for vote, post, who in named
    )
    for vote, _post in votes:
        if person_key(vote.voter_id or 0) not in people:
            report.left_out.add("favourite", f"vote {vote.id}", "person_absent")
