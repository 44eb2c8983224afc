"""Signing in through other sites (docs/sign-in.md). Their apps come from the environment, never from rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.urls import get_script_prefix, get_urlconf, reverse, set_script_prefix, set_urlconf

from paideia.accounts import actions
from paideia.accounts.mfa import error_messages
from paideia.accounts.models import User


class SocialAdapter(DefaultSocialAccountAdapter):
    error_messages = error_messages(DefaultSocialAccountAdapter)

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[Any]:
        found = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        """An account without a password; its address counts as confirmed only if the other site says so."""
        user = sociallogin.user
        user.set_unusable_password()
        user.handle = form.cleaned_data["username"]
        user.name = (sociallogin.account.extra_data.get("name") or "")[:80]
        email = form.cleaned_data.get("email") or ""
        confirmed = {row.email.lower() for row in sociallogin.email_addresses if row.verified}
        actions.sign_up(user, email=email, verified=email.lower() in confirmed)
        sociallogin.account.user = user
        sociallogin.account.save()
        return user

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        return reverse("socialaccount_connections")


def buttons(request: HttpRequest) -> list[dict[str, str]]:
    """The ways in that this installation offers: name and address. They are registered for the platform's own
    address, so a community with its own domain has none."""
    community = getattr(request, "community", None)
    if community is not None and community.host:
        return []
    if not settings.SOCIALACCOUNT_PROVIDERS:
        return []
    with at_platform():
        return [
            {"name": provider.name, "id": provider.id, "url": provider.get_login_url(request)}
            for provider in SocialAdapter(request).list_providers(request)
        ]


@contextmanager
def at_platform() -> Iterator[None]:
    """Addresses made inside are the platform's own, also while a community's page is made."""
    prefix, urlconf = get_script_prefix(), get_urlconf()
    set_script_prefix("/")
    set_urlconf(None)
    try:
        yield
    finally:
        set_script_prefix(prefix)
        set_urlconf(urlconf)
