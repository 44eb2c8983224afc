"""When a work comes out, and how the rest of the house hears of it."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import look
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.content.models import Document
from paideia.content.visibility import is_editable
from paideia.lib.refusal import Invalid, NotAllowed

# Kinds whose publication is a fact, and the noun it begins with.
ANNOUNCED = (Document.Kind.ARTICLE, Document.Kind.COLUMN, Document.Kind.COURSE, Document.Kind.LESSON)


@transaction.atomic
def publish(*, document: Document, by: User | None, at: datetime | None = None) -> Document:
    """Let the document be seen from `at` (None: now) on. In the future it is scheduled: nobody sees it
    before, and whoever scheduled it must still be allowed to publish when it is due.

    Publishing what is out already changes nothing. `by` None is an import or the system.
    """
    row = _locked(document)
    _check_may_publish(row, by)
    now = timezone.now()
    if at is None and row.published_at is not None and row.published_at <= now:
        return row
    if not row.title and row.kind in ANNOUNCED:
        raise Invalid(_("Give it a title before it is published."))
    row.published_at, row.published_by = at or now, by
    row.save(update_fields=["published_at", "published_by"])
    if row.published_at <= now and row.announced_at is None:
        announce(row)
    return row


@transaction.atomic
def withdraw(*, document: Document, by: User | None) -> Document:
    """Make a published or scheduled work a draft again."""
    row = _locked(document)
    _check_may_publish(row, by)
    if row.published_at is None:
        return row
    was_out = row.announced_at is not None
    row.published_at = row.announced_at = row.published_by = None
    row.save(update_fields=["published_at", "announced_at", "published_by"])
    if was_out and row.kind in ANNOUNCED:
        record(f"{row.kind}.withdrawn", community=row.community_id, actor=by, object=row)
    return row


def announce(row: Document) -> None:
    """Record that a document came out, once. The caller holds its lock."""
    row.announced_at = timezone.now()
    row.save(update_fields=["announced_at"])
    if row.kind in ANNOUNCED:
        record(
            f"{row.kind}.published",
            community=row.community_id,
            actor=row.published_by_id or row.author_id,
            object=row,
            occurred_at=row.published_at,
        )


@transaction.atomic
def announce_due(*, now: datetime | None = None) -> int:
    """Announce every scheduled work whose time has come, and return how many came out. Those whose
    scheduler may no longer publish become drafts again instead."""
    now = now or timezone.now()
    due = (
        Document.objects.filter(announced_at=None, removed_at=None, published_at__lte=now)
        .select_related("community", "published_by")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("published_at")[:500]
    )
    out = 0
    for row in due:
        if may_still_publish(row):
            announce(row)
            out += 1
        else:
            withdraw(document=row, by=None)
    return out


def may_still_publish(row: Document) -> bool:
    """Whether the person who scheduled a work is still allowed to; nobody's schedule (an import's) stands."""
    if row.published_by is None:
        return True
    viewer = look(row.community, row.published_by)
    return viewer.may("content.publish") and is_editable(viewer, row)


def _locked(document: Document) -> Document:
    return Document.objects.select_related("community").select_for_update(of=("self",)).get(pk=document.pk)


def _check_may_publish(row: Document, by: User | None) -> None:
    if row.removed_at is not None:
        raise Invalid(_("This was removed and cannot be published."))
    if by is None:
        return
    viewer = look(row.community, by)
    if not is_editable(viewer, row):
        raise NotAllowed(_("You may not publish this."))
    if not viewer.may("content.publish"):
        raise NotAllowed(
            _("Your role does not include publishing. The draft is saved; ask an editor to publish it.")
        )
