"""Who may see which document: as a predicate for lists, and as the same answer about one row in hand."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from paideia.access.viewer import Viewer

if TYPE_CHECKING:
    from paideia.content.models import Document


class DocumentQuerySet(models.QuerySet["Document"]):
    """Every read of documents for a person starts with one of these three."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Published, not removed, and readable in full."""
        return self.filter(public_q(viewer), viewer.open_q())

    def listed_to(self, viewer: Viewer) -> Self:
        """Published, not removed, and allowed to be named in a list, open or closed."""
        return self.filter(public_q(viewer), viewer.listed_q())

    def editable_by(self, viewer: Viewer) -> Self:
        """What a member may change, drafts and scheduled works included: their own, or all that they can read
        with `content.edit_any`."""
        return self.filter(editable_q(viewer))

    def readable_by(self, viewer: Viewer) -> Self:
        """Whatever has a page for this viewer: listed works, and drafts that they may change."""
        return self.filter((public_q(viewer) & viewer.listed_q()) | editable_q(viewer))


def public_q(viewer: Viewer, prefix: str = "") -> Q:
    """Rows whose publication has come and that nobody took away."""
    return Q(**{f"{prefix}published_at__lte": viewer.now, f"{prefix}removed_at__isnull": True})


def editable_q(viewer: Viewer, prefix: str = "") -> Q:
    if not viewer.is_member:
        return Q(pk__in=[])
    here = Q(**{f"{prefix}community_id": viewer.community.pk, f"{prefix}removed_at__isnull": True})
    mine = Q(**{f"{prefix}author_id": viewer.user_id})
    return here & (mine | viewer.open_q(prefix) if viewer.may("content.edit_any") else mine)


def is_public(viewer: Viewer, document: "Document") -> bool:
    published_at = document.published_at
    return document.removed_at is None and published_at is not None and published_at <= viewer.now


def is_editable(viewer: Viewer, document: "Document") -> bool:
    """The answer of `editable_by` about one row."""
    if (
        not viewer.is_member
        or document.community_id != viewer.community.pk
        or document.removed_at is not None
    ):
        return False
    if _is_author(viewer, document):
        return True
    return viewer.may("content.edit_any") and _opens(viewer, document)


def is_open(viewer: Viewer, document: "Document") -> bool:
    """The answer of `visible_to` about one row; a draft is open to whoever may edit it."""
    if document.community_id != viewer.community.pk:
        return False
    return (is_public(viewer, document) and _opens(viewer, document)) or is_editable(viewer, document)


def is_listed(viewer: Viewer, document: "Document") -> bool:
    """The answer of `listed_to` about one row; a draft is listed to whoever may edit it."""
    if document.community_id != viewer.community.pk:
        return False
    named = viewer.may_enter and document.gate_id in {*viewer.preview_gates, *viewer.title_gates}
    return (is_public(viewer, document) and (named or _opens(viewer, document))) or is_editable(
        viewer, document
    )


def _opens(viewer: Viewer, document: "Document") -> bool:
    if viewer.can_open(document.gate_id):
        return True
    return viewer.may_enter and (_is_author(viewer, document) or document.pk in viewer.unlocked_documents)


def _is_author(viewer: Viewer, document: "Document") -> bool:
    return viewer.user_id is not None and document.author_id == viewer.user_id
