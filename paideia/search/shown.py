"""A page of results as it is drawn: once for all who see alike and ask the same."""

from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils import timezone, translation
from markupsafe import Markup

from paideia.access.viewer import Viewer
from paideia.content.models import Document
from paideia.lib.kept import Kept
from paideia.search.queries import search

# The index follows what is written within moments, without raising the community's version: hence the short time.
kept: Kept[Markup] = Kept(bytes_max=8 * 1024 * 1024, seconds_max=15)


def results_html(viewer: Viewer, words: str, *, kind: str, after: str) -> Markup:
    """The rows that match and the way to more of them, or that nothing does."""
    # What is their own, or opened with a free read, only they find behind a gate.
    own = None if viewer.reads_all else (viewer.user_id, viewer.unlocked_documents)
    key = (
        (viewer.community.pk, viewer.community.version, viewer.sight, own, words, kind, after),
        (translation.get_language(), timezone.get_current_timezone_name(), get_script_prefix()),
    )
    html = kept.get(key)
    if html is None:
        found = search(viewer, words, kind=kind, after=after)
        context = {"query_text": words, "kind": kind, "found": found, "kinds": dict(Document.Kind.choices)}
        html = Markup(render_to_string("search/_results.html", context))
        kept.put(key, html, 2 * len(html))
    return html
