"""Where the sign-in library asks us: who may sign up and as what, where people go, what is said and mailed."""

from contextlib import suppress
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.core import context as allauth_context
from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils import timezone, translation

from paideia.accounts import actions, letters, links
from paideia.accounts.handles import check_handle
from paideia.accounts.mail import MailNotSent, language_of, send
from paideia.accounts.models import User
from paideia.accounts.words import ERRORS, TOASTS


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {**DefaultAccountAdapter.error_messages, **ERRORS}

    # Who signs up, and as what

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.SIGN_UP_OPEN

    def clean_username(self, username: str, shallow: bool = False) -> str:
        return check_handle(username, free=not shallow)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """As the library's, then in one transaction: account, address, consent, fact."""
        super().save_user(request, user, form, commit=False)
        if commit:
            actions.sign_up(user, email=form.cleaned_data.get("email") or "")
        return user

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        return actions.confirm_address(
            email_address, confirm=lambda: super(AccountAdapter, self).confirm_email(request, email_address)
        )

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        return not email_address.primary  # make another one the main address first

    def set_password(self, user: User, password: str) -> None:
        actions.set_password(user, password)

    # How often one may try

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """By network address and account, whichever of its names is typed: who guesses locks out only themselves."""
        login = credentials.get("email") or credentials.get("username") or ""
        found = User.objects.filter(Q(handle__iexact=login) | Q(email__iexact=login)).values_list(
            "pk", flat=True
        )
        account = found.first() or login.casefold()
        return f"{self.get_client_ip(request)}:{account}"

    # Where people go

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return get_script_prefix()

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return get_script_prefix()

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return get_script_prefix()

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_login")

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        if self.request.user.is_authenticated:
            return get_script_prefix()
        return reverse("account_login")

    # What is said

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        text = message or TOASTS.get(message_template or "", "")
        if text:
            messages.add_message(request, level, str(text) % (message_context or {}), extra_tags=extra_tags)

    # What is mailed

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        user = context.get("user") or User.objects.filter(email__iexact=email).first()
        with translation.override(language_of(user)):
            place = place_of(allauth_context.request)
            words = {
                "password_reset_url": full_address(
                    allauth_context.request, reverse("account_reset_password")
                ),
                "ip": "",
                **context,
                "place": place,
                "when": timezone.now(),
            }
            send(letters.letter(template_prefix, words), to=email, place=place)

    def send_confirmation_mail(
        self, request: HttpRequest, emailconfirmation: EmailConfirmationHMAC, signup: bool
    ) -> None:
        address = emailconfirmation.email_address
        if EmailAddress.objects.filter(email=address.email, verified=True).exclude(pk=address.pk).exists():
            self.send_account_already_exists_mail(address.email)
            return
        links.retire_links(address.user)
        try:
            super().send_confirmation_mail(request, emailconfirmation, signup)
        except MailNotSent:
            if settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory":
                raise  # nobody gets in without it; else it can be asked for later

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """What these mails tell of is done already."""
        with suppress(MailNotSent):
            super().send_notification_mail(*args, **kwargs)

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        with translation.override(language_of(user)):
            super().send_password_reset_mail(user, email, context)

    def get_email_confirmation_url(
        self, request: HttpRequest, emailconfirmation: EmailConfirmationHMAC
    ) -> str:
        key = links.confirmation_key(emailconfirmation.email_address)
        return full_address(request, reverse("account_confirm_email", args=[key]))

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return full_address(self.request, path.replace("UID-KEY", key))


def full_address(request: HttpRequest, path: str) -> str:
    """A path with the scheme and host that we know ourselves by, never those that a request claims."""
    community = getattr(request, "community", None)
    host = getattr(community, "host", None)
    return f"https://{host}{path}" if host else f"{settings.BASE_URL}{path}"


def place_of(request: HttpRequest | None) -> str:
    """What the site is called where somebody is: the community, else the installation."""
    community = getattr(request, "community", None)
    return community.name if community else settings.SITE_NAME
