"""Which community a request is about: by its own host, by subdomain, or by its path (/c/<slug>/)."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import get_script_prefix, set_script_prefix

from paideia.communities.models import Community

IN_PATH = re.compile(r"^/c/([a-z0-9-]{1,40})(/.*)?$")
COMMUNITY_URLS = "paideia.config.community_urls"


class CommunityMiddleware:
    """Sets `request.community` (None on the platform's own pages). The part of the path that names a community
    becomes the script prefix, so that every `url()` stays inside it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.community = None  # type: ignore[attr-defined]
        before = get_script_prefix()
        try:
            return self._place(request) or self.get_response(request)
        finally:
            set_script_prefix(before)  # whoever uses this thread next starts outside

    def _place(self, request: HttpRequest) -> HttpResponse | None:
        """Enter the community that the request names. An answer only where a slash is missing."""
        if "\0" in request.path_info:
            raise Http404  # no row has it in its address, and PostgreSQL takes it in no question
        if match := IN_PATH.match(request.path_info):
            slug, rest = match.groups()
            community = by_slug(slug)
            if community and rest is None:
                return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
            if community:
                set_script_prefix(f"{get_script_prefix()}c/{slug}/")
                request.path_info = rest or "/"
                self._enter(request, community)
        elif community := by_host(request.get_host()):
            self._enter(request, community)
        return None

    @staticmethod
    def _enter(request: HttpRequest, community: Community) -> None:
        request.community = community  # type: ignore[attr-defined]
        request.urlconf = COMMUNITY_URLS


def by_slug(slug: str) -> Community | None:
    """The community of this address. Written by hand, because every request asks it: building the statement would
    take longer than its answer."""
    names = [field.attname for field in Community._meta.concrete_fields]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(names)} FROM communities_community WHERE slug = %s", [slug])
        row = cursor.fetchone()
    return Community.from_db(DEFAULT_DB_ALIAS, names, row) if row else None


def by_host(host: str) -> Community | None:
    """The community that lives at this host, if it is not the platform's own."""
    name = host.rsplit(":", 1)[0].lower() if not host.endswith("]") else host
    base = urlsplit(settings.BASE_URL).hostname or ""
    if name in {base, "127.0.0.1", "localhost", "[::1]", "testserver"}:
        return None
    if name.endswith(f".{base}"):
        return by_slug(name.removesuffix(f".{base}"))
    return Community.objects.filter(host__iexact=name).first()
