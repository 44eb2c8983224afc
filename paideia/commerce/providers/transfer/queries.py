"""Slips and refunds by hand, for the buyer and for the team."""

from django.db.models import QuerySet

from paideia.access.viewer import Viewer
from paideia.commerce.models import Refund
from paideia.commerce.providers.transfer.models import TransferProof
from paideia.commerce.queries import must_see_money
from paideia.lib.refusal import NotFound

State = TransferProof.State


def slip_for(viewer: Viewer, pk: int) -> TransferProof:
    """A slip, for who showed it and for those who see the community's money. NotFound alike for all others."""
    found = TransferProof.objects.select_related("order__community", "order__buyer").filter(pk=pk).first()
    if found is None or found.order.community_id != viewer.community.pk:
        raise NotFound("")
    if found.order.buyer_id != viewer.user_id and not viewer.may("money.view"):
        raise NotFound("")
    return found


def slips_to_look_at(viewer: Viewer) -> QuerySet[TransferProof]:
    """The slips that wait, the oldest first."""
    must_see_money(viewer)
    found = TransferProof.objects.filter(order__community=viewer.community, state=State.WAITING)
    return found.select_related("order__offer", "order__buyer").order_by("uploaded_at", "pk")


def slips_decided(viewer: Viewer) -> QuerySet[TransferProof]:
    """Those that were decided about, the newest first."""
    must_see_money(viewer)
    found = TransferProof.objects.filter(order__community=viewer.community).exclude(state=State.WAITING)
    return found.select_related("order__offer", "order__buyer", "decided_by").order_by("-decided_at", "-pk")


def refunds_by_hand(viewer: Viewer) -> QuerySet[Refund]:
    """Refunds of transfers that somebody has to send, the oldest first."""
    must_see_money(viewer)
    found = Refund.objects.filter(
        order__community=viewer.community,
        order__provider="transfer",
        state__in=[Refund.State.AGREED, Refund.State.SENT],
        amount__gt=0,
    )
    return found.select_related("order__buyer", "order__offer").order_by("created_at", "pk")
