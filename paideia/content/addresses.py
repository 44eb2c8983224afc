"""Where a document is read: one place for every room that links to documents of any kind."""

from functools import lru_cache

from django.urls import get_script_prefix, get_urlconf, reverse

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
MARK = 1_234_567_890_123_456  # stands for an id, and in no other part of an address


def path_of(document: Document) -> str:
    """The path of the page of a document, for use inside a request to its community."""
    page = PAGES.get(document.kind, COMMENT_PAGE)  # type: ignore[call-overload]
    before, after = _around_the_id(page, get_script_prefix(), get_urlconf())
    return f"{before}{document.pk}{after}"


@lru_cache(maxsize=1024)
def _around_the_id(page: str, _prefix: str, _urlconf: str | None) -> tuple[str, str]:
    """What stands before and after the id in a page's address: lists ask for dozens that differ in it alone."""
    before, _id, after = reverse(page, args=[MARK]).partition(str(MARK))
    return before, after


def lasting_path_of(document: Document) -> str:
    """The same for those who write it outside a request: mails, readers, stored pages. Reads
    `document.community`."""
    return path_in(document.community, PAGES.get(document.kind, COMMENT_PAGE), document.pk)  # type: ignore[call-overload]
