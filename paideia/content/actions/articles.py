"""Articles and the columns they stand in: a document and its place."""

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.communities.models import Community
from paideia.content.actions.documents import save_document
from paideia.content.actions.media import use_as_cover
from paideia.content.models import Article, Column, Document, Media
from paideia.lib.refusal import Invalid, NotAllowed

UNCHANGED: Any = object()


@transaction.atomic
def save_article(
    *,
    community: Community,
    author: User | None,
    title: str,
    source: str,
    column: Column | None = None,
    cover: Media | None = UNCHANGED,
    position: int | None = None,
    document: Document | None = None,
    viewer: Viewer | None = None,
    **fields: Any,
) -> Document:
    """Write an article (a draft; see `publish`) or change it. `fields` are those of `save_document`.

    A new article of a column stands at its end unless `position` says otherwise. `cover` None takes it away.
    """
    kind = Document.Kind.ARTICLE
    row = save_document(
        community=community,
        kind=kind,
        author=author,
        title=title,
        source=source,
        document=document,
        viewer=viewer,
        **fields,
    )
    article, _made = Article.objects.get_or_create(document=row)
    _put_in_column(article, column, position, viewer)
    if cover is not UNCHANGED:
        article.cover = use_as_cover(cover, row)
    article.save()
    return row


@transaction.atomic
def save_column(
    *,
    community: Community,
    author: User | None,
    title: str,
    source: str,
    cover: Media | None = UNCHANGED,
    document: Document | None = None,
    viewer: Viewer | None = None,
    **fields: Any,
) -> Document:
    """Write a column (a draft; see `publish`) or change it. `fields` are those of `save_document`."""
    row = save_document(
        community=community,
        kind=Document.Kind.COLUMN,
        author=author,
        title=title,
        source=source,
        document=document,
        viewer=viewer,
        **fields,
    )
    column, _made = Column.objects.get_or_create(document=row)
    if cover is not UNCHANGED:
        column.cover = use_as_cover(cover, row)
        column.save()
    return row


def _put_in_column(
    article: Article, column: Column | None, position: int | None, viewer: Viewer | None
) -> None:
    moved = (column and column.pk) != article.column_id
    if moved and column is not None:
        if column.document.community_id != article.document.community_id:
            raise Invalid(_("This column belongs to another community."))
        own = viewer is None or column.document.author_id == viewer.user_id
        if not own and not (viewer and viewer.may("content.edit_any")):
            raise NotAllowed(_("This column is somebody else's."))
        if position is None:
            last = Article.objects.filter(column=column).aggregate(last=Max("position"))["last"]
            position = (last or 0) + 1
    article.column = column
    if position is not None:
        article.position = position
