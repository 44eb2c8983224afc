"""Opening threads, commenting, answering: the writes of talk, with the permission each one asks for."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.content.actions import remove_document, save_document, written_document
from paideia.content.models import Document
from paideia.content.queries import HEAVY
from paideia.discussions.models import Acceptance, Comment, Thread, Watch
from paideia.lib.refusal import Conflict, Invalid, NotAllowed, NotFound
from paideia.spaces.models import Space

TITLE_MAX, SOURCE_MAX, TAGS_MAX, DEPTH_MAX = 200, 60_000, 5, 6
COUNT = """
UPDATE discussions_thread
SET comments_count = comments_count + 1, last_activity_at = %(now)s, last_commenter_id = %(author)s
WHERE document_id = %(root)s RETURNING is_question, closed_at
"""
FOLLOW = """
INSERT INTO discussions_watch (user_id, document_id, is_muted)
SELECT %(user)s, %(document)s, false
WHERE NOT EXISTS (SELECT 1 FROM discussions_watch WHERE user_id = %(user)s AND document_id = %(document)s)
ON CONFLICT DO NOTHING
"""


@transaction.atomic
def open_thread(
    *,
    viewer: Viewer,
    space: Space,
    title: str,
    source: str,
    is_question: bool | None = None,
    tags: tuple[str, ...] = (),
) -> Thread:
    """Open a thread in a space, behind the gate of the space. In a space for questions it is a question."""
    author = _must(viewer, "threads.open")
    if space.community_id != viewer.community.pk or not viewer.can_open(space.gate_id):
        raise NotFound(_("There is no such space."))
    if space.archived_at:
        raise NotAllowed(_("This space is archived: nothing new can be written in it."))
    if space.kind == Space.Kind.ANNOUNCEMENTS and not viewer.may("content.write"):
        raise NotAllowed(_("Only the team writes in this space."))
    if not title.strip():
        raise Invalid(_("Give the thread a title."))
    now = timezone.now()
    document = written_document(
        community=viewer.community,
        kind=Document.Kind.THREAD,
        author=author,
        by=author,
        title=title.strip()[:TITLE_MAX],
        source=_words(source),
        space=space,
        gate=space.gate,
        tags=tidy_tags(tags),
        publish_at=now,
    )
    question = space.kind == Space.Kind.QUESTIONS if is_question is None else is_question
    thread = Thread.objects.create(document=document, is_question=question, last_activity_at=now)
    Watch.objects.create(user=author, document=document)
    record(
        "thread.opened",
        community=viewer.community,
        actor=viewer.user,
        object=document,
        space=space.pk,
        question=question,
    )
    return thread


@transaction.atomic
def edit_thread(
    *,
    viewer: Viewer,
    thread: Thread,
    title: str,
    source: str,
    tags: tuple[str, ...],
    expected_revision: int,
    note: str = "",
) -> Thread:
    """Save a new revision of the opening post, by its author or whoever may edit what others wrote."""
    document = thread.document
    _must_edit(viewer, document)
    if not title.strip():
        raise Invalid(_("Give the thread a title."))
    save_document(
        document=document,
        community=viewer.community,
        kind=Document.Kind.THREAD,
        author=document.author,
        by=viewer.user,
        title=title.strip()[:TITLE_MAX],
        source=_words(source),
        space=document.space,
        gate=document.gate,
        tags=tidy_tags(tags),
        note=note,
        expected_revision=expected_revision,
    )
    record("thread.changed", community=viewer.community, actor=viewer.user, object=document, change="edited")
    return thread


@transaction.atomic
def post_comment(
    *, viewer: Viewer, root: Document, source: str, parent: Comment | None = None, is_answer: bool = False
) -> Comment:
    """Comment on a document that the viewer can read in full. On a question, an answer stands at the top.

    Of `root` only the id is believed: what it says, and whether it is to be seen, is asked of the database.
    """
    author = _must(viewer, "comments.post")
    shown = Document.objects.visible_to(viewer).select_related("space", "gate").defer(*HEAVY)
    found = shown.filter(pk=root.pk).first()
    if found is None:
        raise NotFound(_("There is nothing to comment on here."))
    now = timezone.now()
    thread = _counted(found, author, now)
    if thread and thread.closed_at and not viewer.may("discussions.moderate"):
        raise NotAllowed(_("This thread is closed."))
    if parent is not None and (parent.root_id != found.pk or parent.document.removed_at):
        raise NotFound(_("The comment you reply to is gone."))
    if is_answer and (thread is None or not thread.is_question or parent is not None):
        raise Invalid(_("Only a question can be answered."))
    document = written_document(
        community=viewer.community,
        kind=Document.Kind.COMMENT,
        author=author,
        by=author,
        title="",
        source=_words(source),
        space=found.space,
        gate=found.gate,
        publish_at=now,
    )
    if parent is not None and parent.depth >= DEPTH_MAX:
        parent = parent.parent  # deeper replies stand beside the one they answer
    comment = Comment(
        document=document,
        root=found,
        parent=parent,
        top_id=parent.top_id if parent else document.pk,
        depth=parent.depth + 1 if parent else 0,
        is_answer=is_answer,
    )
    comment.save(force_insert=True)
    _follow(author, found)
    record(
        "comment.posted",
        community=viewer.community,
        actor=viewer.user,
        object=document,
        root=found.pk,
        parent=parent.pk if parent else None,
        answer=is_answer,
    )
    return comment


def _counted(root: Document, author: User, now: datetime) -> Thread | None:
    """The thread of this opening post, if it is one, with one comment more; locked until it is written or refused."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"root": root.pk, "author": author.pk, "now": now})
        row = cursor.fetchone()
    if row is None:
        root._state.fields_cache["thread"] = None  # nobody need ask again
        return None
    return Thread(document=root, is_question=row[0], closed_at=row[1], last_activity_at=now)


def _follow(user: User, document: Document) -> None:
    """Watch from now on, unless one does or wanted not to."""
    with connection.cursor() as cursor:
        cursor.execute(FOLLOW, {"user": user.pk, "document": document.pk})


@transaction.atomic
def edit_comment(*, viewer: Viewer, comment: Comment, source: str, expected_revision: int) -> Comment:
    _must_edit(viewer, comment.document)
    comment.document = save_document(
        document=comment.document,
        community=viewer.community,
        kind=Document.Kind.COMMENT,
        author=comment.document.author,
        by=viewer.user,
        title="",
        source=_words(source),
        space=comment.document.space,
        gate=comment.document.gate,
        expected_revision=expected_revision,
    )
    return comment


@transaction.atomic
def remove_comment(*, viewer: Viewer, comment: Comment, reason: str = "") -> None:
    """Take a comment away: its place stays while there are replies, its words are gone for everybody."""
    document = Document.objects.select_for_update().get(pk=comment.pk)
    _must_remove(viewer, document)
    if document.removed_at:
        return
    remove_document(document=document, by=viewer.user, reason=reason)
    Acceptance.objects.filter(comment=comment).delete()
    Thread.objects.filter(pk=comment.root_id).update(comments_count=F("comments_count") - 1)
    record(
        "comment.removed",
        community=viewer.community,
        actor=viewer.user,
        object=document,
        root=comment.root_id,
    )


@transaction.atomic
def remove_thread(*, viewer: Viewer, thread: Thread, reason: str = "") -> None:
    document = Document.objects.select_for_update().get(pk=thread.pk)
    _must_remove(viewer, document)
    if document.removed_at:
        return
    remove_document(document=document, by=viewer.user, reason=reason)
    record("thread.removed", community=viewer.community, actor=viewer.user, object=document)


@transaction.atomic
def accept_answer(*, viewer: Viewer, comment: Comment) -> bool:
    """Mark the answer that helped, or take the mark back. Returns whether it is accepted now."""
    thread = Thread.objects.select_for_update().select_related("document").filter(pk=comment.root_id).first()
    if thread is None or not comment.is_answer or comment.document.removed_at:
        raise Invalid(_("Only an answer to a question can be accepted."))
    asker = thread.document.author_id is not None and thread.document.author_id == viewer.user_id
    if not asker and not viewer.may("discussions.moderate"):
        raise NotAllowed(_("Only the person who asked can accept an answer."))
    before = Acceptance.objects.filter(thread=thread).first()
    if before:
        before.delete()
        _record_acceptance("answer.unaccepted", viewer, before.comment_id, thread)
        if before.comment_id == comment.pk:
            return False
    Acceptance.objects.create(thread=thread, comment=comment, by=viewer.user)
    _record_acceptance("answer.accepted", viewer, comment.pk, thread)
    return True


def _record_acceptance(verb: str, viewer: Viewer, comment_id: int, thread: Thread) -> None:
    document = Document.objects.only("pk", "author_id").get(pk=comment_id)
    record(
        verb,
        community=viewer.community,
        actor=viewer.user,
        object=document,
        root=thread.pk,
        author=document.author_id,
    )


@transaction.atomic
def close_thread(*, viewer: Viewer, thread: Thread, closed: bool) -> None:
    _must(viewer, "discussions.moderate")
    Thread.objects.filter(pk=thread.pk).update(closed_at=timezone.now() if closed else None)
    _changed(viewer, thread, "closed" if closed else "reopened")


@transaction.atomic
def pin_thread(*, viewer: Viewer, thread: Thread, pinned: bool) -> None:
    _must(viewer, "discussions.moderate")
    Thread.objects.filter(pk=thread.pk).update(pinned_at=timezone.now() if pinned else None)
    _changed(viewer, thread, "pinned" if pinned else "unpinned")


@transaction.atomic
def move_thread(*, viewer: Viewer, thread: Thread, space: Space) -> None:
    """Move a thread, with all that was said in it, behind the other space's gate."""
    _must(viewer, "discussions.moderate")
    if space.community_id != viewer.community.pk or not viewer.can_open(space.gate_id):
        raise NotFound(_("There is no such space."))
    Document.objects.filter(pk=thread.pk).update(space=space, gate=space.gate)
    Document.objects.filter(comment__root_id=thread.pk).update(space=space, gate=space.gate)
    _changed(viewer, thread, "moved")


@transaction.atomic
def watch(*, viewer: Viewer, document: Document, muted: bool) -> Watch:
    if not viewer.user or not Document.objects.visible_to(viewer).filter(pk=document.pk).exists():
        raise NotFound(_("There is nothing to follow here."))
    row, _made = Watch.objects.update_or_create(
        user=viewer.user, document=document, defaults={"is_muted": muted}
    )
    return row


def _changed(viewer: Viewer, thread: Thread, change: str) -> None:
    Document.objects.filter(pk=thread.pk).update(edited_at=F("edited_at"))  # wakes the version trigger
    record(
        "thread.changed", community=viewer.community, actor=viewer.user, object=thread.document, change=change
    )


def _must(viewer: Viewer, permission: str) -> User:
    """Whoever acts, if their role includes it."""
    if viewer.user is None:
        raise NotAllowed(_("Sign in first."))
    if not viewer.may(permission):
        raise NotAllowed(
            _("Join the community first.")
            if not viewer.is_member
            else _("Your role here does not allow this.")
        )
    return viewer.user


def _must_edit(viewer: Viewer, document: Document) -> None:
    if document.removed_at:
        raise Conflict(_("This was removed meanwhile."))
    if not may_edit(viewer, document):
        raise NotAllowed(_("Only its author can edit this."))


def _must_remove(viewer: Viewer, document: Document) -> None:
    if not may_remove(viewer, document):
        raise NotAllowed(_("Only its author or a moderator can remove this."))


def may_edit(viewer: Viewer, document: Document) -> bool:
    own = viewer.user_id is not None and document.author_id == viewer.user_id and viewer.may("comments.post")
    return own or (viewer.may("content.edit_any") and viewer.can_open(document.gate_id))


def may_remove(viewer: Viewer, document: Document) -> bool:
    own = viewer.user_id is not None and document.author_id == viewer.user_id
    return own or (viewer.may("discussions.moderate") and viewer.can_open(document.gate_id))


def _words(source: str) -> str:
    if not source.strip():
        raise Invalid(_("Write something first."))
    if len(source) > SOURCE_MAX:
        raise Invalid(_("This is too long: at most %(limit)s characters.") % {"limit": SOURCE_MAX})
    return source


def tidy_tags(tags: Any) -> list[str]:
    """Up to five different tags, without # and spaces around, in the order given."""
    tidy = (" ".join(str(tag).lstrip("#").split())[:40] for tag in tags)
    return list(dict.fromkeys(tag for tag in tidy if tag))[:TAGS_MAX]
