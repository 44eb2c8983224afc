"""Addresses inside a community, for those who write them without a request: readers, mails, jobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.urls import get_script_prefix, reverse, set_script_prefix

from paideia.communities.middleware import COMMUNITY_URLS
from paideia.communities.models import Community


def path_in(community: Community, name: str, *args: Any, **kwargs: Any) -> str:
    """The path of a named page of a community, as its visitors see it."""
    with _prefix("/" if community.host else f"/c/{community.slug}/"):
        return reverse(name, urlconf=COMMUNITY_URLS, args=args, kwargs=kwargs)


def url_in(community: Community, name: str, *args: Any, **kwargs: Any) -> str:
    """The full address of a named page of a community: for mails, feeds and share cards."""
    return origin(community) + path_in(community, name, *args, **kwargs)


def origin(community: Community) -> str:
    """Scheme and host under which a community is reached."""
    return f"https://{community.host}" if community.host else settings.BASE_URL


@contextmanager
def _prefix(prefix: str) -> Iterator[None]:
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        yield
    finally:
        set_script_prefix(before)
