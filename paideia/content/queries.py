"""Reads of documents. Each takes the viewer and shows no more than that viewer may see."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.content.models import Document, Draft, Media, Revision
from paideia.content.visibility import is_editable, is_listed, is_open
from paideia.lib.refusal import NotFound
from paideia.spaces.models import Space

__all__ = ["Opened", "is_editable", "is_listed", "is_open", "opened"]

# What a list shows of a document. The words themselves stay in the database.
HEAVY = ("source", "html", "preview_html", "text", "preview_text", "headings")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a viewer gets to read of a document. Closed: `html` is the free part before the paywall divider
    where the gate shows previews (`is_preview`), else empty."""

    html: str
    is_open: bool
    is_preview: bool = False
    document: Document | None = None

    @property
    def text(self) -> str:
        """The same without marks."""
        if self.document is None:
            return ""
        return self.document.text if self.is_open else self.document.preview_text


NOTHING = Opened("", is_open=False)


def opened(viewer: Viewer, document: Document) -> Opened:
    """The one answer to how much of a document's words a page, feed, mail or file may contain."""
    if is_open(viewer, document):
        return Opened(document.html, is_open=True, document=document)
    if shows_preview(viewer, document):
        return Opened(document.preview_html, is_open=False, is_preview=True, document=document)
    return NOTHING


def shows_preview(viewer: Viewer, document: Document) -> bool:
    """Whether the free part and the cover may be shown: what is closed without a preview shows its title
    only."""
    if is_open(viewer, document):
        return True
    return is_listed(viewer, document) and document.gate_id in viewer.preview_gates


def document_for(viewer: Viewer, pk: int, *, kind: str = "") -> Document:
    """A document that has a page for this viewer. Raises NotFound alike for absent and hidden ones."""
    documents = Document.objects.readable_by(viewer).select_related("community", "author", "space", "gate")
    document = (documents.filter(kind=kind) if kind else documents).filter(pk=pk).first()
    if document is None:
        raise NotFound("")
    return document


def editable_document(viewer: Viewer, pk: int, *kinds: str) -> Document:
    """A document that this viewer may change. Raises NotFound alike for absent, hidden and others'."""
    documents = Document.objects.editable_by(viewer).select_related(
        "community", "author", "space", "gate", "article__cover", "article__column__document", "column__cover"
    )
    document = (documents.filter(kind__in=kinds) if kinds else documents).filter(pk=pk).first()
    if document is None:
        raise NotFound("")
    return document


def articles(viewer: Viewer) -> QuerySet[Document]:
    """Published articles that may be named to this viewer, ready for cards."""
    return _cards(Document.objects.listed_to(viewer).filter(kind=Document.Kind.ARTICLE))


def articles_in(viewer: Viewer, space: Space) -> QuerySet[Document]:
    """The articles of a space that may be named to this viewer; page them with `page_after`."""
    return articles(viewer).filter(space=space)


def articles_by(viewer: Viewer, author: User) -> QuerySet[Document]:
    return articles(viewer).filter(author=author)


def columns(viewer: Viewer) -> QuerySet[Document]:
    """Published columns that may be named to this viewer."""
    found = Document.objects.listed_to(viewer).filter(kind=Document.Kind.COLUMN)
    return found.select_related("author", "space", "column__cover").defer(*HEAVY)


def articles_of_column(viewer: Viewer, column: Document) -> QuerySet[Document]:
    """A column's articles in reading order; those without a place of their own stand by date."""
    return (
        articles(viewer)
        .filter(article__column_id=column.pk)
        .order_by("article__position", "published_at", "pk")
    )


def kept_by(viewer: Viewer) -> QuerySet[Document]:
    """What this viewer bookmarked and may still know of, last kept first."""
    found = Document.objects.listed_to(viewer).filter(bookmarks__user=viewer.user)
    return found.select_related("author", "space").defer(*HEAVY).order_by("-bookmarks__at")


def revisions_of(viewer: Viewer, document: Document) -> QuerySet[Revision]:
    """Every saved state, newest first: for those who may edit, because it holds what was taken out."""
    if not is_editable(viewer, document):
        raise NotFound("")
    return Revision.objects.filter(document=document).select_related("author").order_by("-number")


def works(viewer: Viewer, state: str = "") -> QuerySet[Document]:
    """Articles, columns and courses that this viewer may change; state: draft, scheduled, published or
    all."""
    kinds = (Document.Kind.ARTICLE, Document.Kind.COLUMN, Document.Kind.COURSE)
    found = Document.objects.editable_by(viewer).filter(kind__in=kinds)
    now = viewer.now
    states = {
        "draft": Q(published_at=None),
        "scheduled": Q(published_at__gt=now),
        "published": Q(published_at__lte=now),
    }
    found = found.filter(states[state]) if state in states else found
    return found.select_related("author", "space", "gate").defer(*HEAVY)


def works_counted(viewer: Viewer) -> dict[str, int]:
    """How many works stand in each state, for the tabs of the operators' page. One query."""
    from django.db.models import Count

    return works(viewer).aggregate(
        all=Count("pk"),
        draft=Count("pk", filter=Q(published_at=None)),
        scheduled=Count("pk", filter=Q(published_at__gt=viewer.now)),
        published=Count("pk", filter=Q(published_at__lte=viewer.now)),
    )


def draft_of(viewer: Viewer, key: str) -> Draft | None:
    """What this person was writing in the form `key` when the tab closed."""
    return Draft.objects.filter(user=viewer.user, community=viewer.community, key=key).first()


def media_for(viewer: Viewer, pk: int) -> Media:
    """A file that this viewer may load. Raises NotFound alike for absent and forbidden ones.

    A file is as readable as its document: behind the divider it takes the whole text, before it the title is
    enough; one that is in no document yet belongs to who uploaded it.
    """
    media = Media.objects.select_related("document").filter(pk=pk, community=viewer.community).first()
    if media is None or not _may_load(viewer, media):
        raise NotFound("")
    return media


def _may_load(viewer: Viewer, media: Media) -> bool:
    if media.document is None:
        return viewer.user_id is not None and media.uploader_id == viewer.user_id and viewer.may_enter
    if is_open(viewer, media.document):
        return True
    return not media.after_divider and shows_preview(viewer, media.document)


CHOICES = """
SELECT
    (SELECT json_agg(row_to_json(s)) FROM (
        SELECT id, name, kind, gate_id FROM spaces_space
        WHERE community_id = %(community)s AND archived_at IS NULL ORDER BY position, id) s),
    (SELECT json_agg(row_to_json(c)) FROM (
        SELECT d.id, d.title, d.author_id FROM content_document d
        WHERE d.community_id = %(community)s AND d.kind = 'column' AND d.removed_at IS NULL
        ORDER BY d.title) c),
    (SELECT json_agg(row_to_json(g)) FROM (
        SELECT g.id, g.name, g.parent_id, g.shows, g.role_keys, g.level_min, g.opens_at, g.delay_days,
            g.after_milestone,
            ARRAY(SELECT p.name FROM access_gate_plans gp JOIN access_plan p ON p.id = gp.plan_id
                WHERE gp.gate_id = g.id ORDER BY p.position, p.id) AS plans
        FROM access_gate g WHERE g.community_id = %(community)s ORDER BY g.id) g)
"""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a work can be put into: rows of plain values, only what this viewer may choose."""

    spaces: list[dict[str, Any]]
    columns: list[dict[str, Any]]
    gates: list[dict[str, Any]]


def choices_for(viewer: Viewer) -> Choices:
    """The spaces a writer is in, the columns they may fill, and the community's gates. One query."""
    with connection.cursor() as cursor:
        cursor.execute(CHOICES, {"community": viewer.community.pk})
        spaces, columns_, gates = (rows or [] for rows in cursor.fetchone())
    any_column = viewer.may("content.edit_any")
    return Choices(
        [each for each in spaces if viewer.can_open(each["gate_id"])],
        [each for each in columns_ if any_column or each["author_id"] == viewer.user_id],
        gates,
    )


def _cards(documents: QuerySet[Document]) -> QuerySet[Document]:
    related = documents.select_related("author", "space", "article__cover", "article__column__document")
    return related.defer(*HEAVY, *(f"article__column__document__{name}" for name in HEAVY))
