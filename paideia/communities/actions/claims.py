"""Imported profiles and the people who say that one is theirs."""

import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.accounts.actions import take_over
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.communities.actions.invitations import token_hash
from paideia.communities.models import Community, ProfileClaim
from paideia.communities.refusals import AlreadyDecided, InvitationSpent, NotPermitted
from paideia.communities.standing import must
from paideia.lib.refusal import Conflict, Invalid
from paideia.lib.text import clean

DAYS = 7


@transaction.atomic
def claim_profile(
    *, community: Community, profile: User, claimant: User, email: str, note: str
) -> ProfileClaim:
    """Ask for an imported profile. Safe to repeat while the claim is open."""
    if not profile.claimable_from:
        raise Conflict(_("This profile has an owner already."))
    if not note.strip():
        raise Invalid(_("Tell the team how they can see that it is you."))
    claim, is_new = ProfileClaim.objects.get_or_create(
        profile=profile,
        claimant=claimant,
        decided_at=None,
        defaults={"community": community, "email": email.strip().lower(), "note": clean(note).strip()[:500]},
    )
    if is_new:
        record("member.requested", community=community, actor=claimant, object=claim)
    return claim


@transaction.atomic
def accept_claim(*, claim: ProfileClaim, by: User) -> tuple[ProfileClaim, str]:
    """Accept a claim; its token, to be mailed, is kept nowhere. Needs members.manage. Raises AlreadyDecided."""
    row = _open(claim, by)
    token = secrets.token_urlsafe(24)
    _decide(row, by, accepted=True, hashed=token_hash(token))
    return row, token


@transaction.atomic
def reopen_claim(*, claim: ProfileClaim, by: User) -> None:
    """Take a decision back whose key was not used, so that it can be made again. Needs members.manage."""
    must(claim.community, by, "members.manage")
    ProfileClaim.objects.filter(pk=claim.pk, used_at=None).update(
        decided_at=None, decided_by=None, accepted=None, token_hash=""
    )


@transaction.atomic
def decline_claim(*, claim: ProfileClaim, by: User) -> None:
    """Turn a claim down. Needs members.manage. Raises AlreadyDecided."""
    _decide(_open(claim, by), by, accepted=False)


@transaction.atomic
def hand_over(*, token: str, password: str) -> User:
    """Make the imported profile an account of its own, reached by the claim's address. Works once, within a week.
    Raises InvitationSpent."""
    claim = usable_claim(token, lock=True)
    if claim is None:
        raise InvitationSpent()
    profile = take_over(user=claim.profile, email=claim.email, password=password)
    claim.used_at = timezone.now()
    claim.save(update_fields=["used_at"])
    record("user.signed_up", community=claim.community_id, actor=profile, object=profile, claimed=True)
    return profile


def usable_claim(token: str, *, lock: bool = False) -> ProfileClaim | None:
    """The accepted claim that a token opens now, if any."""
    claims = ProfileClaim.objects.select_related("profile", "community")
    if lock:
        claims = claims.select_for_update(of=("self", "profile"))
    claim = claims.filter(token_hash=token_hash(token), accepted=True, used_at=None).first()
    if claim is None or not claim.profile.claimable_from or claim.decided_at is None:
        return None
    return claim if (timezone.now() - claim.decided_at).days < DAYS else None


def _open(claim: ProfileClaim, by: User) -> ProfileClaim:
    must(claim.community, by, "members.manage")
    if claim.claimant_id == by.pk:
        raise NotPermitted()
    row = (
        ProfileClaim.objects.select_for_update(of=("self",))
        .select_related("profile", "community")
        .get(pk=claim.pk)
    )
    if row.decided_at is not None:
        raise AlreadyDecided()
    if not row.profile.claimable_from:
        raise Conflict(_("This profile has an owner already."))
    return row


def _decide(claim: ProfileClaim, by: User, *, accepted: bool, hashed: str = "") -> None:
    claim.decided_at, claim.decided_by = timezone.now(), by
    claim.accepted, claim.token_hash = accepted, hashed
    claim.save(update_fields=["decided_at", "decided_by", "accepted", "token_hash"])
