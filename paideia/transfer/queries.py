"""Imports as the team sees them."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.lib.refusal import NotAllowed, NotFound

from .models import Delivery

SHOWN_MAX = 50


def deliveries(viewer: Viewer) -> QuerySet[Delivery]:
    """The newest first. Raises NotAllowed for who may not import."""
    if not viewer.may("transfer.run"):
        raise NotAllowed(_("Your role does not include importing."))
    rows = Delivery.objects.filter(community=viewer.community).select_related("by")
    return rows.order_by("-handed_in_at", "-pk")


def delivery(viewer: Viewer, pk: int) -> Delivery:
    found = deliveries(viewer).filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such import."))
    return found
