"""Founding a community and changing how it presents itself."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.communities.models import Community, Membership, Role
from paideia.communities.permissions import STANDARD_ROLES
from paideia.communities.refusals import AddressTaken
from paideia.communities.standing import must
from paideia.lib.refusal import Invalid

# What people of the community may change. Everything else is the platform's or the database's.
EDITABLE = frozenset(
    {
        *("name", "tagline", "about", "rules", "language", "currency", "time_zone", "visibility", "joining"),
        *("join_questions", "accent", "logo", "cover", "free_reads_max", "host"),
    }
)


@transaction.atomic
def create_community(*, by: User, slug: str, name: str, **fields: Any) -> Community:
    """A new community with the standard roles and `by` as its owner. Raises AddressTaken."""
    community = Community(slug=slug, name=name, **_known(fields))
    _render(community, fields)
    try:
        with transaction.atomic():
            community.save()
    except IntegrityError as error:
        if "slug" not in str(error):
            raise
        raise AddressTaken(slug) from error
    Role.objects.bulk_create(
        Role(community=community, key=key, rank=rank, permissions=permissions)
        for key, rank, permissions in STANDARD_ROLES
    )
    Membership.objects.create(community=community, user=by, role=community.roles.get(key="owner"))
    record("community.created", community=community, actor=by, object=community)
    record("member.joined", community=community, actor=by, object=by)
    return community


@transaction.atomic
def edit_community(*, community: Community, by: User, **fields: Any) -> Community:
    """Change the fields given. Needs community.edit. The fact names what changed, not the words."""
    must(community, by, "community.edit")
    row = Community.objects.select_for_update().get(pk=community.pk)
    changed = {name: value for name, value in _known(fields).items() if getattr(row, name) != value}
    if not changed:
        return row
    for name, value in changed.items():
        setattr(row, name, value)
    rendered = _render(row, changed)
    row.save(update_fields=[*changed, *rendered])
    record("community.changed", community=row, actor=by, object=row, fields=sorted(changed))
    return row


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    if unknown := fields.keys() - EDITABLE:
        raise Invalid(_("A community has no such field: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    return fields


def _render(community: Community, changed: dict[str, Any]) -> list[str]:
    """Markdown becomes sanitised HTML once, on write. Returns the names of the fields written."""
    written = []
    for name in ("about", "rules"):
        if name in changed:
            from paideia.lib.markdown import render  # heavy; most processes never write

            setattr(community, f"{name}_html", render(getattr(community, name)).html if changed[name] else "")
            written.append(f"{name}_html")
    return written
