"""Making and changing gates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _

from paideia.access.models import Gate, Plan
from paideia.access.policies import must_hold
from paideia.access.refusals import GateInUse, NotPermitted
from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.communities.models import Role
from paideia.lib.refusal import Invalid, NotFound

DEPTH_MAX = 5  # a gate below a gate below…


@dataclass(frozen=True, slots=True)
class GateTerms:
    """All that a gate says, as one chooses it."""

    name: str
    plans: Sequence[Plan] = ()
    role_keys: Sequence[str] = ()
    level_min: int | None = None
    parent: Gate | None = None
    shows: str = Gate.Shows.PREVIEW
    free_reads: bool = False
    opens_at: datetime | None = None
    delay_days: int = 0
    after_milestone: str = ""


@transaction.atomic
def save_gate(*, viewer: Viewer, terms: GateTerms, gate: Gate | None = None) -> Gate:
    """Make a gate or change it, for everything behind it at once. Needs access.manage.

    Raises Invalid for plans, roles or a parent of another community, and for a gate below itself; PolicyBroken
    with a counter-example.
    """
    _must_manage(viewer, gate)
    # All gates of the community: two changes at once must not make a ring.
    gates = {one.pk: one for one in Gate.objects.select_for_update().filter(community=viewer.community)}
    row = gates[gate.pk] if gate is not None else Gate(community=viewer.community)
    _check(viewer, terms, row, gates)
    row.name, row.parent, row.shows = terms.name.strip()[:120], terms.parent, Gate.Shows(terms.shows)
    row.role_keys, row.level_min = sorted(set(terms.role_keys)), terms.level_min
    row.free_reads, row.opens_at = terms.free_reads, terms.opens_at
    row.delay_days, row.after_milestone = terms.delay_days, terms.after_milestone
    row.save()
    row.plans.set(terms.plans)
    must_hold(viewer.community)
    record("gate.changed", community=viewer.community, actor=viewer.user, object=row, name=row.name)
    return row


@transaction.atomic
def remove_gate(*, viewer: Viewer, gate: Gate) -> None:
    """Remove a gate that nothing stands behind. Needs access.manage. Raises GateInUse."""
    _must_manage(viewer, gate)
    try:
        with transaction.atomic():
            Gate.objects.select_for_update().get(pk=gate.pk).delete()
    except models.ProtectedError as error:
        raise GateInUse() from error
    record("gate.changed", community=viewer.community, actor=viewer.user, name=gate.name, removed=True)


def _must_manage(viewer: Viewer, gate: Gate | None) -> None:
    if gate is not None and gate.community_id != viewer.community.pk:
        raise NotFound("")
    if not viewer.may("access.manage"):
        raise NotPermitted()


def _check(viewer: Viewer, terms: GateTerms, row: Gate, gates: dict[int, Gate]) -> None:
    if not terms.name.strip():
        raise Invalid(_("Give the gate a name."))
    if any(plan.community_id != viewer.community.pk for plan in terms.plans):
        raise Invalid(_("A gate opens to plans of its own community only."))
    if terms.level_min is not None and terms.level_min < 1:
        raise Invalid(_("The lowest level is 1."))
    known = set(Role.objects.filter(community=viewer.community).values_list("key", flat=True))
    if unknown := set(terms.role_keys) - known:
        raise Invalid(_("There is no role “%(key)s” here.") % {"key": min(unknown)})
    above, depth = terms.parent, 1
    while above is not None:
        if above.pk == row.pk or above.pk not in gates:
            raise Invalid(_("A gate cannot stand below itself, or below one of another community."))
        if (depth := depth + 1) > DEPTH_MAX:
            raise Invalid(_("Gates can stand %(max)s deep at most.") % {"max": DEPTH_MAX})
        above = gates.get(gates[above.pk].parent_id or 0)
