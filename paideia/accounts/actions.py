"""What people do with their accounts."""

from collections.abc import Callable, Iterable
from typing import Any

from allauth.account.models import EmailAddress
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from paideia.accounts.consents import WORDING
from paideia.accounts.models import Consent, Follow, User
from paideia.activity.actions import record
from paideia.lib.refusal import Conflict, Invalid


class HandleTaken(Conflict):
    def __init__(self) -> None:
        super().__init__(_("This handle is taken, or looks like one that is. Choose another."))


@transaction.atomic
def sign_up(user: User, *, email: str, verified: bool = False) -> User:
    """Save a new person with their address, their consent to the terms, and the fact.

    An address that somebody else holds is kept as this account's unconfirmed address only, so that the answer does
    not tell whether it is known. Raises HandleTaken.
    """
    email = email.strip().lower()
    user.email = email if email and not _held(email) else None
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        if "handle" in str(error):
            raise HandleTaken() from error
        if "email" not in str(error):
            raise
        user.email = None  # somebody took it at this moment
        user.save()
    if email:
        EmailAddress.objects.create(
            user=user, email=email, primary=True, verified=verified and bool(user.email)
        )
    give_consent(user=user, purpose=Consent.Purpose.TERMS, given=True)
    record("user.signed_up", actor=user, object=user)
    return user


@transaction.atomic
def confirm_address(address: EmailAddress, *, confirm: Callable[[], bool]) -> bool:
    """Confirm an address, taking it from accounts that never did. False if another account has confirmed it."""
    if EmailAddress.objects.filter(email=address.email, verified=True).exclude(pk=address.pk).exists():
        return confirm()  # which refuses, and says so
    EmailAddress.objects.filter(email=address.email, verified=False).exclude(pk=address.pk).delete()
    User.objects.filter(email__iexact=address.email).exclude(pk=address.user_id).update(email=None)
    if not confirm():
        return False
    if address.primary:
        User.objects.filter(pk=address.user_id).update(email=address.email)
    record("user.email_confirmed", actor=address.user_id, object=address.user)
    return True


def prove_address(*, user: User, email: str) -> bool:
    """Mark one of a person's addresses as confirmed: they came by a token that only its mailbox received."""
    address = EmailAddress.objects.filter(user=user, email=email.lower(), verified=False).first()
    return bool(address) and confirm_address(address, confirm=lambda: address.set_verified())


@transaction.atomic
def take_over(*, user: User, email: str, password: str) -> User:
    """Make an imported profile an account that signs in with this address, which its person has just proved, and
    password. Another account with the address keeps its handle and loses the address."""
    EmailAddress.objects.filter(email=email).exclude(user=user).delete()
    User.objects.filter(email__iexact=email).exclude(pk=user.pk).update(email=None)
    EmailAddress.objects.update_or_create(
        user=user, email=email, defaults={"verified": True, "primary": True}
    )
    user.email, user.claimable_from = email, ""
    user.set_password(password)
    user.save()
    give_consent(user=user, purpose=Consent.Purpose.TERMS, given=True)
    return user


@transaction.atomic
def set_password(user: User, password: str) -> None:
    """Set a new password. Every session and every link that was mailed dies with the old one."""
    user.set_password(password)
    user.save(update_fields=["password"])


@transaction.atomic
def edit_profile(*, user: User, **fields: Any) -> User:
    """Change what a person shows of themselves, or their preferences. Raises HandleTaken, Invalid."""
    if unknown := fields.keys() - EDITABLE:
        raise Invalid(_("A profile has no such field: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    row = User.objects.select_for_update().get(pk=user.pk)
    for name, value in fields.items():
        setattr(row, name, value)
    names = set(fields) | ({"handle_skeleton"} if "handle" in fields else set())
    try:
        with transaction.atomic():
            row.save(update_fields=sorted(names))
    except IntegrityError as error:
        raise HandleTaken() from error
    return row


EDITABLE = frozenset(
    {
        *("handle", "name", "bio", "avatar", "interests", "occupation", "goals"),
        *("language", "time_zone", "theme", "preferences"),
    }
)


@transaction.atomic
def give_consent(*, user: User, purpose: str, given: bool) -> None:
    """Write down an answer to a question about data, unless it is the one in force already."""
    User.objects.select_for_update().get(pk=user.pk)
    newest = Consent.objects.filter(user=user, purpose=purpose).order_by("-at", "-pk").first()
    wording = WORDING[Consent.Purpose(purpose)]
    if newest is None or newest.given != given or newest.wording != wording:
        Consent.objects.create(user=user, purpose=purpose, given=given, wording=wording)
    if purpose == Consent.Purpose.BEHAVIOUR:
        User.objects.filter(pk=user.pk).update(behaviour_allowed=given)
        user.behaviour_allowed = given


@transaction.atomic
def follow(*, follower: User, followed: User, community: models.Model | None = None) -> None:
    """Hear of what somebody writes. Safe to repeat."""
    if follower.pk == followed.pk:
        raise Invalid(_("You cannot follow yourself."))
    _row, is_new = Follow.objects.get_or_create(follower=follower, followed=followed)
    if is_new:
        record("member.followed", community=community, actor=follower, object=followed)


@transaction.atomic
def unfollow(*, follower: User, followed: User, community: models.Model | None = None) -> None:
    """Hear of them no more. Safe to repeat."""
    gone, _by = Follow.objects.filter(follower=follower, followed=followed).delete()
    if gone:
        record("member.unfollowed", community=community, actor=follower, object=followed)


def _held(email: str) -> bool:
    return (
        User.objects.filter(email__iexact=email).exists()
        or EmailAddress.objects.filter(email=email, verified=True).exists()
    )


def interests_of(words: Iterable[str]) -> list[str]:
    """Up to twelve different words of up to forty characters, in their order."""
    seen: dict[str, str] = {}
    for word in words:
        word = " ".join(word.split())[:40]
        if word:
            seen.setdefault(word.casefold(), word)
    return list(seen.values())[:12]
