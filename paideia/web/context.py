"""What every page's template may use (docs/interface.md)."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.backends.utils import csrf_input
from django.urls import get_script_prefix, reverse
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from paideia.access.viewer import Viewer
from paideia.lib.kept import Kept
from paideia.spaces.queries import spaces_for
from paideia.web.shell import shell


@dataclass(frozen=True, slots=True)
class SideSpace:
    """A space in the column on the left."""

    name: str
    url: str
    kind: str
    icon: str
    locked: bool


_spaces: Kept[list[SideSpace]] = Kept(bytes_max=4 * 1024 * 1024, seconds_max=300)


def page(request: HttpRequest) -> dict[str, Any]:
    community = getattr(request, "community", None)
    user = getattr(request, "user", None)
    viewer = getattr(request, "viewer", None)
    return {
        # One mask of the token a page, not one a form. Asking for it sets the cookie, so strangers' pages do not.
        "csrf_token": SimpleLazyObject(lambda: get_token(request)),
        "csrf_input": SimpleLazyObject(lambda: csrf_input(request)),
        "request": request,
        "user": user,
        "community": community,
        "viewer": viewer,
        "shell": shell,
        "spaces": side_spaces(viewer) if community and viewer else [],
        "unread_count": user.unread_count if user is not None and user.is_authenticated else 0,
        "LANGUAGE_CODE": translation.get_language(),
    }


def side_spaces(viewer: Viewer) -> list[SideSpace]:
    """The spaces this viewer may know of: kept for all who see alike, until a space changes."""
    key = (viewer.community.pk, viewer.community.spaces_version, viewer.sight, get_script_prefix())
    found = _spaces.get(key)
    if found is None:
        rows = spaces_for(viewer)
        found = [
            SideSpace(row.name, reverse("space", args=[row.slug]), row.kind, "", row.locked) for row in rows
        ]
        _spaces.put(key, found, 200 * len(found) + 200)
    return found
