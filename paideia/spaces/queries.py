"""Spaces as a viewer may know of them."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from paideia.access.models import Gate, Grant
from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.spaces.models import Space, SpaceRequest


def spaces_for(viewer: Viewer) -> list[Space]:
    """The community's spaces in their order, hidden circles left out; `locked` marks those closed to the viewer.
    One query."""
    if not viewer.may_enter:
        return []
    found = []
    for space in Space.objects.filter(community=viewer.community, archived_at=None).select_related("gate"):
        if is_listed(viewer, space):
            space.locked = not viewer.can_open(space.gate_id)
            found.append(space)
    return found


def is_listed(viewer: Viewer, space: Space) -> bool:
    """Whether this viewer may know of the space, open to them or not."""
    if not viewer.may_enter:
        return False
    return viewer.can_open(space.gate_id) or space.gate_id in (*viewer.preview_gates, *viewer.title_gates)


def space_shown(viewer: Viewer, slug: str) -> Space | None:
    """A space that the viewer may know of, by its address."""
    rows = Space.objects.filter(community=viewer.community, slug=slug, archived_at=None)
    space = rows.select_related("gate", "plan").first()
    return space if space and is_listed(viewer, space) else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands with a circle."""

    is_in: bool
    request: SpaceRequest | None


def place_in(viewer: Viewer, space: Space) -> Place:
    """Whether the viewer is in a circle, and their newest request. One query at most."""
    if viewer.user is None or not space.is_circle:
        return Place(False, None)
    newest = SpaceRequest.objects.filter(space=space, user=viewer.user).order_by("-created_at").first()
    return Place(space.plan_id in viewer.plans, newest)


def circle_members(space: Space) -> list[User]:
    """Who is in a circle, the newest first, up to a hundred."""
    if space.plan_id is None:
        return []
    held = Grant.objects.filter(
        plan=space.plan_id, user=OuterRef("pk"), revoked_at=None, starts_at__lte=timezone.now()
    )
    held = held.filter(Q(ends_at=None) | Q(ends_at__gt=timezone.now()))
    return list(User.objects.filter(Exists(held)).order_by("-pk")[:100])


def managed_spaces(viewer: Viewer) -> list[Space]:
    """All spaces for the team, archived ones last, with `waiting`: how many ask to come in."""
    rows = Space.objects.filter(community=viewer.community).select_related("gate")
    waiting = Count("requests", filter=Q(requests__decided_at=None))
    return sorted(
        rows.annotate(waiting=waiting), key=lambda row: (row.archived_at is not None, row.position, row.pk)
    )


def open_requests(space: Space) -> list[SpaceRequest]:
    rows = SpaceRequest.objects.filter(space=space, decided_at=None).select_related("user")
    return list(rows.order_by("created_at")[:200])


def gates_to_choose(viewer: Viewer) -> list[Gate]:
    """The community's gates that are not a circle's own."""
    circles = Space.objects.filter(community=viewer.community).exclude(plan=None).values("gate")
    return list(
        Gate.objects.filter(community=viewer.community).exclude(pk__in=circles).order_by("name")[:300]
    )
