"""The search index: one row for each readable document."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from paideia.communities.models import Community
from paideia.content.models import Document


class Entry(models.Model):
    """Words of a document: `preview` holds what everybody who may list it can find, `body` the rest.

    The other columns are the document's own, kept the same by the database (migration 0002): a search reads no second
    table until it knows its page. What is shown of that page is asked of the documents once more.
    """

    document = models.OneToOneField(Document, models.CASCADE, primary_key=True, related_name="search_entry")
    community = models.ForeignKey(Community, models.CASCADE)
    kind = models.CharField(max_length=10, default="", editable=False)
    gate_id = models.BigIntegerField(null=True, editable=False)
    author_id = models.BigIntegerField(null=True, editable=False)
    shown_at = models.DateTimeField(null=True, editable=False)  # published, unless it was removed
    preview = SearchVectorField()
    body = SearchVectorField()
    indexed_revision = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "entries"
        # What is written goes into the index at once: else every search reads the list of what waits.
        indexes = [
            GinIndex(fields=["preview"], name="search_preview", fastupdate=False),
            GinIndex(fields=["body"], name="search_body", fastupdate=False),
        ]
