"""Making and changing plans."""

from django.db import models, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from paideia.access.models import Plan
from paideia.access.refusals import NotPermitted, PlanInUse
from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.lib.refusal import Invalid, NotFound

KEY_CHARACTERS_MAX = 60


@transaction.atomic
def save_plan(
    *,
    viewer: Viewer,
    name: str,
    summary: str = "",
    kind: str = Plan.Kind.TIER,
    position: int = 0,
    plan: Plan | None = None,
) -> Plan:
    """Make a plan, or change how one is called and where it stands; its kind stays. Needs access.manage."""
    _must_manage(viewer, plan)
    if not name.strip():
        raise Invalid(_("Give the plan a name."))
    if plan is None:
        row = Plan(community=viewer.community, key=_free_key(viewer, name), kind=kind)
    else:
        row = Plan.objects.select_for_update().get(pk=plan.pk)
    row.name, row.summary, row.position = name.strip()[:120], summary.strip()[:300], position
    row.save()
    record("plan.changed", community=viewer.community, actor=viewer.user, object=row, name=row.name)
    return row


@transaction.atomic
def archive_plan(*, viewer: Viewer, plan: Plan) -> Plan:
    """Take a plan out of choice lists. Who holds it keeps it. Needs access.manage. Safe to repeat."""
    return _archived(viewer, plan, True)


@transaction.atomic
def restore_plan(*, viewer: Viewer, plan: Plan) -> Plan:
    """Bring an archived plan back into choice lists. Needs access.manage. Safe to repeat."""
    return _archived(viewer, plan, False)


@transaction.atomic
def remove_plan(*, viewer: Viewer, plan: Plan) -> None:
    """Remove a plan that nobody ever held and nothing uses. Needs access.manage. Raises PlanInUse."""
    _must_manage(viewer, plan)
    row = Plan.objects.select_for_update().get(pk=plan.pk)
    if is_used(row):
        raise PlanInUse()
    try:
        with transaction.atomic():
            row.delete()
    except models.ProtectedError as error:
        raise PlanInUse() from error
    record("plan.changed", community=viewer.community, actor=viewer.user, name=row.name, removed=True)


def is_used(plan: Plan) -> bool:
    """Whether anything in any room points at the plan: people who hold it, gates, offers, circles, courses."""
    return any(
        relation.related_model._default_manager.filter(**{relation.field.name: plan}).exists()
        for relation in Plan._meta.related_objects
    )


def _archived(viewer: Viewer, plan: Plan, archived: bool) -> Plan:
    _must_manage(viewer, plan)
    row = Plan.objects.select_for_update().get(pk=plan.pk)
    if (row.archived_at is not None) != archived:
        row.archived_at = timezone.now() if archived else None
        row.save(update_fields=["archived_at"])
        record("plan.changed", community=viewer.community, actor=viewer.user, object=row, archived=archived)
    return row


def _must_manage(viewer: Viewer, plan: Plan | None) -> None:
    if plan is not None and plan.community_id != viewer.community.pk:
        raise NotFound("")
    if not viewer.may("access.manage"):
        raise NotPermitted()


def _free_key(viewer: Viewer, name: str) -> str:
    """A key from the name that no plan of the community has: "full", "full-2", …"""
    stem = slugify(name)[: KEY_CHARACTERS_MAX - 6] or "plan"
    taken = set(
        Plan.objects.filter(community=viewer.community, key__startswith=stem).values_list("key", flat=True)
    )
    number = 1
    while (key := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return key
