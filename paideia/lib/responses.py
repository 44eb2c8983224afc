"""Marks on responses that outer rooms act on."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse


def same_for_strangers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Marks a view whose answer to a signed-out GET depends on nothing but address, language and content of the
    community, so that the page cache may keep it."""

    @wraps(view)
    def marked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response.same_for_strangers = True  # type: ignore[attr-defined]
        return response

    return marked
