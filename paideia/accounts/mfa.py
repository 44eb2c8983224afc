"""Two-step sign-in: our words."""

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.translation import gettext as _

from paideia.accounts.models import User
from paideia.accounts.words import ERRORS


def error_messages(adapter: Any) -> dict[str, Any]:
    """An adapter's messages, ours where we have one of the same name."""
    return {name: ERRORS.get(name, text) for name, text in adapter.error_messages.items()}


class MfaAdapter(DefaultMFAAdapter):
    error_messages = error_messages(DefaultMFAAdapter)

    def _get_site_name(self) -> str:
        return settings.SITE_NAME

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Passkey %(number)s") % {"number": number}
