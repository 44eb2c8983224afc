"""Saving what was written, so that every state that was ever saved can be read again."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.models import Gate
from paideia.access.viewer import Viewer, look
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.communities.models import Community
from paideia.content.models import Document, Media, Revision
from paideia.content.rendering import fill, media_in
from paideia.content.visibility import is_editable
from paideia.lib.refusal import Conflict, Invalid, NotAllowed, NotFound
from paideia.lib.text import clean, clean_line
from paideia.spaces.models import Space

TAGS_MAX = 10
TAG_CHARACTERS_MAX = 40
# Who may write, edit and remove these is decided by the room of talk, which calls us.
TALK = {Document.Kind.THREAD, Document.Kind.COMMENT}


class EditConflict(Conflict):
    """Somebody saved the document since it was opened for editing. `current` is what it says now."""

    def __init__(self, current: Document) -> None:
        super().__init__(_("Somebody saved this text while you were editing. Compare both and save again."))
        self.current = current


def written_document(
    *,
    community: Community,
    kind: str,
    author: User | None,
    title: str,
    source: str,
    summary: str = "",
    space: Space | None = None,
    gate: Gate | None = None,
    tags: Iterable[str] = (),
    document: Document | None = None,
    expected_revision: int | None = None,
    note: str = "",
    by: User | None = None,
    viewer: Viewer | None = None,
    author_name: str = "",
    publish_at: datetime | None = None,
) -> Document:
    """`save_document` for rooms that are in their own transaction already, without a savepoint of its own.

    Write a new document, or change `document`; render it, keep the revision, take its files along.

    `by` (or the user of `viewer`) is who acts; with neither, an import or the system does and nothing is
    checked. For threads and comments the caller has checked. A new document is a draft unless `publish_at` is
    given, which is for rooms that record their own fact; others call `publish`. On a change, `kind` and
    `author` stay, and EditConflict is raised unless `expected_revision` (None: any) is the current one.
    Saving what is already there changes nothing. The result's `mentioned_ids` names the members mentioned.
    """
    viewer = viewer or _viewer(community, by, kind)
    by = viewer.user if viewer else by
    before = _locked(document, expected_revision) if document else None
    _check_may_write(viewer, kind, before, space)
    row = before or Document(community=community, kind=kind, author=author, author_name=author_name)
    old = _content(row) if before else None
    row.title, row.summary, row.source = _line(title, 200), _line(summary, 400), clean(source)
    row.space, row.gate, row.tags = space, gate_within(space, gate, community), tags_from(tags)
    if old == _content(row):
        return row
    row.mentioned_ids = fill(row)
    _write(row, is_new=before is None, publish_at=publish_at)
    Revision.objects.create(
        document=row, number=row.revision, title=row.title, source=row.source, author=by, note=note[:200]
    )
    _take_media_along(row, by or author)
    if before is not None:
        record("document.revised", community=community, actor=by, object=row, revision=row.revision)
    return row


save_document = transaction.atomic(written_document)


def restore_revision(
    *, document: Document, number: int, viewer: Viewer, expected_revision: int | None = None
) -> Document:
    """Make the document say again what it said in revision `number`; that is one more revision."""
    old = Revision.objects.filter(document=document, number=number).first()
    if old is None:
        raise NotFound(_("This document has no revision %(number)s.") % {"number": number})
    return save_document(
        community=viewer.community,
        kind=document.kind,
        author=document.author,
        title=old.title,
        source=old.source,
        summary=document.summary,
        space=document.space,
        gate=document.gate,
        tags=document.tags,
        document=document,
        expected_revision=expected_revision,
        note=_("Restored revision %(number)s") % {"number": number},
        viewer=viewer,
    )


@transaction.atomic
def remove_document(*, document: Document, by: User | None, reason: str = "") -> Document:
    """Take a document away from all readers; its rows stay. Doing it again changes nothing.

    Records `document.removed`, except for threads and comments, whose room records its own fact.
    """
    row = _locked(document)
    viewer = _viewer(row.community, by, row.kind)
    if row.removed_at is not None:
        return row
    if viewer is not None and not is_editable(viewer, row):
        raise NotAllowed(_("You may not remove this."))
    row.removed_at, row.removed_by = timezone.now(), by
    row.save(update_fields=["removed_at", "removed_by"])
    if row.kind not in TALK:
        record(
            "document.removed", community=row.community_id, actor=by, object=row, kind=row.kind, reason=reason
        )
    return row


def gate_within(space: Space | None, gate: Gate | None, community: Community) -> Gate | None:
    """The gate a work in this space gets: what is in a guarded space never stands outside its gate.

    Raises Invalid for a gate of another community, or one that does not hang under the space's gate.
    """
    for owned in (space, gate):
        if owned is not None and owned.community_id != community.pk:
            raise Invalid(_("“%(name)s” belongs to another community.") % {"name": owned})
    if space is None or space.gate_id is None:
        return gate
    if gate is None:
        return space.gate
    step: Gate | None = gate
    while step is not None:
        if step.pk == space.gate_id:
            return gate
        step = step.parent
    raise Invalid(
        _("“%(gate)s” would let people read who are not in “%(space)s”. Choose readers within that space.")
        % {"gate": gate, "space": space}
    )


def tags_from(words: Iterable[str]) -> list[str]:
    """Tags as they are stored: cleaned, without #, each once, in order. Raises Invalid beyond the limits."""
    tags = list(dict.fromkeys(tag for word in words if (tag := clean_line(word).lstrip("#").strip())))
    if len(tags) > TAGS_MAX:
        raise Invalid(_("%(n)s tags are too many; %(max)s is the most.") % {"n": len(tags), "max": TAGS_MAX})
    for tag in tags:
        if len(tag) > TAG_CHARACTERS_MAX:
            raise Invalid(
                _("The tag “%(tag)s…” is longer than %(max)s characters.")
                % {"tag": tag[:20], "max": TAG_CHARACTERS_MAX}
            )
    return tags


def _viewer(community: Community, by: User | None, kind: str) -> Viewer | None:
    return None if by is None or kind in TALK else look(community, by)


def _locked(document: Document, expected_revision: int | None = None) -> Document:
    row = (
        Document.objects.select_related("community", "space__gate", "gate", "author")
        .select_for_update(of=("self",))
        .get(pk=document.pk)
    )
    if expected_revision is not None and row.revision != expected_revision:
        raise EditConflict(row)
    return row


def _check_may_write(viewer: Viewer | None, kind: str, before: Document | None, space: Space | None) -> None:
    if viewer is None or kind in TALK:
        return
    if before is not None and not is_editable(viewer, before):
        raise NotAllowed(_("You may not edit this."))
    if before is None and not viewer.may("content.write"):
        raise NotAllowed(_("Your role does not include writing articles and courses."))
    if space is not None and not viewer.can_open(space.gate_id):
        raise NotAllowed(_("You are not in “%(space)s”.") % {"space": space})


def _content(row: Document) -> Sequence[object]:
    return (row.title, row.summary, row.source, row.space_id, row.gate_id, list(row.tags))


def _line(words: str, characters_max: int) -> str:
    line = clean_line(words)
    if len(line) > characters_max:
        raise Invalid(
            _("“%(start)s…” has %(n)s characters; %(max)s is the most.")
            % {"start": line[:20], "n": len(line), "max": characters_max}
        )
    return line


def _write(row: Document, *, is_new: bool, publish_at: datetime | None) -> None:
    now = timezone.now()
    if is_new:
        row.published_at = publish_at
        row.announced_at = publish_at and now
    else:
        row.revision += 1
        row.edited_at = now
    row.save()


def _take_media_along(row: Document, by: User | None) -> None:
    """A file becomes part of the first document in which its uploader shows it, and as readable as that."""
    for media, is_free in media_in(row):
        if media.document_id is None and by is not None and media.uploader_id == by.pk:
            media.document = row
        if media.document_id == row.pk:
            media.after_divider = not is_free
            Media.objects.filter(pk=media.pk).update(document=row, after_divider=media.after_divider)
