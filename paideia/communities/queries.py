"""Reads about communities and the people in them. What only some may know takes the viewer.

The viewer (access.viewer.Viewer) comes from the room above: here it is known by what it answers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from paideia.accounts.models import Follow, User
from paideia.communities.models import (
    Community,
    Invitation,
    JoinRequest,
    Membership,
    ProfileClaim,
    Role,
    Suspension,
)
from paideia.communities.standing import is_suspended, present, suspensions_in_force
from paideia.lib.kept import Kept

PAGE_ROWS = 30
SHELF_ROWS = 24


class Viewer(Protocol):
    """What this room asks of a viewer."""

    community: Community
    user: User | None
    rank: int
    role: str

    @property
    def may_enter(self) -> bool: ...
    @property
    def is_member(self) -> bool: ...
    def may(self, permission: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the key of the last one where more follow."""

    rows: list[Any]
    after: str


def public_communities(after: str = "") -> Page:
    """The platform's shelf: public communities with `members_count`, newest first."""
    communities = Community.objects.filter(visibility=Community.Visibility.PUBLIC)
    if after.isdecimal() and len(after) < 19:
        communities = communities.filter(pk__lt=int(after))
    rows = list(_with_count(communities).order_by("-pk")[: SHELF_ROWS + 1])
    return _page(rows, SHELF_ROWS, lambda row: str(row.pk))


def communities_of(user: User) -> list[Community]:
    """Where somebody is in, newest first."""
    mine = present(Membership.objects.filter(user=user)).order_by("-joined_at")[:50]
    rows = list(mine.select_related("community", "role"))
    for row in rows:
        row.community.my_role = row.role  # type: ignore[attr-defined]
    return [row.community for row in rows]


def founded_today(user: User) -> int:
    """How many communities somebody owns that are younger than a day."""
    young = timezone.now() - timedelta(days=1)
    owned = Membership.objects.filter(user=user, role__key="owner", community__created_at__gt=young)
    return owned.count()


def members_page(viewer: Viewer, *, name: str = "", role: str = "", after: str = "") -> Page:
    """Who is in, newest first, by part of a name and by role. One query. Nobody sees into a closed community."""
    if not viewer.may_enter:
        return Page([], "")
    members = present(Membership.objects.filter(community=viewer.community)).select_related("user", "role")
    if name:
        members = members.filter(Q(user__handle__icontains=name) | Q(user__name__icontains=name))
    if role:
        members = members.filter(role__key=role)
    return _members_after(members, after)


def managed_page(viewer: Viewer, *, name: str = "", role: str = "", state: str = "", after: str = "") -> Page:
    """As the team sees members: with addresses, and those who left or are suspended too."""
    members = Membership.objects.filter(community=viewer.community).select_related("user", "role")
    members = members.annotate(is_suspended=is_suspended())
    if name:
        found = Q(user__handle__icontains=name) | Q(user__name__icontains=name)
        members = members.filter(found | Q(user__email__istartswith=name))
    if role:
        members = members.filter(role__key=role)
    states = {"suspended": Q(is_suspended=True), "left": Q(left_at__isnull=False)}
    members = members.filter(states.get(state, Q(left_at=None)))
    return _members_after(members, after)


def member_shown(viewer: Viewer, handle: str) -> Membership | None:
    """A member's profile with counts of followers and followed, and whether the viewer follows. One query."""
    if not viewer.may_enter:
        return None
    members = Membership.objects.filter(community=viewer.community, user__handle__iexact=handle, left_at=None)
    if not viewer.may("members.manage"):
        members = present(members)
    mine = Follow.objects.filter(follower=viewer.user, followed=OuterRef("user"))
    return (
        members.select_related("user", "role")
        .annotate(
            followers_count=_count(Follow, "followed", "user"),
            following_count=_count(Follow, "follower", "user"),
            is_followed=Exists(mine if viewer.user else Follow.objects.none()),
            is_suspended=is_suspended(),
        )
        .first()
    )


def membership_of(community: Community, user: User) -> Membership | None:
    """Somebody's row, whatever its state, with `is_suspended`."""
    rows = Membership.objects.filter(community=community, user=user).select_related("role")
    return rows.annotate(is_suspended=is_suspended()).first()


def suspension_in_force(membership: Membership) -> Suspension | None:
    return suspensions_in_force().filter(membership=membership).order_by("-at").first()


def suspensions_of(membership: Membership) -> list[Suspension]:
    return list(membership.suspensions.select_related("by").order_by("-at")[:20])


def open_request_of(community: Community, user: User) -> JoinRequest | None:
    return JoinRequest.objects.filter(community=community, user=user, decided_at=None).first()


def last_request_of(community: Community, user: User) -> JoinRequest | None:
    """The newest request somebody made, decided or not."""
    return JoinRequest.objects.filter(community=community, user=user).order_by("-created_at").first()


def open_requests(community: Community) -> list[JoinRequest]:
    """Who waits to be let in, the longest waiting first."""
    rows = JoinRequest.objects.filter(community=community, decided_at=None).select_related("user")
    return list(rows.order_by("created_at")[:200])


def open_claims(community: Community) -> list[ProfileClaim]:
    rows = ProfileClaim.objects.filter(community=community, decided_at=None)
    return list(rows.select_related("profile", "claimant").order_by("created_at")[:200])


def live_invitations(community: Community) -> list[Invitation]:
    """Those that still let somebody in, newest first."""
    rows = Invitation.objects.filter(
        community=community, revoked_at=None, expires_at__gt=timezone.now(), uses__lt=F("uses_max")
    )
    return list(rows.select_related("role", "created_by").order_by("-created_at")[:200])


def roles_of(community: Community) -> list[Role]:
    """Highest first, each with `holders`: how many are in with it."""
    return list(
        Role.objects.filter(community=community)
        .annotate(holders=Count("memberships", filter=Q(memberships__left_at=None)))
        .order_by("-rank", "pk")
    )


def role_choices(community: Community) -> list[Role]:
    """The roles to choose from in a search: kept until the community changes."""
    key = (community.pk, community.version)
    found = _roles.get(key)
    if found is None:
        found = list(Role.objects.filter(community=community).order_by("-rank", "pk"))
        _roles.put(key, found, 500 * len(found))
    return found


_roles: Kept[list[Role]] = Kept(bytes_max=1024 * 1024, seconds_max=300)


def roles_giveable_by(viewer: Viewer, permissions: frozenset[str], roles: list[Role]) -> list[Role]:
    """The roles a person may give: below their own rank, and with nothing that they lack."""
    is_owner = viewer.role == "owner"
    return [
        role
        for role in roles
        if (is_owner or role.rank < viewer.rank) and set(role.permissions) <= permissions
    ]


def _with_count(communities: QuerySet[Community]) -> QuerySet[Community]:
    return communities.annotate(
        members_count=Coalesce(
            Subquery(
                Membership.objects.filter(community=OuterRef("pk"), left_at=None)
                .values("community")
                .annotate(total=Count("pk"))
                .values("total")
            ),
            0,
        )
    )


def _count(model: Any, key: str, outer: str) -> Coalesce:
    rows = model.objects.filter(**{key: OuterRef(outer)}).values(key).annotate(total=Count("pk"))
    return Coalesce(Subquery(rows.values("total")), 0)


def _members_after(members: QuerySet[Membership], after: str) -> Page:
    """Pages by (joined_at, id): who joins while somebody reads moves nothing."""
    if key := _key(after):
        joined_at, pk = key
        members = members.filter(Q(joined_at__lt=joined_at) | Q(joined_at=joined_at, pk__lt=pk))
    rows = list(members.order_by("-joined_at", "-pk")[: PAGE_ROWS + 1])
    return _page(rows, PAGE_ROWS, lambda row: f"{row.joined_at.isoformat()}~{row.pk}")


def _key(after: str) -> tuple[datetime, int] | None:
    moment, _sign, pk = after.partition("~")
    try:
        joined_at = datetime.fromisoformat(moment)
        return (joined_at, int(pk)) if joined_at.tzinfo and 0 < len(pk) < 19 else None
    except ValueError:
        return None


def _page(rows: list[Any], rows_max: int, key: Any) -> Page:
    return Page(rows[:rows_max], key(rows[rows_max - 1]) if len(rows) > rows_max else "")
