"""Coming into circles and going out. Being in one is holding its plan."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from paideia.access.actions import grant, revoke
from paideia.access.models import Grant
from paideia.access.viewer import Viewer, look
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.lib.text import clean
from paideia.spaces.models import Space, SpaceRequest
from paideia.spaces.queries import is_listed
from paideia.spaces.refusals import (
    AlreadyDecided,
    AnswersMissing,
    MembersOnly,
    NoSuchSpace,
    NotACircle,
    NotPermitted,
)

ANSWER_CHARACTERS_MAX = 2000


@transaction.atomic
def join_space(
    *, viewer: Viewer, space: Space, answers: dict[str, str] | None = None
) -> Grant | SpaceRequest:
    """Come into a circle, or ask to where joining is approved. Safe to repeat.

    Raises NoSuchSpace for what the viewer may not know of, MembersOnly, NotACircle, AnswersMissing.
    """
    row = _circle(viewer, space)
    if held := _held(row, viewer.user):
        return held
    answered = _answers(row, answers or {})
    if row.joining == Space.Joining.APPROVAL:
        request, is_new = SpaceRequest.objects.get_or_create(
            space=row, user=viewer.user, decided_at=None, defaults={"answers": answered}
        )
        if is_new:
            record("space.requested", community=row.community_id, actor=viewer.user, object=row)
        return request
    return _admit(row, viewer.user)


@transaction.atomic
def leave_space(*, viewer: Viewer, space: Space) -> None:
    """Go out of a circle. What was bought with it stays bought. Safe to repeat."""
    row = (
        Space.objects.select_for_update(of=("self",)).filter(pk=space.pk, community=viewer.community).first()
    )
    if row is None or viewer.user is None:
        raise NoSuchSpace()
    gone = False
    for held in Grant.objects.filter(user=viewer.user, source=f"circle:{row.pk}", revoked_at=None):
        revoke(grant=held, because="left", by=viewer.user)
        gone = True
    if gone:
        record("space.left", community=row.community_id, actor=viewer.user, object=row)


@transaction.atomic
def withdraw_space_request(*, viewer: Viewer, space: Space) -> None:
    """Take back one's own open request. Safe to repeat."""
    SpaceRequest.objects.filter(space=space, user=viewer.user, decided_at=None).delete()


@transaction.atomic
def accept_space_request(*, viewer: Viewer, request: SpaceRequest) -> Grant:
    """Let in who asked. Needs spaces.manage. Raises AlreadyDecided, MembersOnly if they are no longer a member."""
    row = _decided(viewer, request, accepted=True)
    if not look(row.space.community, row.user).is_member:
        raise MembersOnly()
    return _held(row.space, row.user) or _admit(row.space, row.user)


@transaction.atomic
def decline_space_request(*, viewer: Viewer, request: SpaceRequest) -> None:
    """Turn down who asked. Needs spaces.manage. Raises AlreadyDecided."""
    _decided(viewer, request, accepted=False)


def _circle(viewer: Viewer, space: Space) -> Space:
    """The locked space, if the viewer may join it."""
    row = (
        Space.objects.select_for_update(of=("self",))
        .select_related("plan", "gate")
        .filter(pk=space.pk)
        .first()
    )
    if row is None or row.community_id != viewer.community.pk or row.archived_at is not None:
        raise NoSuchSpace()
    if not is_listed(viewer, row):
        raise NoSuchSpace()
    if not viewer.is_member:
        raise MembersOnly()
    if not row.is_circle:
        raise NotACircle()
    return row


def _held(space: Space, user: User | None) -> Grant | None:
    return Grant.objects.filter(user=user, source=f"circle:{space.pk}", revoked_at=None).first()


def _admit(space: Space, user: Any) -> Grant:
    """The grant's key counts the times somebody came, so that coming twice at once is coming once."""
    times = Grant.objects.filter(user=user, source=f"circle:{space.pk}").count()
    assert space.plan is not None  # the database sees to it
    given = grant(
        user=user,
        plan=space.plan,
        starts_at=timezone.now(),
        source=f"circle:{space.pk}",
        key=f"circle:{space.pk}:{user.pk}:{times}",
    )
    SpaceRequest.objects.filter(space=space, user=user, decided_at=None).update(
        decided_at=timezone.now(), accepted=True
    )
    record("space.joined", community=space.community_id, actor=user, object=space)
    return given


def _answers(space: Space, given: dict[str, str]) -> dict[str, str]:
    answers = {}
    for question in space.join_questions:
        answer = clean(str(given.get(question, ""))).strip()[:ANSWER_CHARACTERS_MAX]
        if not answer:
            raise AnswersMissing(question)
        answers[question] = answer
    return answers


def _decided(viewer: Viewer, request: SpaceRequest, *, accepted: bool) -> SpaceRequest:
    rows = SpaceRequest.objects.select_for_update(of=("self",))
    rows = rows.select_related("space__plan", "space__community", "user")
    row = rows.filter(pk=request.pk, space__community=viewer.community).first()
    if row is None:
        raise NoSuchSpace()
    if not viewer.may("spaces.manage") or row.user_id == viewer.user_id:
        raise NotPermitted()
    if row.decided_at is not None:
        raise AlreadyDecided()
    row.decided_at, row.decided_by, row.accepted = timezone.now(), viewer.user, accepted
    row.save(update_fields=["decided_at", "decided_by", "accepted"])
    return row
