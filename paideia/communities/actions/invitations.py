"""Invitations: links that let people in as a role, a limited number of times."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.communities.models import Community, Invitation, Role
from paideia.communities.refusals import (
    InvitationForSomebodyElse,
    InvitationSpent,
    NotPermitted,
    TooManyInvitations,
)
from paideia.communities.standing import must

DAYS = 14
TO_ONE_ADDRESS_AN_HOUR_MAX = 5
BY_ONE_PERSON_A_DAY_MAX = 500


@transaction.atomic
def invite(
    *,
    community: Community,
    by: User,
    role: Role | None = None,
    email: str = "",
    uses_max: int = 1,
    days: int = DAYS,
) -> tuple[Invitation, str]:
    """A new invitation and its token, which is kept nowhere. Needs members.manage, a rank above the role's and all
    that the role may do."""
    standing = must(community, by, "members.manage")
    role = role or Role.objects.get(community=community, key="member")
    if role.community_id != community.pk or not standing.outranks(role.rank):
        raise NotPermitted()
    if not set(role.permissions) <= standing.permissions:
        raise NotPermitted()
    if email:
        _check_pace(email, by)
    token = secrets.token_urlsafe(24)
    invitation = Invitation.objects.create(
        community=community,
        role=role,
        token_hash=token_hash(token),
        email=email.strip(),
        uses_max=1 if email else uses_max,
        created_by=by,
        expires_at=timezone.now() + timedelta(days=days),
    )
    record("member.invited", community=community, actor=by, object=invitation, role=role.key)
    return invitation, token


def _check_pace(email: str, by: User) -> None:
    """Nobody floods a mailbox, or the world, through invitations. Raises TooManyInvitations."""
    now = timezone.now()
    to_them = Invitation.objects.filter(email__iexact=email.strip(), created_at__gt=now - timedelta(hours=1))
    by_them = Invitation.objects.filter(created_by=by, created_at__gt=now - timedelta(days=1)).exclude(
        email=""
    )
    if to_them.count() >= TO_ONE_ADDRESS_AN_HOUR_MAX or by_them.count() >= BY_ONE_PERSON_A_DAY_MAX:
        raise TooManyInvitations()


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, by: User) -> None:
    """End an invitation. Needs members.manage. Safe to repeat."""
    must(invitation.community, by, "members.manage")
    Invitation.objects.filter(pk=invitation.pk, revoked_at=None).update(revoked_at=timezone.now())


def spend(invitation: Invitation, user: User) -> Role:
    """Use an invitation once, inside the caller's transaction, and say as what it lets in.

    The row is locked first: however many come at once, it lets in `uses_max`. What its giver may no longer give
    is not given. Raises InvitationSpent, InvitationForSomebodyElse.
    """
    row = _locked(invitation.pk)
    if not is_usable(row):
        raise InvitationSpent()
    if row.email and row.email.casefold() != (user.email or "").casefold():
        raise InvitationForSomebodyElse()
    _check_giver(row)
    row.uses += 1
    row.save(update_fields=["uses"])
    return row.role


def is_usable(invitation: Invitation) -> bool:
    """Whether it would let one more person in now."""
    return (
        invitation.revoked_at is None
        and invitation.expires_at > timezone.now()
        and invitation.uses < invitation.uses_max
    )


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _locked(pk: int) -> Invitation:
    rows = Invitation.objects.select_for_update(of=("self",)).select_related(
        "role", "created_by", "community"
    )
    row = rows.filter(pk=pk).first()
    if row is None:
        raise InvitationSpent()
    return row


def _check_giver(invitation: Invitation) -> None:
    """Rights are looked at when they are used: who has lost theirs lets nobody in as more than a member."""
    if invitation.role.key == "member":
        return
    try:
        standing = must(invitation.community, invitation.created_by, "members.manage")
    except NotPermitted as error:
        raise InvitationSpent() from error
    if (
        not standing.outranks(invitation.role.rank)
        or not set(invitation.role.permissions) <= standing.permissions
    ):
        raise InvitationSpent()
