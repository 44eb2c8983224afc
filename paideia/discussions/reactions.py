"""Reactions and votes: given and taken back, with a score that always equals its rows."""

from django.db import transaction
from django.db.models import Count, F
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.content.models import Document
from paideia.discussions.models import Reaction
from paideia.lib.refusal import Invalid, NotAllowed, NotFound

VOTES: dict[str, int] = {Reaction.Kind.UP: 1, Reaction.Kind.DOWN: -1}


@transaction.atomic
def react(*, viewer: Viewer, document: Document, kind: str) -> bool:
    """Give a reaction, or take it back. A vote replaces the opposite vote. Returns whether it stands now."""
    if kind not in Reaction.Kind.values:
        raise Invalid(_("There is no such reaction."))
    if viewer.user is None or not viewer.may("reactions.give"):
        raise NotAllowed(_("Join the community to react."))
    visible = Document.objects.visible_to(viewer)
    target = visible.select_for_update(of=("self",)).filter(pk=document.pk).first()
    if target is None:
        raise NotFound(_("There is nothing to react to here."))
    if target.author_id == viewer.user.pk and kind in VOTES:
        raise NotAllowed(_("One cannot vote for oneself."))
    mine = Reaction.objects.filter(document=target, user=viewer.user)
    taken = mine.filter(kind=kind).first()
    if taken:
        taken.delete()
        change = -VOTES.get(taken.kind, 0)
        record("reaction.taken", community=viewer.community, actor=viewer.user, object=target, kind=kind)
    else:
        opposite = mine.filter(kind__in=VOTES).first() if kind in VOTES else None
        if opposite:
            opposite.delete()
        Reaction.objects.create(document=target, user=viewer.user, kind=kind)
        change = VOTES.get(kind, 0) - (VOTES[opposite.kind] if opposite else 0)
        record(
            "reaction.given",
            community=viewer.community,
            actor=viewer.user,
            object=target,
            kind=kind,
            author=target.author_id,
        )
    if change:
        Document.objects.filter(pk=target.pk).update(score=F("score") + change)
    return taken is None


def counts_of(document_ids: list[int]) -> dict[int, dict[str, int]]:
    """How many of each kind stand under each document. One query."""
    counts: dict[int, dict[str, int]] = {}
    rows = Reaction.objects.filter(document__in=document_ids).values_list("document_id", "kind")
    for document_id, kind, number in rows.annotate(number=Count("pk")):
        counts.setdefault(document_id, {})[kind] = number
    return counts
