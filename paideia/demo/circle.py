"""The circle of a demo community: who is in it, and who waits at its door."""

from __future__ import annotations

from paideia.access.models import Grant
from paideia.accounts.models import User
from paideia.demo.founding import Place
from paideia.spaces.actions import accept_space_request, join_space
from paideia.spaces.models import SpaceRequest

INSIDE, WAITING = 6, 2


def fill(place: Place, answers: tuple[str, ...]) -> None:
    """Those who have held the full plan longest ask to come in; the owner lets in all but the last few."""
    space = next(space for space in place.spaces.values() if space.is_circle)
    held = Grant.objects.filter(plan=place.plans["full"], user__memberships__community=place.community)
    asking = held.filter(user__memberships__left_at=None).order_by("pk").values_list("user", flat=True)
    answered = dict(zip(space.join_questions, answers, strict=True))
    for number, user_id in enumerate(list(dict.fromkeys(asking))[: INSIDE + WAITING]):
        viewer = place.viewer(User.objects.get(pk=user_id))
        request = join_space(viewer=viewer, space=space, answers=answered)
        if number < INSIDE and isinstance(request, SpaceRequest):
            accept_space_request(viewer=place.viewer(), request=request)
