"""A Stack Exchange site as people, questions, answers, comments and votes of a community."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

from paideia.communities.models import Community

from ..archive import Tree
from ..job import Job, Step
from ..keeping import Keeping
from ..report import Report
from .acceptance import load_acceptances
from .people import load_people
from .posts import load_answers, load_comments, load_questions
from .read import Dump
from .rows import Post
from .threads import load_counts
from .votes import load_votes

LEFT_OUT = {
    "Badges": ("badge", "badges"),
    "PostHistory": ("revision", "history"),
    "PostLinks": ("link", "post_links"),
}
TAKEN = ("question", "answer")


def stackexchange_job(tree: Tree, name: str, community: Community) -> Job:
    """Read the whole dump once, so that a damaged one is refused before anything is written."""
    dump = Dump(tree)
    keeping = Keeping(community, f"stackexchange:{name}"[:120])
    report = Report()
    posts = _survey(dump, report)
    questions, answers = partial(_posts, dump, "question"), partial(_posts, dump, "answer")
    accepted = partial(_accepted, dump)
    steps = [
        Step("person", _count(dump.people()), dump.people, partial(load_people, keeping)),
        Step("question", posts["question"], questions, partial(load_questions, keeping)),
        Step("answer", posts["answer"], answers, partial(load_answers, keeping)),
        Step("comment", _count(dump.comments()), dump.comments, partial(load_comments, keeping)),
        Step("vote", _count(dump.votes()), dump.votes, partial(load_votes, keeping), batch=2000),
        Step("acceptance", posts["accepted"], accepted, partial(load_acceptances, keeping)),
        Step("thread", posts["question"], questions, partial(load_counts, keeping), counted=False),
    ]
    return Job(keeping.source, dump.fingerprint(), steps, report)


def _survey(dump: Dump, report: Report) -> Counter[str]:
    """Posts by kind; what has no place here goes into the report."""
    kinds: Counter[str] = Counter()
    for post in dump.posts():
        kinds[post.kind] += 1
        kinds["accepted"] += post.kind == "question" and post.accepted_answer_id is not None
        if post.kind not in TAKEN:
            reason = "tag_pages" if post.kind in ("wiki", "excerpt") else "other_posts"
            report.left_out.add("post", f"post {post.id}", reason)
    for file, (what, reason) in LEFT_OUT.items():
        for _row in range(dump.count(file)):
            report.left_out.add(what, "", reason)
    return kinds


def _posts(dump: Dump, kind: str) -> Iterator[Post]:
    return (post for post in dump.posts() if post.kind == kind)


def _accepted(dump: Dump) -> Iterator[Post]:
    return (post for post in _posts(dump, "question") if post.accepted_answer_id is not None)


def _count(rows: Iterator[object]) -> int:
    return sum(1 for _row in rows)
