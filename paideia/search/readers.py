"""Hearing that words changed."""

from paideia.activity.models import Fact
from paideia.activity.readers import reader
from paideia.search.indexing import index_documents
from paideia.search.models import Entry

WORDS = {
    "document.revised",
    "document.removed",
    "article.published",
    "article.withdrawn",
    "column.published",
    "course.published",
    "lesson.published",
    "thread.opened",
    "thread.changed",
    "thread.removed",
    "comment.posted",
    "comment.removed",
}


@reader("search.index", verbs=WORDS, clear=lambda: Entry.objects.all().delete() and None)
def index(facts: list[Fact]) -> None:
    """Each of these facts is about a document; what it says now is what can be found."""
    index_documents(fact.object_id for fact in facts if fact.object_id is not None)
