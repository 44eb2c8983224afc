"""Members to mention."""

from django.db.models import Q, QuerySet

from paideia.access.viewer import Viewer
from paideia.accounts.models import User


def members_like(viewer: Viewer, start: str) -> QuerySet[User]:
    """Members of the viewer's community whose handle or name begins with `start`; nobody for those outside
    it."""
    if not viewer.is_member:
        return User.objects.none()
    members = User.objects.filter(
        is_active=True, memberships__community=viewer.community, memberships__left_at=None
    )
    return members.filter(Q(handle__istartswith=start) | Q(name__istartswith=start)).order_by("handle")
