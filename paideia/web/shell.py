"""What stands around every page of a community, drawn once for whoever sees it alike."""

from typing import Any
from urllib.parse import quote

from django.urls import get_script_prefix
from django.utils import translation
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from paideia.lib.kept import Fragment, Kept, hole

_kept: Kept[Fragment] = Kept(bytes_max=16 * 1024 * 1024, seconds_max=300)


@pass_context
def shell(context: Context, name: str) -> Markup:
    """The template `web/_shell/<name>.html`, where it may be kept with holes for what is this request's own: `after`
    (where to come back to), `path`, `query` and `csrf`."""
    request, community, viewer = context.get("request"), context.get("community"), context.get("viewer")
    if request is None or community is None or viewer is None:
        return Markup(_drawn(context, name, {}))
    key = (name, *_seen(context), community.pk, community.version)
    found = _kept.get(key)
    if found is None:
        holes = {"hole": hole, "query_text": hole("query", 0), "csrf_input": hole("csrf", 0)}
        found = Fragment(_drawn(context, name, holes))
        _kept.put(key, found, found.size)
    filling = {
        "after": lambda: escape(_after(request, context.get("home_url"))),
        "path": lambda: escape(request.get_full_path()),
        "query": lambda: escape(context.get("query_text") or ""),
        "csrf": lambda: str(context.get("csrf_input")),
    }
    return found.fill(lambda hole_name, _number: filling[hole_name]())


def _drawn(context: Context, name: str, holes: dict[str, Any]) -> str:
    values = {**context.get_all(), **holes}
    if not holes:
        request = values.get("request")
        own = {
            "after": lambda: _after(request, values.get("home_url")) if request else "",
            "path": lambda: request.get_full_path() if request else "",
        }
        values["hole"] = lambda hole_name, _number: own[hole_name]()
    return context.environment.get_template(f"web/_shell/{name}.html").render(values)


def _seen(context: Context) -> tuple[object, ...]:
    """All that these templates show, apart from the community, whose version stands for it."""
    request, viewer, user, spaces = (context.get(each) for each in ("request", "viewer", "user", "spaces"))
    person: tuple[object, ...] = ()
    if user is not None and user.is_authenticated:
        person = (user.pk, user.shown_name, user.handle, str(user.avatar), context.get("unread_count"))
    place = request.path if any(space.url == request.path for space in spaces or ()) else ""
    return (
        person,
        (viewer.sight, viewer.may("members.view"), place, context.get("layout"), context.get("here")),
        (translation.get_language(), get_script_prefix(), request.get_host()),
    )


def _after(request: Any, home_url: str | None) -> str:
    """`?next=…` for the way back from signing in. Between its own pages the first way back is kept instead of
    growing."""
    if "/accounts/" in request.path:
        after = request.GET.get("next", "")
    else:
        after = request.get_full_path() if request.path != home_url else ""
    return f"?next={quote(after, safe='')}" if after else ""
