"""Gives each request its viewer, looked up when first asked for."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from paideia.access.viewer import look


class ViewerMiddleware:
    """Sets `request.viewer` (None outside a community)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        community = getattr(request, "community", None)
        request.viewer = (  # type: ignore[attr-defined]
            SimpleLazyObject(lambda: look(community, request.user)) if community else None  # type: ignore[arg-type]
        )
        return self.get_response(request)
