"""Reads about people."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Count, Q

from paideia.accounts.models import Consent, Follow, User


@dataclass(frozen=True)
class Guards:
    """What guards an account."""

    addresses: int
    unconfirmed: int
    has_password: bool
    totp: bool
    passkeys: int
    sessions: int


def guards(user: User) -> Guards:
    addresses = EmailAddress.objects.filter(user=user).aggregate(
        total=Count("pk"), unconfirmed=Count("pk", filter=Q(verified=False))
    )
    kinds = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    return Guards(
        addresses=addresses["total"],
        unconfirmed=addresses["unconfirmed"],
        has_password=user.has_usable_password(),
        totp=Authenticator.Type.TOTP in kinds,
        passkeys=kinds.count(Authenticator.Type.WEBAUTHN),
        sessions=UserSession.objects.filter(user=user).count(),
    )


def consent_history(user: User) -> list[Consent]:
    """Every answer somebody gave about their data, newest first."""
    return list(Consent.objects.filter(user=user).order_by("-at", "-pk")[:100])


def is_following(follower: User, followed: User) -> bool:
    return Follow.objects.filter(follower=follower, followed=followed).exists()
