"""From what somebody wrote to what is shown: once, on write."""

import re

from django.conf import settings
from django.db.models.functions import Lower

from paideia.accounts.models import User
from paideia.communities.addresses import origin, path_in
from paideia.communities.models import Community
from paideia.content.languages import language_of
from paideia.content.models import Document, Media
from paideia.content.pictures import with_variants
from paideia.lib.markdown import Rendered, TooComplex, render
from paideia.lib.refusal import Invalid

_MENTION = re.compile(r"@(\w[\w-]{1,38}\w)")
_MENTIONS_MAX = 50
PLACE = "paywall"  # the shop window of a closed text has the same address as the line behind it
_DIVIDER = '<div class="members-only"></div>'
_OWN_MEDIA = re.compile(r'(?:src|href|poster)="(?:/c/[a-z0-9-]{1,40})?/media/(\d{1,18})/')
# People expect every line end of a post to count; a text set like a book has its own.
_LINE_BREAKS = {Document.Kind.THREAD, Document.Kind.COMMENT}


def fill(document: Document) -> tuple[int, ...]:
    """Render `document.source` into the fields that pages, lists and the index read. Nothing is saved.

    Returns the ids of the members who are mentioned. What stands behind a paywall divider is in `html` and
    `text` only; without a divider a closed document has no preview.
    """
    handles = mentioned_members(document.community, document.source)
    rendered = rendered_for(document.community, document.source, kind=document.kind, handles=handles)
    document.html = with_variants(with_place(rendered.html), document.community_id)
    document.preview_html = (
        with_variants(rendered.preview_html, document.community_id) if rendered.has_divider else ""
    )
    document.text = rendered.text
    document.preview_text = rendered.preview_text if rendered.has_divider else ""
    document.headings = [[each.level, each.id, each.title, each.free] for each in rendered.headings]
    document.words = rendered.words
    document.reading_seconds = rendered.reading_seconds
    document.language = language_of(f"{document.title}\n{rendered.text}")
    return tuple(handles.values())


def with_place(html: str) -> str:
    """`html` with an address where the free part ends, so that who has paid lands on the line where they
    stopped."""
    return html.replace(_DIVIDER, f'<div class="members-only" id="{PLACE}"></div>', 1)


def rendered_for(
    community: Community,
    source: str,
    *,
    kind: str = "",
    id_scope: str = "",
    handles: dict[str, int] | None = None,
) -> Rendered:
    """Markdown as this community shows it: its members' mentions are links, its own addresses stay inside.

    Raises Invalid when the text is too long or too deep for a page.
    """
    known = mentioned_members(community, source) if handles is None else handles

    def mention_url(handle: str) -> str | None:
        return path_in(community, "member", handle) if handle.lower() in known else None

    try:
        return render(
            source,
            mention_url=mention_url,
            site_hosts=(origin(community).split("//")[1], settings.BASE_URL.split("//")[1]),
            line_breaks=kind in _LINE_BREAKS,
            id_scope=id_scope,
        )
    except TooComplex as error:
        raise Invalid(str(error)) from error


def mentioned_members(community: Community, source: str) -> dict[str, int]:
    """The members among the handles that a text mentions: lower-case handle to user id."""
    handles = list(dict.fromkeys(handle.lower() for handle in _MENTION.findall(source)))[:_MENTIONS_MAX]
    if not handles:
        return {}
    members = User.objects.annotate(lowered=Lower("handle")).filter(
        lowered__in=handles, is_active=True, memberships__community=community, memberships__left_at=None
    )
    return dict(members.values_list("lowered", "pk"))


def media_ids_in(html: str) -> set[int]:
    """The uploaded files that a rendered text shows or links to."""
    return {int(pk) for pk in _OWN_MEDIA.findall(html)}


def media_in(document: Document) -> list[tuple[Media, bool]]:
    """The community's files in a document, each with whether it stands in the part that the preview shows."""
    free = media_ids_in(document.preview_html)
    found = Media.objects.filter(
        community_id=document.community_id, pk__in=media_ids_in(document.html) | free
    )
    return [(media, media.pk in free) for media in found]
