"""Comments as the page draws them: rendered once for all viewers of a kind, with holes for each viewer's own signs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone, translation
from markupsafe import Markup

from paideia.access.viewer import Viewer
from paideia.content.models import Document
from paideia.discussions.models import Reaction
from paideia.discussions.queries import Node, Talk, reactions_of, talk_below
from paideia.lib.kept import Fragment, fragment, hole

SIGNS = [(Reaction.Kind.HEART, "♥"), (Reaction.Kind.CLAP, "👏"), (Reaction.Kind.THINK, "🤔")]


@dataclass(frozen=True, slots=True)
class Absent:
    """The author of an import who is not known here: only a name."""

    pk: int
    shown_name: str
    handle: str = ""
    avatar_url: str = ""


def author_of(document: Document) -> Any:
    return document.author or Absent(0, document.author_name)


def talk_html(viewer: Viewer, root: Document, *, is_question: bool, after: str = "") -> Markup:
    """All that stands below a document the viewer may read, ready for the page.

    Kept by the community's version, so that anything said, edited, removed or accepted shows at once.
    """
    kind = "signed" if viewer.user else "stranger"
    key = (
        "talk",
        root.pk,
        after,
        kind,
        is_question,
        translation.get_language(),
        timezone.get_current_timezone_name(),
        viewer.community.version,
        viewer.community.slug,
    )

    mine: frozenset[tuple[int, str]] | None = None

    def render() -> str:
        nonlocal mine
        talk = talk_below(viewer, root, after=after)
        mine = talk.mine
        return render_to_string(
            "discussions/_talk.html",
            _context(talk, root, is_question=is_question, signed_in=kind == "signed"),
        )

    drawn = fragment(key, render)
    if mine is None:
        ids = [number for name, number in drawn.holes if name in (Reaction.Kind.UP, Reaction.Kind.HEART)]
        mine = reactions_of(viewer, ids)
    return drawn.fill(_filling(mine))


def comment_html(node: Node, *, is_question: bool) -> Markup:
    """One comment by itself: the answer to having just written it."""
    html = render_to_string(
        "discussions/_one.html",
        {
            "comment": shape(node),
            "root_id": node.comment.root_id,
            "signed_in": True,
            "is_question": is_question,
            "signs": SIGNS,
            "hole": hole,
        },
    )
    return Fragment(html).fill(_filling(frozenset()))  # nobody has reacted to it yet


def _filling(mine: frozenset[tuple[int, str]]) -> Callable[[str, int], str]:
    return lambda name, number: "true" if (number, name) in mine else "false"


def _context(talk: Talk, root: Document, *, is_question: bool, signed_in: bool) -> dict[str, Any]:
    return {
        "answers": [shape(node) for node in talk.answers],
        "comments": [shape(node) for node in talk.comments],
        "older": talk.older,
        "root_counts": talk.counts,
        "root": root,
        "is_question": is_question,
        "signed_in": signed_in,
        "signs": SIGNS,
        "hole": hole,
    }


def shape(node: Node) -> dict[str, Any]:
    """A node in the form that `ui.comment` draws."""
    document = node.comment.document
    return {
        "id": document.pk,
        "author": author_of(document),
        "handle": document.author.handle if document.author else "",
        "at": document.published_at or document.created_at,
        "edited_at": _shown_edit(document),
        "html": document.html,
        "accepted": node.accepted,
        "removed": document.removed_at is not None,
        "is_answer": node.comment.is_answer,
        "score": document.score,
        "counts": node.counts,
        "replies": [shape(reply) for reply in node.replies],
    }


def _shown_edit(document: Document) -> datetime | None:
    return document.edited_at if document.revision > 1 else None
