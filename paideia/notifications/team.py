"""Who of a team is told: those whose role lets them see what it is about, at the moment of telling. What they were told
is shown, and mailed, only while they still may (`needs`)."""

from typing import Any

from paideia.communities.models import Community, Membership
from paideia.communities.standing import present

MONEY = "money.view"


def who_may(community: Community, permission: str = MONEY) -> list[int]:
    """Ids of the members who are in now and hold this permission."""
    holders = Membership.objects.filter(
        community=community, role__permissions__contains=[permission], user__is_active=True
    )
    return list(present(holders).order_by("pk").values_list("user_id", flat=True))


def for_team(params: dict[str, Any], permission: str = MONEY) -> dict[str, Any]:
    """The params of what is told to a team."""
    return {**params, "to": "team", "needs": permission}
