"""Free reads: a few works a month, opened for good to who chose them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from paideia.access.explaining import explain
from paideia.access.models import FreeRead, Gate
from paideia.access.refusals import NoFreeReadsLeft, NotForFree
from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.communities.models import Community


@transaction.atomic
def spend_free_read(*, viewer: Viewer, document_id: int, gate: Gate) -> FreeRead:
    """Open one work behind a gate that allows it, out of this month's free reads. The same work costs one
    once.

    The caller has made sure that the viewer may know of the document. Raises NotForFree, NoFreeReadsLeft.
    """
    if viewer.user is None:
        raise NotForFree()
    # One spender at a time, so that counting and writing cannot be overtaken.
    User.objects.select_for_update(no_key=True).get(pk=viewer.user.pk)
    mine = FreeRead.objects.filter(user=viewer.user, community=viewer.community)
    if (spent := mine.filter(document_id=document_id).first()) is not None:
        return spent
    if not explain(viewer, gate).may_spend_free_read:
        raise NotForFree()
    community = Community.objects.get(pk=viewer.community.pk)
    month = month_of(community, timezone.now())
    if mine.filter(month=month).count() >= community.free_reads_max:
        raise NoFreeReadsLeft()
    spent = FreeRead.objects.create(
        community=community, user=viewer.user, document_id=document_id, month=month
    )
    record("free_read.used", community=community, actor=viewer.user, document=document_id, gate=gate.pk)
    return spent


def month_of(community: Community, moment: datetime) -> date:
    """The first day of the month, on the community's clock."""
    return moment.astimezone(ZoneInfo(community.time_zone)).date().replace(day=1)
