"""What every page's template may use (docs/interface.md)."""

from typing import Any

from django.http import HttpRequest


def page(request: HttpRequest) -> dict[str, Any]:
    return {
        "request": request,
        "user": getattr(request, "user", None),
        "community": getattr(request, "community", None),
        "viewer": getattr(request, "viewer", None),
    }
