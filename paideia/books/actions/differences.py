"""What the team makes of differences."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.books.models import Difference
from paideia.books.refusals import NotOpen, NotPermitted
from paideia.lib.refusal import Invalid, NotFound


@transaction.atomic
def resolve_difference(*, viewer: Viewer, difference: Difference, resolution: str) -> Difference:
    """Say what a difference was and what was done. It is not opened again. Needs money.manage. Raises NotOpen,
    Invalid, NotFound."""
    if difference.community_id != viewer.community.pk:
        raise NotFound("")
    if not viewer.may("money.manage"):
        raise NotPermitted()
    if not resolution.strip():
        raise Invalid(_("Say in a sentence what was done."))
    row = Difference.objects.select_for_update(of=("self",)).get(pk=difference.pk)
    if row.state == Difference.State.RESOLVED:
        raise NotOpen()
    before = row.state
    row.state, row.resolution = Difference.State.RESOLVED, resolution.strip()[:300]
    row.resolved_at, row.resolved_by = timezone.now(), viewer.user
    row.save(update_fields=["state", "resolution", "resolved_at", "resolved_by"])
    record(
        "difference.resolved",
        community=row.community_id,
        actor=viewer.user,
        object=row,
        provider=row.provider,
        kind=row.kind,
        subject=row.subject,
        resolution=row.resolution,
        before={"state": before},
        after={"state": row.state},
    )
    return row
