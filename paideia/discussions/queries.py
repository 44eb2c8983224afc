"""Threads and comments as a viewer may see them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from paideia.access.viewer import Viewer
from paideia.content.models import Document
from paideia.discussions.models import Comment, Reaction, Thread
from paideia.discussions.reactions import counts_of
from paideia.spaces.models import Space

PAGE = 60  # outermost comments on a page
FEED = 20


def threads_open_to(viewer: Viewer) -> QuerySet[Thread]:
    """Threads whose opening post the viewer may read."""
    return Thread.objects.filter(
        viewer.open_q("document__"), document__removed_at=None, document__published_at__lte=viewer.now
    )


def threads_listed_to(viewer: Viewer) -> QuerySet[Thread]:
    """Threads the viewer may know of, open or closed."""
    return Thread.objects.filter(
        viewer.listed_q("document__"), document__removed_at=None, document__published_at__lte=viewer.now
    )


def comments_open_to(viewer: Viewer) -> QuerySet[Comment]:
    return Comment.objects.filter(
        viewer.open_q("document__"), document__removed_at=None, root__removed_at=None
    )


ROW = ("document__author", "document__space", "last_commenter", "acceptance")
UNREAD = ("document__source", "document__html", "document__preview_html", "document__preview_text")


def thread_rows(
    viewer: Viewer, *, space: Space | None = None, before: str = "", unanswered: bool = False, tag: str = ""
) -> tuple[list[Thread], str]:
    """One page of threads, newest activity first; pinned ones lead the first page. Page by `before`."""
    rows = threads_open_to(viewer).select_related(*ROW).defer(*UNREAD)
    if space:
        rows = rows.filter(document__space=space)
    if unanswered:
        rows = rows.filter(is_question=True, acceptance=None)
    if tag:
        rows = rows.filter(document__tags__contains=[tag])
    if key := _key(before):
        moment, pk = key
        rows = rows.filter(
            Q(last_activity_at__lt=moment) | Q(last_activity_at=moment, pk__lt=pk), pinned_at=None
        )
        order: list[Any] = ["-last_activity_at", "-pk"]
    else:
        order = [F("pinned_at").desc(nulls_last=True), "-last_activity_at", "-pk"]
    found = list(rows.order_by(*order)[: FEED + 1])
    more = found[FEED - 1] if len(found) > FEED else None
    return found[:FEED], f"{more.last_activity_at.isoformat()}_{more.pk}" if more else ""


def _key(text: str) -> tuple[datetime, int] | None:
    moment, _, pk = text.partition("_")
    try:
        return datetime.fromisoformat(moment), int(pk)
    except ValueError:
        return None


@dataclass(slots=True)
class Node:
    """A comment in its place: who said it, what stands under it."""

    comment: Comment
    counts: dict[str, int]
    accepted: bool
    replies: list["Node"] = field(default_factory=list)


@dataclass(slots=True)
class Talk:
    """What is said below a document: answers first by merit, comments in the order they came."""

    answers: list[Node]
    comments: list[Node]
    older: str
    counts: dict[str, int]  # reactions to the root itself
    document_ids: list[int]


def talk_below(root: Document, *, after: str = "") -> Talk:
    """The comments below a document that the caller has found visible. Two queries, whatever their number.

    Comments share their root's gate, so who may read the root may read them.
    """
    tops = Comment.objects.filter(root=root, parent=None).order_by("document_id")
    if after.isdecimal() and len(after) < 19:
        tops = tops.filter(document_id__gt=int(after))
    wanted = tops.values("document_id")[: PAGE + 1]
    rows = (
        Comment.objects.filter(root=root, top__in=wanted)
        .select_related("document__author", "acceptance")
        .defer("document__source", "document__text", "document__preview_html", "document__preview_text")
        .order_by("document_id")
    )
    comments = list(rows)
    first = [comment for comment in comments if comment.parent_id is None]
    older = str(first[PAGE - 1].pk) if len(first) > PAGE else ""
    kept = {comment.pk for comment in first[:PAGE]}
    comments = [comment for comment in comments if comment.top_id in kept]
    ids = [root.pk, *(comment.pk for comment in comments)]
    counts = counts_of(ids)
    nodes = {
        c.pk: Node(c, counts.get(c.pk, {}), getattr(c, "acceptance", None) is not None) for c in comments
    }
    for comment in comments:
        if comment.parent_id in nodes:
            nodes[comment.parent_id].replies.append(nodes[comment.pk])
    outer = [node for node in nodes.values() if node.comment.parent_id is None and _stays(node)]
    answers = [node for node in outer if node.comment.is_answer]
    answers.sort(key=lambda node: (not node.accepted, -node.comment.document.score, node.comment.pk))
    return Talk(
        answers, [node for node in outer if not node.comment.is_answer], older, counts.get(root.pk, {}), ids
    )


def _stays(node: Node) -> bool:
    """Removed comments keep their place only while something living stands under them."""
    node.replies = [reply for reply in node.replies if _stays(reply)]
    return node.comment.document.removed_at is None or bool(node.replies)


def reactions_of(viewer: Viewer, document_ids: list[int]) -> frozenset[tuple[int, str]]:
    """Which of these documents the viewer has given which sign. One query; none for strangers."""
    if viewer.user is None:
        return frozenset()
    rows = Reaction.objects.filter(user=viewer.user, document__in=document_ids)
    return frozenset(rows.values_list("document_id", "kind"))
