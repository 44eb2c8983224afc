"""The page that is opened most: an article, read from the database in one statement.

The rows are made into the same objects that the ORM makes, and who may see them is decided about those
objects by `visibility`, as everywhere; only the statement is written by hand, because building it takes the
ORM longer than running it.
"""

from functools import lru_cache
from typing import Any

from django.db import connection

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.content.models import Article, Column, Document, Media
from paideia.content.visibility import is_editable, is_listed
from paideia.lib.refusal import NotFound
from paideia.spaces.models import Space

NEAR = 20  # articles looked at on each side for one that this viewer may know of

_DOCUMENT = (
    "id",
    "community_id",
    "kind",
    "author_id",
    "author_name",
    "space_id",
    "gate_id",
    "title",
    "summary",
    "html",
    "preview_html",
    "language",
    "words",
    "reading_seconds",
    "headings",
    "tags",
    "score",
    "revision",
    "published_at",
    "announced_at",
    "removed_at",
    "created_at",
    "edited_at",
)
_AUTHOR = ("id", "handle", "name", "avatar")
_SPACE = ("id", "slug", "name")
_COVER = ("id", "name", "variants", "width", "height")
_AS_JSON = {"headings", "variants"}


def columns_of(table: str, names: tuple[str, ...]) -> str:
    return ", ".join(f"{table}.{name}{'::json' if name in _AS_JSON else ''}" for name in names)


_NEAR = """
    (SELECT json_agg(row_to_json(near)) FROM (
        SELECT n.id, n.title, n.gate_id, n.author_id
        FROM content_article na JOIN content_document n ON n.id = na.document_id
        WHERE na.column_id = a.column_id AND n.removed_at IS NULL AND n.published_at <= %(now)s
          AND (na.position, n.published_at, n.id) {0} (a.position, d.published_at, d.id)
        ORDER BY na.position {1}, n.published_at {1}, n.id {1} LIMIT {2}) near)
"""
ARTICLE = f"""
SELECT {columns_of("d", _DOCUMENT)}, {columns_of("u", _AUTHOR)}, {columns_of("s", _SPACE)}, {columns_of("m", _COVER)},
    a.column_id, cd.title,
    EXISTS (SELECT 1 FROM content_bookmark b WHERE b.document_id = d.id AND b.user_id = %(user)s),
    CASE WHEN a.column_id IS NOT NULL THEN {_NEAR.format("<", "DESC", NEAR)} END,
    CASE WHEN a.column_id IS NOT NULL THEN {_NEAR.format(">", "ASC", NEAR)} END
FROM content_document d
LEFT JOIN accounts_user u ON u.id = d.author_id
LEFT JOIN spaces_space s ON s.id = d.space_id
LEFT JOIN content_article a ON a.document_id = d.id
LEFT JOIN content_document cd ON cd.id = a.column_id
LEFT JOIN content_media m ON m.id = a.cover_id
WHERE d.id = %(pk)s AND d.kind = 'article' AND d.community_id = %(community)s
"""


def article_for(viewer: Viewer, pk: int) -> Document:
    """An article with all that its page shows of it: author, space, column, cover, `is_kept` (by this
    viewer), and `before` and `after` it in its column. Raises NotFound alike for absent and hidden ones. One
    query."""
    asked = {"pk": pk, "community": viewer.community.pk, "user": viewer.user_id, "now": viewer.now}
    with connection.cursor() as cursor:
        cursor.execute(ARTICLE, asked)
        row = cursor.fetchone()
    if row is None:
        raise NotFound("")
    document = _document(list(row))
    if not is_listed(viewer, document):
        raise NotFound("")
    *_rest, is_kept, before, after = row
    document.is_kept = is_kept  # type: ignore[attr-defined]
    document.before = _nearest(viewer, before)  # type: ignore[attr-defined]
    document.after = _nearest(viewer, after)  # type: ignore[attr-defined]
    document.may_edit = is_editable(viewer, document)  # type: ignore[attr-defined]
    return document


def _document(row: list[Any]) -> Document:
    document = loaded(Document, _DOCUMENT, row)
    author = loaded(User, _AUTHOR, row)
    space = loaded(Space, _SPACE, row)
    cover = loaded(Media, _COVER, row)
    column_id, column_title = row[:2]
    article = Article(document=document, column_id=column_id, cover=cover)
    if column_id is not None:
        column = Column(document=Document(pk=column_id, kind=Document.Kind.COLUMN, title=column_title))
        article.column = column
    document._state.fields_cache.update(author=author, space=space, article=article)
    return document


def loaded(model: Any, names: tuple[str, ...], row: list[Any]) -> Any:
    """A row of `model` from the next values of `row`, which are taken off it; None where it was not
    joined."""
    values = row[: len(names)]
    del row[: len(names)]
    if values[0] is None:
        return None
    ordered, places = _order(model, names)
    return model.from_db("default", ordered, [values[place] for place in places])


@lru_cache(maxsize=64)
def _order(model: Any, names: tuple[str, ...]) -> tuple[list[str], list[int]]:
    """`from_db` wants the fields in the model's own order."""
    ordered = [field.attname for field in model._meta.concrete_fields if field.attname in names]
    return ordered, [names.index(name) for name in ordered]


def _nearest(viewer: Viewer, near: list[dict[str, Any]] | None) -> Document | None:
    """The first of some articles of this community, all out, that this viewer may know of."""
    for each in near or ():
        document = Document(
            pk=each["id"],
            kind=Document.Kind.ARTICLE,
            title=each["title"],
            gate_id=each["gate_id"],
            author_id=each["author_id"],
            community_id=viewer.community.pk,
            published_at=viewer.now,
        )
        if is_listed(viewer, document):
            return document
    return None
