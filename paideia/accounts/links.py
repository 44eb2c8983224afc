"""The one-hour links that mails carry.

A link is bound to everything that should kill it: the address, the password, and a serial that a newer link
raises. So it dies by itself and nothing need be cleaned up.
"""

from allauth.account.models import EmailAddress
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from paideia.accounts.models import User

SECONDS = 3600
SALT = "paideia.accounts.confirmation"


class ResetTokens(PasswordResetTokenGenerator):
    """Tokens of password reset links: dead after use, a new password, a new address, a newer link, an hour."""

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        addresses = EmailAddress.objects.filter(user=user).order_by("email").values_list("email", flat=True)
        parts = (super()._make_hash_value(user, timestamp), str(user.link_serial), *addresses)
        return "|".join(parts)


def retire_links(user: User) -> None:
    """Make every link sent so far invalid. Called before a newer one is made."""
    User.objects.filter(pk=user.pk).update(link_serial=F("link_serial") + 1)
    user.refresh_from_db(fields=["link_serial"])


def confirmation_key(address: EmailAddress) -> str:
    """The key of a link that confirms an address."""
    return signing.dumps([address.pk, _state(address)], salt=SALT)


def address_of(key: str) -> EmailAddress | None:
    """The unconfirmed address that a key confirms now, if any."""
    try:
        pk, state = signing.loads(key, salt=SALT, max_age=SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    address = EmailAddress.objects.select_related("user").filter(pk=pk, verified=False).first()
    return address if address and constant_time_compare(state, _state(address)) else None


def _state(address: EmailAddress) -> str:
    user = address.user
    parts = (str(address.pk), address.email, user.email or "", user.password, str(user.link_serial))
    return salted_hmac(SALT, "\0".join(parts), algorithm="sha256").hexdigest()[:32]
