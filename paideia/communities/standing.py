"""What a person may do in a community, for this room's own actions; pages and upper rooms ask the Viewer."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from paideia.accounts.models import User
from paideia.communities.models import Community, Membership, Suspension
from paideia.communities.refusals import NotPermitted


@dataclass(frozen=True, slots=True)
class Standing:
    """The role of somebody who is in now: nobody who left or is suspended has one."""

    membership_id: int
    role: str
    rank: int
    permissions: frozenset[str]

    @property
    def is_owner(self) -> bool:
        return self.role == "owner"

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def outranks(self, rank: int) -> bool:
        """Owners stand above everybody, each other included: they can hand a community on."""
        return self.is_owner or self.rank > rank


def standing_of(community: Community, user: User) -> Standing | None:
    """The standing of a person, asked of the database now. One query."""
    row = (
        present(Membership.objects.filter(community=community, user=user))
        .values_list("id", "role__key", "role__rank", "role__permissions")
        .first()
    )
    return Standing(row[0], row[1], row[2], frozenset(row[3])) if row and user.is_active else None


def must(community: Community, user: User, permission: str) -> Standing:
    """The standing of a person who holds this permission. Raises NotPermitted."""
    standing = standing_of(community, user)
    if standing is None or not standing.may(permission):
        raise NotPermitted()
    return standing


def present(memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    """Those who are in now: have not left, and are not suspended."""
    return memberships.filter(~is_suspended(), left_at=None)


def is_suspended() -> Exists:
    """Of the memberships of an outer query: whether one is suspended now."""
    return Exists(suspensions_in_force().filter(membership=OuterRef("pk")))


def suspensions_in_force() -> QuerySet[Suspension]:
    """All that shut somebody out now."""
    return Suspension.objects.filter(Q(until=None) | Q(until__gt=timezone.now()), lifted_at=None)
