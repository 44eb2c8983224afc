"""Spaces as a viewer may know of them."""

from paideia.access.viewer import Viewer
from paideia.spaces.models import Space


def spaces_for(viewer: Viewer) -> list[Space]:
    """The community's spaces in their order, hidden circles left out; `locked` marks those closed to the viewer.
    One query."""
    if not viewer.may_enter:
        return []
    found = []
    for space in Space.objects.filter(community=viewer.community, archived_at=None).select_related("gate"):
        is_open = viewer.can_open(space.gate_id)
        if is_open or space.gate_id in (*viewer.preview_gates, *viewer.title_gates):
            space.locked = not is_open  # type: ignore[attr-defined]
            found.append(space)
    return found
