"""Documents as lists and heads of pages show them: only what this viewer may see is filled in."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from markupsafe import Markup

from paideia.access.viewer import Viewer
from paideia.communities.addresses import origin, url_in
from paideia.communities.models import Community
from paideia.content.addresses import PAGES, path_of
from paideia.content.models import Document, Media
from paideia.content.queries import is_open, shows_preview

COVER_WIDTH = 480
LANGUAGE_TAGS = {"zh": "zh-Hans"}


@dataclass(frozen=True, slots=True)
class Card:
    """A document in a list. Summary and cover are empty where the gate lets only the title be seen."""

    document: Document
    path: str
    is_open: bool
    summary: str
    cover: str
    minutes: int


def cards(viewer: Viewer, documents: Iterable[Document]) -> list[Card]:
    return [card(viewer, document) for document in documents]


def card(viewer: Viewer, document: Document) -> Card:
    shown = shows_preview(viewer, document)
    return Card(
        document=document,
        path=path_of(document),
        is_open=is_open(viewer, document),
        summary=document.summary if shown else "",
        cover=media_path(cover, COVER_WIDTH) if shown and (cover := cover_of(document)) else "",
        minutes=minutes_of(document),
    )


def cover_of(document: Document) -> Media | None:
    """The cover of an article, column or course whose row was loaded along."""
    for kind in ("article", "column", "course"):
        row = document._state.fields_cache.get(kind)
        if row is not None and row.cover_id:
            return row.cover
    return None


def media_path(media: Media, width: int | None = None) -> str:
    """The address of a file, or of the variant of an image that is `width` wide, where there is one."""
    path = reverse("media", args=[media.pk, media.name])
    return f"{path}?w={width}" if width and str(width) in media.variants else path


def minutes_of(document: Document) -> int:
    """Minutes of reading, at least one for any text."""
    return max(1, round(document.reading_seconds / 60)) if document.reading_seconds else 0


def language_tag(document: Document) -> str:
    """What the page's `lang` says of the text; empty when it is that of the page."""
    return LANGUAGE_TAGS.get(document.language, document.language)


def contents_of(document: Document, *, is_open: bool) -> list[dict[str, Any]]:
    """The table of contents; of a closed document only what stands before the divider. Short texts have
    none."""
    items = [
        {"level": min(max(level, 2), 3), "id": id, "title": title}
        for level, id, title, is_free in document.headings
        if level <= 3 and (is_open or is_free)
    ]
    return items if len(items) > 1 else []


def canonical_url(document: Document, community: Community) -> str:
    return url_in(community, PAGES[Document.Kind(document.kind)], document.pk)


def structured(viewer: Viewer, document: Document, *, kind: str = "Article") -> Markup:
    """Schema.org's description of a public work for machines that read pages, made of what everybody may
    read."""
    community = viewer.community
    about = {
        "@context": "https://schema.org",
        "@type": kind,
        "headline": document.title,
        "description": document.summary if shows_preview(viewer, document) else "",
        "inLanguage": language_tag(document),
        "author": {"@type": "Person", "name": author_name(document)},
        "datePublished": document.published_at and document.published_at.isoformat(),
        "dateModified": (document.edited_at or document.published_at or document.created_at).isoformat(),
        "mainEntityOfPage": canonical_url(document, community),
        "publisher": {"@type": "Organization", "name": community.name, "url": origin(community)},
        "isAccessibleForFree": document.gate_id is None,
    }
    text = json.dumps(
        {key: value for key, value in about.items() if value not in ("", None)}, ensure_ascii=False
    )
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def author_name(document: Document) -> str:
    return document.author.shown_name if document.author else document.author_name
