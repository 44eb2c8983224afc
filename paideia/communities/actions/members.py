"""What the team does with members: roles and suspensions."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.communities.models import Membership, Role, Suspension
from paideia.communities.refusals import LastOwner, NotPermitted
from paideia.communities.standing import Standing, must, suspensions_in_force
from paideia.lib.refusal import Invalid
from paideia.lib.text import clean_line


@transaction.atomic
def set_role(*, membership: Membership, role: Role, by: User) -> Membership:
    """Give a member another role. Needs members.manage, a rank above both roles, and everything the new role may
    do: nobody gives what they lack. Raises NotPermitted, LastOwner."""
    standing = must(membership.community, by, "members.manage")
    row = _managed(membership, standing)
    if role.community_id != row.community_id:
        raise Invalid(_("That role belongs to another community."))
    if not standing.outranks(role.rank) or not set(role.permissions) <= standing.permissions:
        raise NotPermitted()
    if row.role_id == role.pk:
        return row
    if role.key != "owner":
        keep_an_owner(row)
    before, row.role = row.role.key, role
    row.save(update_fields=["role"])
    record(
        "member.role_changed",
        community=row.community_id,
        actor=by,
        object=row.user,
        before=before,
        after=role.key,
    )
    return row


@transaction.atomic
def suspend(*, membership: Membership, by: User, reason: str, until: datetime | None = None) -> Suspension:
    """Shut a member out until a time, or until lifted. Needs members.manage and a higher rank."""
    standing = must(membership.community, by, "members.manage")
    row = _managed(membership, standing)
    if row.user_id == by.pk:
        raise NotPermitted()
    keep_an_owner(row)
    _lift(row, by)
    suspension = Suspension.objects.create(
        membership=row, reason=clean_line(reason)[:300], by=by, at=timezone.now(), until=until
    )
    record(
        "member.suspended", community=row.community_id, actor=by, object=row.user, reason=suspension.reason
    )
    return suspension


@transaction.atomic
def lift_suspension(*, membership: Membership, by: User) -> None:
    """Let a suspended member back in. Needs members.manage and a higher rank. Safe to repeat."""
    standing = must(membership.community, by, "members.manage")
    row = _managed(membership, standing)
    if _lift(row, by):
        record("member.reinstated", community=row.community_id, actor=by, object=row.user)


def keep_an_owner(membership: Membership) -> None:
    """Raises LastOwner if this is the only owner. Holds a lock on every owner's row, so that two owners cannot
    step down at once."""
    owners = Membership.objects.filter(community=membership.community_id, role__key="owner", left_at=None)
    held = set(owners.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    standing = {pk for pk in held if not suspensions_in_force().filter(membership=pk).exists()}
    if membership.pk in standing and len(standing) == 1:
        raise LastOwner()


def _managed(membership: Membership, standing: Standing) -> Membership:
    rows = Membership.objects.select_for_update(of=("self",)).select_related("role", "user", "community")
    row = rows.get(pk=membership.pk)
    if not standing.outranks(row.role.rank):
        raise NotPermitted()
    return row


def _lift(membership: Membership, by: User) -> int:
    return Suspension.objects.filter(
        pk__in=suspensions_in_force().filter(membership=membership.pk).values("pk")
    ).update(lifted_at=timezone.now())
