"""The search index: one row for each readable document. Whether a searcher may see it is asked of the document."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from paideia.communities.models import Community
from paideia.content.models import Document


class Entry(models.Model):
    """Words of a document: `preview` holds what everybody who may list it can find, `body` the rest."""

    document = models.OneToOneField(Document, models.CASCADE, primary_key=True, related_name="search_entry")
    community = models.ForeignKey(Community, models.CASCADE)
    preview = SearchVectorField()
    body = SearchVectorField()
    indexed_revision = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "entries"
        indexes = [
            GinIndex(fields=["preview"], name="search_preview"),
            GinIndex(fields=["body"], name="search_body"),
        ]
