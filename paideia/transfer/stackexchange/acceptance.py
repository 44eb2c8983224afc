"""Which answer helped: the mark that the asker gave."""

from paideia.activity.actions import Happening, record_many
from paideia.content.models import Document
from paideia.discussions.models import Acceptance, Comment

from ..keeping import Keeping, Kept, digest_of
from ..report import Report
from .posts import post_key
from .rows import Post


def _key(question: Post) -> str:
    return f"accepted:{question.id}"


def load_acceptances(keeping: Keeping, batch: list[Post], report: Report) -> None:
    """The batch holds questions that name an answer. A mark that changed outside is moved."""
    known = keeping.find(_key(question) for question in batch)
    posts = keeping.find(key for q in batch for key in (post_key(q.id), post_key(q.accepted_answer_id or 0)))
    for_question: list[tuple[Post, Kept, Kept]] = []
    for question in batch:
        kept, digest = known.get(_key(question)), digest_of(question.accepted_answer_id)
        thread, answer = (
            posts.get(post_key(question.id)),
            posts.get(post_key(question.accepted_answer_id or 0)),
        )
        if kept is not None and kept.digest == digest:
            report.unchanged["acceptance"] += 1
        elif thread is None or answer is None or answer.kind != "answer":
            report.left_out.add("acceptance", f"question {question.id}", "post_absent")
        else:
            for_question.append((question, thread, answer))
    _accept(keeping, for_question, report)


def _accept(keeping: Keeping, marks: list[tuple[Post, Kept, Kept]], report: Report) -> None:
    Acceptance.objects.filter(thread__in=[thread.object_id for _question, thread, _answer in marks]).delete()
    rows = Comment.objects.select_related("document").in_bulk([answer.object_id for _q, _t, answer in marks])
    askers = Document.objects.in_bulk([thread.object_id for _question, thread, _answer in marks])
    right = [mark for mark in marks if rows[mark[2].object_id].root_id == mark[1].object_id]
    Acceptance.objects.bulk_create(
        Acceptance(
            thread_id=thread.object_id,
            comment_id=answer.object_id,
            by_id=askers[thread.object_id].author_id,
            at=rows[answer.object_id].document.created_at,  # the dump gives no time; it is not earlier
        )
        for _question, thread, answer in right
    )
    keeping.remember(
        "acceptance",
        ((_key(q), thread.object_id, digest_of(q.accepted_answer_id)) for q, thread, _answer in right),
    )
    record_many(
        Happening(
            "answer.accepted",
            keeping.community.pk,
            askers[thread.object_id].author_id,
            "document",
            answer.object_id,
            rows[answer.object_id].document.created_at,
            {
                "root": thread.object_id,
                "author": rows[answer.object_id].document.author_id,
                "imported": True,
            },
        )
        for _question, thread, answer in right
    )
    report.imported["acceptance"] += len(right)
    for question, _thread, _answer in (mark for mark in marks if mark not in right):
        report.left_out.add("acceptance", f"question {question.id}", "post_absent")
