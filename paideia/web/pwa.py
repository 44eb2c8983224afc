"""What makes a community an app on a phone's screen."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from paideia.lib.jinja import asset
from paideia.lib.responses import same_for_strangers


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """The web app manifest: name, colours and icons of this community, or of the platform."""
    community: Any = getattr(request, "community", None)
    home = reverse("home") if community else "/"
    content = {
        "id": home,
        "name": community.name if community else "Paideia",
        "short_name": (community.name if community else "Paideia")[:12],
        "description": community.tagline if community else _("Communities of people who learn"),
        "lang": get_language(),
        "start_url": home,
        "scope": home,
        "display": "standalone",
        "background_color": "#faf8f4",
        "theme_color": "#faf8f4",
        "icons": [
            {"src": static("web/icon.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": static("web/icon-192.png"), "sizes": "192x192", "type": "image/png"},
            {
                "src": static("web/icon-512.png"),
                "sizes": "512x512",
                "type": "image/png",
                "purpose": "any maskable",
            },
        ],
    }
    return JsonResponse(content, content_type="application/manifest+json")


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """A worker that does one thing: without a connection it shows a page that says so."""
    context = {"offline": reverse("offline"), "style": asset("app.css"), "icons": static("web/icons.svg")}
    response = render(request, "web/worker.js", context, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response


@require_safe
@same_for_strangers
def offline(request: HttpRequest) -> HttpResponse:
    """What is shown without a connection; kept by the worker beforehand, as a stranger would see it."""
    return render(request, "web/offline.html")


both_urlpatterns = [
    path("manifest.webmanifest", manifest, name="manifest"),
    path("sw.js", service_worker, name="service_worker"),
    path("offline/", offline, name="offline"),
]
