"""Giving plans to people and taking them back. The history stays: rows are only ever shortened or revoked."""

from datetime import datetime
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.models import Grant, Plan
from paideia.access.refusals import KeyUsed, NotPermitted, NotShorter, TrialUsed
from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.lib.refusal import Invalid, NotFound


def grant(
    *,
    user: User,
    plan: Plan,
    starts_at: datetime,
    source: str,
    key: str,
    ends_at: datetime | None = None,
    is_trial: bool = False,
    occurred_at: datetime | None = None,
) -> Grant:
    """Let a person hold a plan, until a time or for good. `key` names the cause: the same one gives once.

    Raises TrialUsed for a second trial of the plan, KeyUsed when the key gave something else before.
    """
    if ends_at is not None and ends_at < starts_at:
        raise Invalid(_("A grant cannot end before it starts."))
    fields = {"starts_at": starts_at, "ends_at": ends_at, "source": source, "is_trial": is_trial}
    try:
        with transaction.atomic():
            given = Grant.objects.create(user=user, plan=plan, key=key, **fields)
            record(
                "grant.given",
                community=plan.community_id,
                actor=user,
                object=given,
                occurred_at=occurred_at,
                plan=plan.pk,
                source=source,
                is_trial=is_trial,
                starts_at=starts_at.isoformat(),
                ends_at=ends_at.isoformat() if ends_at else None,
            )
    except IntegrityError as error:
        if (before := _given(key, user, plan)) is not None:
            return before
        if is_trial and "grant_one_trial_each" in str(error):
            raise TrialUsed() from error
        raise
    return given


@transaction.atomic
def revoke(*, grant: Grant, because: str, by: User | None = None) -> Grant:
    """End a grant now, whatever was left of it. Safe to repeat: the first reason stays."""
    row = Grant.objects.select_for_update(of=("self",)).select_related("plan").get(pk=grant.pk)
    if row.revoked_at is None:
        row.revoked_at, row.revoked_because = timezone.now(), because[:200]
        row.save(update_fields=["revoked_at", "revoked_because"])
        record(
            "grant.revoked",
            community=row.plan.community_id,
            actor=by,
            object=row,
            user=row.user_id,
            plan=row.plan_id,
            because=row.revoked_because,
        )
    return row


@transaction.atomic
def shorten(*, grant: Grant, ends_at: datetime, because: str, by: User | None = None) -> Grant:
    """Let a grant end earlier. Raises NotShorter when it would not, or before it began."""
    row = Grant.objects.select_for_update(of=("self",)).select_related("plan").get(pk=grant.pk)
    if row.ends_at == ends_at:
        return row
    if row.revoked_at or ends_at < row.starts_at or (row.ends_at is not None and ends_at > row.ends_at):
        raise NotShorter()
    before, row.ends_at = row.ends_at, ends_at
    row.save(update_fields=["ends_at"])
    record(
        "grant.shortened",
        community=row.plan.community_id,
        actor=by,
        object=row,
        user=row.user_id,
        plan=row.plan_id,
        before=before.isoformat() if before else None,
        ends_at=ends_at.isoformat(),
        because=because[:200],
    )
    return row


def give(
    *,
    viewer: Viewer,
    user: User,
    plan: Plan,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Grant:
    """A member of the team gives somebody a plan by hand. Needs access.manage."""
    _must_manage(viewer, plan)
    return grant(
        user=user,
        plan=plan,
        starts_at=starts_at or timezone.now(),
        ends_at=ends_at,
        source=f"staff:{viewer.user_id}",
        key=f"staff:{uuid4()}",
    )


def take_back(*, viewer: Viewer, grant: Grant, because: str) -> Grant:
    """A member of the team revokes a grant. Needs access.manage."""
    _must_manage(viewer, grant.plan)
    return revoke(grant=grant, because=because, by=viewer.user)


def cut_short(*, viewer: Viewer, grant: Grant, ends_at: datetime, because: str) -> Grant:
    """A member of the team lets a grant end earlier. Needs access.manage."""
    _must_manage(viewer, grant.plan)
    return shorten(grant=grant, ends_at=ends_at, because=because, by=viewer.user)


def _must_manage(viewer: Viewer, plan: Plan) -> None:
    if plan.community_id != viewer.community.pk:
        raise NotFound("")
    if not viewer.may("access.manage"):
        raise NotPermitted()


def _given(key: str, user: User, plan: Plan) -> Grant | None:
    before = Grant.objects.filter(key=key).first()
    if before is not None and (before.user_id, before.plan_id) != (user.pk, plan.pk):
        raise KeyUsed(key, before)
    return before
