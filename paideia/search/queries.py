"""Searching: the newest matches are ranked, and nobody finds a word they may not read."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from markupsafe import Markup

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.content.addresses import path_of
from paideia.content.models import Document
from paideia.content.queries import is_open, shows_preview
from paideia.content.reading import columns_of, loaded
from paideia.lib.tokens import highlight, tokens, tsquery

PAGE = 20
CANDIDATES_MAX = 2000  # only the newest matches are ranked: common words stay cheap
TEXT_MAX = 20_000  # characters of a document that the shown passage is looked for in
PASSAGE_MAX = 260  # characters of those that are marked: the whole would cost more than the search
KINDS = {
    "works": [Document.Kind.ARTICLE, Document.Kind.COLUMN, Document.Kind.COURSE, Document.Kind.LESSON],
    "talk": [Document.Kind.THREAD, Document.Kind.COMMENT],
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: the title and the passage with the words that matched, marked."""

    document: Document
    path: str
    title: Markup
    passage: Markup
    is_open: bool


@dataclass(frozen=True, slots=True)
class Found:
    hits: list[Hit]
    after: str  # key of the next page, empty on the last


NOTHING = Found([], "")

_DOCUMENT = (
    "id",
    "community_id",
    "kind",
    "author_id",
    "author_name",
    "gate_id",
    "title",
    "tags",
    "published_at",
    "removed_at",
)
_AUTHOR = ("id", "handle", "name")
# The rules of `content.visibility`, for the index's own copy of what decides them.
_OPEN = """(%(all)s OR gate_id IS NULL OR gate_id = ANY(%(open)s) OR author_id = %(user)s
    OR document_id = ANY(%(unlocked)s))"""
_MATCHING = """
(SELECT document_id, {column} AS words, {inside} AS inside FROM search_entry
WHERE {column} @@ %(match)s::tsquery AND community_id = %(community)s AND shown_at <= %(now)s AND {seen} {kind}
ORDER BY shown_at DESC LIMIT {most})
"""
_SEARCH = """
WITH matching AS MATERIALIZED ({matching}),
ranked AS (SELECT document_id, inside, {rank}(words, %(match)s::tsquery)::float8 AS rank FROM matching),
page AS MATERIALIZED (
    SELECT document_id, inside, rank FROM ranked {after} ORDER BY rank DESC, document_id DESC LIMIT {limit}
)
SELECT {document}, {author}, left(CASE WHEN page.inside THEN d.text ELSE d.preview_text END, {text}), root.title,
    root.removed_at IS NOT NULL, page.inside, page.rank
FROM page JOIN content_document d ON d.id = page.document_id
LEFT JOIN accounts_user u ON u.id = d.author_id
LEFT JOIN discussions_comment c ON c.document_id = d.id
LEFT JOIN content_document root ON root.id = c.root_id
ORDER BY page.rank DESC, page.document_id DESC
"""


def search(viewer: Viewer, words: str, *, kind: str = "", after: str = "") -> Found:
    """One page of what matches, best first. One query, whatever matches.

    What is open to the viewer is searched in full; what is closed but shows a preview, by title and preview alone.
    """
    query = tsquery(words)
    if query is None or not viewer.may_enter:
        return NOTHING
    key = _key(after)
    with connection.cursor() as cursor:
        cursor.execute(_statement(viewer, query, kind, key), _parameters(viewer, query, kind, key))
        rows = cursor.fetchall()
    wanted = tokens(words)
    hits = [hit for row in rows[:PAGE] if (hit := _hit(viewer, list(row), words, wanted))]
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Found(hits, f"{last[-1]!r}_{last[0]}" if last else "")


def _statement(viewer: Viewer, query: str, kind: str, key: tuple[float, int] | None) -> str:
    parts = {"kind": "AND kind = ANY(%(kinds)s)" if kind in KINDS else "", "most": CANDIDATES_MAX}
    matching = _MATCHING.format(column="body", inside="true", seen=_OPEN, **parts)
    if viewer.preview_gates and not viewer.reads_all:
        closed = f"gate_id = ANY(%(preview)s) AND NOT coalesce({_OPEN}, false)"
        matching += f"UNION ALL {_MATCHING.format(column='preview', inside='false', seen=closed, **parts)}"
    return _SEARCH.format(
        matching=matching,
        # Words that stand together count for more; for a single word that would be its bare number in the text.
        rank="ts_rank_cd" if "&" in query or "<" in query else "ts_rank",
        after="WHERE (rank, document_id) < (%(rank)s::float8, %(last)s)" if key else "",
        limit=PAGE + 1,
        text=TEXT_MAX,
        document=columns_of("d", _DOCUMENT),
        author=columns_of("u", _AUTHOR),
    )


def _parameters(viewer: Viewer, query: str, kind: str, key: tuple[float, int] | None) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "match": query,
        "community": viewer.community.pk,
        "now": viewer.now,
        "all": viewer.reads_all,
        "open": list(viewer.open_gates),
        "user": viewer.user_id,
        "unlocked": list(viewer.unlocked_documents),
        "preview": list(viewer.preview_gates),
        "kinds": [str(each) for each in KINDS.get(kind, ())],
    }
    return asked | ({"rank": key[0], "last": key[1]} if key else {})


def _key(after: str) -> tuple[float, int] | None:
    rank, _, pk = after.partition("_")
    try:
        return float(rank), int(pk)
    except ValueError:
        return None


def _hit(viewer: Viewer, row: list[Any], words: str, wanted: list[str]) -> Hit | None:
    """A result, if the document itself still says that this viewer may see it."""
    document: Document = loaded(Document, _DOCUMENT, row)
    document._state.fields_cache["author"] = loaded(User, _AUTHOR, row)
    text, root_title, is_root_gone, inside, _rank = row
    if is_root_gone or not (is_open if inside else shows_preview)(viewer, document):
        return None
    # A comment is found under the title of what it is about.
    title = root_title if document.kind == Document.Kind.COMMENT else document.title
    return Hit(
        document=document,
        path=path_of(document),
        title=highlight(title or "", words, around=0),
        passage=highlight(_around(text, wanted), words),
        is_open=inside,
    )


def _around(text: str, wanted: list[str]) -> str:
    """The part of a long text that a match stands in."""
    if len(text) <= PASSAGE_MAX:
        return text
    low = text.lower()
    at = next((place for token in wanted if (place := low.find(token)) >= 0), 0)
    start = max(0, at - PASSAGE_MAX // 2)
    return text[start : start + PASSAGE_MAX]
