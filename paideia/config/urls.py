"""Addresses of the platform itself. A community's own are in community_urls.py."""

from django.urls import URLPattern, URLResolver

from paideia.accounts.urls import platform_urlpatterns as accounts_urls
from paideia.communities.urls import platform_urlpatterns as communities_urls
from paideia.web.urls import both_urlpatterns, platform_urlpatterns

handler400 = "paideia.web.errors.bad_request"
handler403 = "paideia.web.errors.forbidden"
handler404 = "paideia.web.errors.not_found"
handler500 = "paideia.web.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    *platform_urlpatterns,
    *both_urlpatterns,
    *accounts_urls,
    *communities_urls,
]
