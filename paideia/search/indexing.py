"""Writing the search index: what a document's words become."""

from collections.abc import Iterable

from django.db import connection

from paideia.content.models import Document
from paideia.lib.tokens import tsvector_literal
from paideia.search.models import Entry

UPSERT = """
INSERT INTO search_entry (document_id, community_id, preview, body, indexed_revision)
VALUES (%s, %s, %s::tsvector, %s::tsvector, %s)
ON CONFLICT (document_id) DO UPDATE
SET preview = excluded.preview, body = excluded.body, indexed_revision = excluded.indexed_revision
"""


def index_documents(ids: Iterable[int]) -> None:
    """Bring the entries of these documents up to what they say now; those that are gone leave the index."""
    wanted = sorted(set(ids))
    rows = Document.objects.filter(pk__in=wanted, removed_at=None).only(
        "community_id", "title", "tags", "summary", "text", "preview_text", "revision"
    )
    entries = [_entry(document) for document in rows]
    Entry.objects.filter(document__in=set(wanted) - {entry[0] for entry in entries}).delete()
    with connection.cursor() as cursor:
        cursor.executemany(UPSERT, entries)


def _entry(document: Document) -> tuple[int, int, str, str, int]:
    head = [(document.title, "A"), (" ".join(document.tags), "B"), (document.summary, "C")]
    return (
        document.pk,
        document.community_id,
        tsvector_literal([*head, (document.preview_text, "D")]),
        tsvector_literal([*head, (document.text, "D")]),
        document.revision,
    )
