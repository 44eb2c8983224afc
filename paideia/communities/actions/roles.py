"""The permission table of a community."""

from collections.abc import Iterable

from django.db import models, transaction
from django.utils.translation import gettext as _

from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.communities.models import Community, Membership, Role
from paideia.communities.permissions import PERMISSIONS
from paideia.communities.refusals import NotPermitted
from paideia.communities.standing import Standing, must
from paideia.lib.refusal import Conflict, Invalid
from paideia.lib.text import clean_line

STANDARD = frozenset({"owner", "admin", "moderator", "mentor", "volunteer", "member"})
RANK_MAX = 99


@transaction.atomic
def edit_role(
    *, role: Role, by: User, permissions: Iterable[str] | None = None, name: str | None = None
) -> Role:
    """Change what a role may do, or what it is called. Needs roles.edit and a rank above the role's.

    An owner's role keeps every permission, so that nobody can lock a community out of itself. What one lacks one
    neither gives nor takes away.
    """
    standing = must(role.community, by, "roles.edit")
    row = Role.objects.select_for_update().get(pk=role.pk)
    before = set(row.permissions)
    if permissions is not None:
        row.permissions = _checked(standing, row, permissions)
    elif not standing.outranks(row.rank):
        raise NotPermitted()
    if name is not None:
        row.name = clean_line(name)[:60]
    row.save(update_fields=["permissions", "name"])
    record(
        "community.changed",
        community=row.community_id,
        actor=by,
        object=row,
        role=row.key,
        given=sorted(set(row.permissions) - before),
        taken=sorted(before - set(row.permissions)),
    )
    return row


@transaction.atomic
def edit_permissions(*, community: Community, by: User, table: dict[int, set[str]]) -> None:
    """Change what several roles may do, by their ids: all of it or, where one change is refused, nothing."""
    for role in Role.objects.filter(community=community, pk__in=table).order_by("pk"):
        if table[role.pk] != set(role.permissions):
            edit_role(role=role, by=by, permissions=table[role.pk])


@transaction.atomic
def add_role(*, community: Community, by: User, key: str, name: str, rank: int) -> Role:
    """A role of the community's own, between member and owner, with a member's permissions to begin with."""
    standing = must(community, by, "roles.edit")
    if not 10 < rank <= RANK_MAX or not standing.outranks(rank):
        raise Invalid(_("Choose a rank between 11 and 99."))
    if Role.objects.filter(community=community, key=key).exists():
        raise Conflict(_("There is a role with this key already."))
    member = Role.objects.get(community=community, key="member")
    role = Role.objects.create(
        community=community, key=key, name=clean_line(name)[:60], rank=rank, permissions=member.permissions
    )
    record(
        "community.changed", community=community, actor=by, object=role, role=key, given=member.permissions
    )
    return role


@transaction.atomic
def remove_role(*, role: Role, by: User) -> None:
    """Remove a role that is not one of the standard six and that nobody holds."""
    standing = must(role.community, by, "roles.edit")
    if role.key in STANDARD or not standing.outranks(role.rank):
        raise NotPermitted(_("The standard roles stay: change what they may do instead."))
    Role.objects.select_for_update().get(pk=role.pk)
    if Membership.objects.filter(role=role).exists():
        raise Conflict(_("Members hold this role. Give them another one first."))
    try:
        role.delete()
    except models.ProtectedError as error:
        raise Conflict(_("Members hold this role. Give them another one first.")) from error
    record("community.changed", community=role.community_id, actor=by, role=role.key, removed=True)


def _checked(standing: Standing, role: Role, permissions: Iterable[str]) -> list[str]:
    wanted = set(permissions)
    if unknown := wanted - PERMISSIONS.keys():
        raise Invalid(_("There is no such permission: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    if role.key == "owner":
        if wanted != PERMISSIONS.keys():
            raise NotPermitted(_("An owner may do everything; this cannot be taken away."))
    elif not standing.outranks(role.rank) or not (wanted ^ set(role.permissions)) <= standing.permissions:
        raise NotPermitted()
    return [key for key in PERMISSIONS if key in wanted]
