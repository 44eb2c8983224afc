"""Searching: the newest matches are ranked, and nobody finds a word they may not read."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, FloatField, Q, QuerySet
from django.db.models.functions import Cast
from markupsafe import Markup

from paideia.access.viewer import Viewer
from paideia.content.addresses import path_of
from paideia.content.models import Document
from paideia.content.queries import is_open, shows_preview
from paideia.lib.tokens import highlight, tokens, tsquery
from paideia.search.models import Entry

PAGE = 20
CANDIDATES_MAX = 2000  # only the newest matches are ranked: common words stay cheap
PASSAGE_MAX = 400  # characters that are looked at for the marked passage
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


class Match(SearchQuery):
    """A query that our own tokens were made into: PostgreSQL's parser would cut Chinese in the wrong places."""

    def __init__(self, query: str) -> None:
        super().__init__(query, search_type="raw")
        self.query = query

    def as_sql(self, *_: Any, **__: Any) -> Any:
        return "%s::tsquery", [self.query]


def search(viewer: Viewer, words: str, *, kind: str = "", after: str = "") -> Found:
    """One page of what matches, best first. Two queries, whatever matches.

    What is open to the viewer is searched in full; what is closed but shows a preview, by title and preview alone.
    """
    query = tsquery(words)
    if query is None:
        return NOTHING
    match = Match(query)
    shown = Document.objects.visible_to(viewer)
    closed = Document.objects.listed_to(viewer).filter(gate_id__in=viewer.preview_gates)
    ranked = _ranked(shown, "body", match, kind, after)
    if viewer.preview_gates and not viewer.reads_all:
        closed = closed.exclude(Q(pk__in=viewer.unlocked_documents) | Q(author_id=viewer.user_id or 0))
        ranked = ranked.union(_ranked(closed, "preview", match, kind, after), all=True)
    found = list(ranked.order_by("-rank", "-document_id")[: PAGE + 1])
    page = found[:PAGE]
    rows = Document.objects.filter(pk__in=[pk for pk, _ in page]).select_related(
        "author", "space", "comment__root", "lesson__section__course__document"
    )
    by_id = {row.pk: row for row in rows.defer("html", "preview_html", "source")}
    hits = [_hit(viewer, by_id[pk], words) for pk, _ in page if pk in by_id]
    return Found(hits, f"{page[-1][1]!r}_{page[-1][0]}" if len(found) > PAGE else "")


def _ranked(documents: QuerySet[Document], column: str, match: SearchQuery, kind: str, after: str) -> Any:
    matching = documents.filter(**{f"search_entry__{column}": match})
    if kind in KINDS:
        matching = matching.filter(kind__in=KINDS[kind])
    newest = matching.order_by("-published_at").values("pk")[:CANDIDATES_MAX]
    # As a double, so that the key of the next page compares equal to what was read.
    rank = Cast(SearchRank(F(column), match, cover_density=True), FloatField())
    entries = Entry.objects.filter(document__in=newest).annotate(rank=rank)
    if key := _key(after):
        last, pk = key
        entries = entries.filter(Q(rank__lt=last) | Q(rank=last, document_id__lt=pk))
    return entries.values_list("document_id", "rank")


def _key(after: str) -> tuple[float, int] | None:
    rank, _, pk = after.partition("_")
    try:
        return float(rank), int(pk)
    except ValueError:
        return None


def _hit(viewer: Viewer, document: Document, words: str) -> Hit:
    whole = is_open(viewer, document)
    text = document.text if whole else document.preview_text if shows_preview(viewer, document) else ""
    return Hit(
        document=document,
        path=path_of(document),
        title=highlight(title_of(document), words, around=0),
        passage=highlight(_around(text, words), words),
        is_open=whole,
    )


def _around(text: str, words: str) -> str:
    """The part of a long text that a match stands in: marking the whole of it would cost more than the search."""
    if len(text) <= PASSAGE_MAX:
        return text
    low = text.lower()
    at = next((place for token in tokens(words) if (place := low.find(token)) >= 0), 0)
    start = max(0, at - PASSAGE_MAX // 2)
    return text[start : start + PASSAGE_MAX]


def title_of(document: Document) -> str:
    """A comment is found under the title of what it is about."""
    if document.kind == Document.Kind.COMMENT:
        return document.comment.root.title
    return document.title
