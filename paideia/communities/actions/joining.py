"""Coming in and going out."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.communities.actions.invitations import spend
from paideia.communities.models import Community, Invitation, JoinRequest, Membership, Role
from paideia.communities.refusals import (
    AlreadyDecided,
    AnswersMissing,
    InvitationNeeded,
    NotPermitted,
    Suspended,
)
from paideia.communities.standing import must, suspensions_in_force
from paideia.lib.text import clean, clean_line

ANSWER_CHARACTERS_MAX = 2000


@transaction.atomic
def join_community(
    *,
    community: Community,
    user: User,
    answers: dict[str, str] | None = None,
    invitation: Invitation | None = None,
) -> Membership | JoinRequest:
    """Let a person in, or take down their request where joining is approved. Safe to repeat.

    An invitation lets in at once, as its role. `answers` are by question; questions are asked where joining is
    open or approved. Raises Suspended, InvitationNeeded, InvitationSpent, InvitationForSomebodyElse, AnswersMissing.
    """
    membership = _locked(community, user)
    if membership and suspensions_in_force().filter(membership=membership.pk).exists():
        raise Suspended()
    if membership and membership.left_at is None:
        return membership
    if invitation is not None:
        return _admit(community, user, spend(invitation, user), membership, invited_by=invitation.created_by)
    if community.joining == Community.Joining.INVITATION:
        raise InvitationNeeded()
    answered = _answers(community, answers or {})
    if community.joining == Community.Joining.APPROVAL:
        return _ask(community, user, answered)
    return _admit(community, user, _role(community, "member"), membership, answers=answered)


@transaction.atomic
def leave_community(*, community: Community, user: User) -> None:
    """End a membership. Grants stay and work again on return. Raises LastOwner. Safe to repeat."""
    from paideia.communities.actions.members import keep_an_owner

    membership = _locked(community, user)
    if membership is None or membership.left_at is not None:
        return
    keep_an_owner(membership)
    membership.left_at = timezone.now()
    membership.save(update_fields=["left_at"])
    record("member.left", community=community, actor=user, object=user)


@transaction.atomic
def accept_request(*, request: JoinRequest, by: User) -> Membership:
    """Let in who asked. Needs members.manage. Raises AlreadyDecided."""
    row = _open_request(request, by)
    _decide(row, by, accepted=True)
    membership = _locked(row.community, row.user)
    if membership and membership.left_at is None:
        return membership
    return _admit(row.community, row.user, _role(row.community, "member"), membership, answers=row.answers)


@transaction.atomic
def decline_request(*, request: JoinRequest, by: User, reason: str = "") -> None:
    """Turn down who asked; the reason is shown to them. Needs members.manage. Raises AlreadyDecided."""
    row = _open_request(request, by)
    _decide(row, by, accepted=False, reason=clean_line(reason)[:300])
    record("member.declined", community=row.community, actor=by, object=row.user, reason=row.reason)


@transaction.atomic
def withdraw_request(*, community: Community, user: User) -> None:
    """Take back one's own open request. Safe to repeat."""
    JoinRequest.objects.filter(community=community, user=user, decided_at=None).delete()


def _locked(community: Community, user: User) -> Membership | None:
    return Membership.objects.select_for_update(of=("self",)).filter(community=community, user=user).first()


def _role(community: Community, key: str) -> Role:
    return Role.objects.get(community=community, key=key)


def _admit(
    community: Community, user: User, role: Role, former: Membership | None, **fields: Any
) -> Membership:
    """Who comes back starts again in the role they are let in with."""
    values = {"role": role, "joined_at": timezone.now(), "left_at": None, **fields}
    if former is None:
        try:
            with transaction.atomic():
                membership = Membership.objects.create(community=community, user=user, **values)
        except IntegrityError:  # joined twice at once: the other was first
            return Membership.objects.get(community=community, user=user)
    else:
        membership = former
        for name, value in values.items():
            setattr(membership, name, value)
        membership.save(update_fields=list(values))
    JoinRequest.objects.filter(community=community, user=user, decided_at=None).update(
        decided_at=timezone.now(), accepted=True
    )
    record("member.joined", community=community, actor=user, object=user)
    return membership


def _ask(community: Community, user: User, answers: dict[str, str]) -> JoinRequest:
    request, is_new = JoinRequest.objects.get_or_create(
        community=community, user=user, decided_at=None, defaults={"answers": answers}
    )
    if is_new:
        record("member.requested", community=community, actor=user, object=request)
    return request


def _answers(community: Community, given: dict[str, str]) -> dict[str, str]:
    """Each question of the community answered. Raises AnswersMissing."""
    answers = {}
    for question in community.join_questions:
        answer = clean(str(given.get(question, ""))).strip()[:ANSWER_CHARACTERS_MAX]
        if not answer:
            raise AnswersMissing(question)
        answers[question] = answer
    return answers


def _open_request(request: JoinRequest, by: User) -> JoinRequest:
    must(request.community, by, "members.manage")
    if request.user_id == by.pk:
        raise NotPermitted()
    row = (
        JoinRequest.objects.select_for_update(of=("self",))
        .select_related("community", "user")
        .get(pk=request.pk)
    )
    if row.decided_at is not None:
        raise AlreadyDecided()
    return row


def _decide(request: JoinRequest, by: User, *, accepted: bool, reason: str = "") -> None:
    request.decided_at, request.decided_by = timezone.now(), by
    request.accepted, request.reason = accepted, reason
    request.save(update_fields=["decided_at", "decided_by", "accepted", "reason"])
