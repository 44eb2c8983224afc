"""Where a document is read: one place for every room that links to documents of any kind."""

from django.urls import reverse

from paideia.communities.addresses import path_in
from paideia.content.models import Document

# The page's name in the urlconf of a community; each takes the document's id.
PAGES = {
    Document.Kind.ARTICLE: "article",
    Document.Kind.COLUMN: "column",
    Document.Kind.COURSE: "course",
    Document.Kind.LESSON: "lesson",
    Document.Kind.THREAD: "thread",
}
# A comment has no page of its own: its address finds the page it stands on and the place there.
COMMENT_PAGE = "comment"


def path_of(document: Document) -> str:
    """The path of the page of a document, for use inside a request to its community."""
    return reverse(PAGES.get(document.kind, COMMENT_PAGE), args=[document.pk])  # type: ignore[call-overload]


def lasting_path_of(document: Document) -> str:
    """The same for those who write it outside a request: mails, readers, stored pages. Reads
    `document.community`."""
    return path_in(document.community, PAGES.get(document.kind, COMMENT_PAGE), document.pk)  # type: ignore[call-overload]
