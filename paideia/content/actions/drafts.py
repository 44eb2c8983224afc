"""What is being written and not saved yet, and what a reader keeps."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.content.models import Bookmark, Document, Draft
from paideia.content.visibility import is_listed
from paideia.lib.markdown import SOURCE_BYTES_MAX
from paideia.lib.refusal import Invalid, NotAllowed, NotFound
from paideia.lib.text import clean, clean_line

DRAFTS_MAX = 200  # of one person in one community; the oldest go


@transaction.atomic
def keep_draft(*, viewer: Viewer, key: str, title: str, source: str) -> Draft | None:
    """Keep what somebody has in a form, once a form; an empty one is forgotten. Never shown to anyone
    else."""
    if viewer.user is None or not viewer.is_member:
        raise NotAllowed(_("Join to write here."))
    if not key or len(key) > 80:
        raise Invalid(_("A draft needs the name of its form."))
    source = clean(source)
    if len(source.encode()) > SOURCE_BYTES_MAX:
        raise Invalid(_("The text is too long to be kept as a draft. Split it in parts."))
    if not source.strip() and not title.strip():
        discard_draft(viewer=viewer, key=key)
        return None
    kept, made = Draft.objects.update_or_create(
        user=viewer.user,
        community=viewer.community,
        key=clean_line(key),
        defaults={"title": clean_line(title)[:200], "source": source, "saved_at": timezone.now()},
    )
    if made:
        _forget_oldest(viewer)
    return kept


def discard_draft(*, viewer: Viewer, key: str) -> None:
    Draft.objects.filter(user=viewer.user, community=viewer.community, key=key).delete()


@transaction.atomic
def toggle_bookmark(*, viewer: Viewer, document: Document) -> bool:
    """Keep a document, or let it go; True when it is kept now."""
    if viewer.user is None:
        raise NotAllowed(_("Sign in to keep this."))
    if not is_listed(viewer, document):
        raise NotFound("")
    # One press at a time: each sees what the one before it did.
    User.objects.select_for_update(no_key=True).get(pk=viewer.user.pk)
    gone, _rows = Bookmark.objects.filter(user=viewer.user, document=document).delete()
    kept = not gone
    if kept:
        Bookmark.objects.create(user=viewer.user, document=document)
    verb = "bookmark.added" if kept else "bookmark.removed"
    record(verb, community=viewer.community, actor=viewer.user, object=document)
    return kept


def _forget_oldest(viewer: Viewer) -> None:
    mine = Draft.objects.filter(user=viewer.user, community=viewer.community).order_by("-saved_at")
    Draft.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[DRAFTS_MAX:])).delete()
