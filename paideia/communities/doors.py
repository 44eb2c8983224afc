"""Who comes through to a view. What is not for somebody answers as if it were not there."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse

from paideia.accounts import requests
from paideia.communities.models import Community

View = Callable[..., HttpResponse]


class Request(requests.Request):
    """A request inside a community. `viewer` is the room above's (access.viewer.Viewer)."""

    community: Community
    viewer: Any


def for_those_who_may(*permissions: str) -> Callable[[View], View]:
    """A page of the team: for members who hold one of these permissions."""

    def decorate(view: View) -> View:
        @wraps(view)
        @login_required
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            if not any(request.viewer.may(permission) for permission in permissions):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def for_those_inside(view: View) -> View:
    """A page of the community: for everybody where it is public, for members where it is not."""

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.viewer.may_enter:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded
