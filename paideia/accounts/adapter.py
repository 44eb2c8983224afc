"""Where allauth asks us: rules for handles, where people go after signing in."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import get_script_prefix


class AccountAdapter(DefaultAccountAdapter):
    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return get_script_prefix()

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return get_script_prefix()

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return getattr(settings, "SIGN_UP_OPEN", True)
