"""Addresses inside a community. `/c/<slug>/`, or the community's own host, stands before them."""

from django.urls import URLPattern, URLResolver

from paideia.access.urls import urlpatterns as access_urls
from paideia.accounts.urls import urlpatterns as accounts_urls
from paideia.books.urls import urlpatterns as books_urls
from paideia.commerce.urls import urlpatterns as commerce_urls
from paideia.communities.urls import urlpatterns as communities_urls
from paideia.config.urls import handler400, handler403, handler404, handler500
from paideia.content.urls import urlpatterns as content_urls
from paideia.courses.urls import urlpatterns as courses_urls
from paideia.discussions.urls import urlpatterns as discussions_urls
from paideia.notifications.urls import urlpatterns as notifications_urls
from paideia.partners.urls import urlpatterns as partners_urls
from paideia.search.urls import urlpatterns as search_urls
from paideia.spaces.urls import urlpatterns as spaces_urls
from paideia.transfer.urls import urlpatterns as transfer_urls
from paideia.web.urls import both_urlpatterns
from paideia.web.urls import urlpatterns as web_urls

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns: list[URLPattern | URLResolver] = [
    *web_urls,
    *both_urlpatterns,
    *communities_urls,  # before accounts: signing up here also joins
    *accounts_urls,
    *access_urls,
    *commerce_urls,
    *books_urls,
    *spaces_urls,
    *content_urls,
    *courses_urls,
    *discussions_urls,
    *notifications_urls,
    *partners_urls,
    *search_urls,
    *transfer_urls,
]
