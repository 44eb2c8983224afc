"""A person's notifications, as far as they may still see what these are about."""

from django.db.models import Q

from paideia.access.viewer import Viewer
from paideia.content.models import Document
from paideia.notifications.models import Notification

PAGE = 30


def notifications_of(viewer: Viewer, *, before: int | None = None) -> tuple[list[Notification], int | None]:
    """One page of what the viewer was told in this community, newest first; with the key of the next page.

    What points to something that is closed to them by now is left out, and what needs a permission that they no
    longer hold. Two queries.
    """
    mine = Notification.objects.filter(user=viewer.user, community=viewer.community)
    if before:
        mine = mine.filter(pk__lt=before)
    visible = Document.objects.visible_to(viewer).values("pk")
    mine = mine.filter(Q(document_id=None) | Q(document_id__in=visible))
    mine = mine.filter(~Q(params__has_key="needs") | Q(params__needs__in=sorted(viewer.permissions)))
    rows = list(mine.select_related("actor", "community").order_by("-pk")[: PAGE + 1])
    return rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None
