"""Threads and comments as a viewer may see them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL

from paideia.access.viewer import Viewer
from paideia.content.models import Document
from paideia.discussions.models import Comment, Reaction, Thread
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


_REACTED = """
(SELECT json_agg(json_build_array(kind, number, is_own)) FROM (
    SELECT r.kind, count(*) AS number, coalesce(bool_or(r.user_id = %s), false) AS is_own
    FROM discussions_reaction r WHERE r.document_id = {}.document_id GROUP BY r.kind) AS each)
"""


def reacted(rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
    """Threads or comments with `reacted`: [kind, how many, whether the viewer is among them] for each sign."""
    return rows.annotate(reacted=RawSQL(_REACTED.format(rows.model._meta.db_table), [viewer.user_id]))


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
    mine: frozenset[tuple[int, str]]  # which of these documents the viewer has given which sign


def talk_below(viewer: Viewer, root: Document, *, after: str = "") -> Talk:
    """The comments below a document that the caller has found visible. One query, whatever their number; one more
    for a root that was not read with what it is `reacted` to.

    Comments share their root's gate, so who may read the root may read them.
    """
    tops = Comment.objects.filter(root=root, parent=None).order_by("document_id")
    if after.isdecimal() and len(after) < 19:
        tops = tops.filter(document_id__gt=int(after))
    wanted = tops.values("document_id")[: PAGE + 1]
    rows = (
        reacted(Comment.objects.filter(root=root, top__in=wanted), viewer)
        .select_related("document__author", "acceptance")
        .defer("document__source", "document__text", "document__preview_html", "document__preview_text")
        .order_by("document_id")
    )
    comments = list(rows)
    first = [comment for comment in comments if comment.parent_id is None]
    older = str(first[PAGE - 1].pk) if len(first) > PAGE else ""
    kept = {comment.pk for comment in first[:PAGE]}
    comments = [comment for comment in comments if comment.top_id in kept]
    signs = {root.pk: _reacted_to(root, viewer)} | {c.pk: c.reacted or [] for c in comments}
    counts = {pk: {kind: number for kind, number, _own in each} for pk, each in signs.items()}
    mine = frozenset((pk, kind) for pk, each in signs.items() for kind, _number, is_own in each if is_own)
    nodes = {c.pk: Node(c, counts[c.pk], getattr(c, "acceptance", None) is not None) for c in comments}
    for comment in comments:
        if comment.parent_id in nodes:
            nodes[comment.parent_id].replies.append(nodes[comment.pk])
    outer = [node for node in nodes.values() if node.comment.parent_id is None and _stays(node)]
    answers = [node for node in outer if node.comment.is_answer]
    answers.sort(key=lambda node: (not node.accepted, -node.comment.document.score, node.comment.pk))
    others = [node for node in outer if not node.comment.is_answer]
    return Talk(answers, others, older, counts[root.pk], mine)


def _reacted_to(root: Document, viewer: Viewer) -> list[Any]:
    """What the root is `reacted` to, asked for where its reader has not."""
    if not hasattr(root, "reacted"):
        column = _REACTED.format("root").replace("root.document_id", '"content_document"."id"')
        rows = Document.objects.filter(pk=root.pk).annotate(reacted=RawSQL(column, [viewer.user_id]))
        root.reacted = rows.values_list("reacted", flat=True).first()  # type: ignore[attr-defined]
    return root.reacted or []  # type: ignore[attr-defined]


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
