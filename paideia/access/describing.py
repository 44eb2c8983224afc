"""Gates in plain words, for those who choose and change them."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from paideia.access.models import Gate, Plan
from paideia.communities.permissions import ROLE_NAMES
from paideia.lib import formatting


def opens_to(gate: Gate) -> list[str]:
    """Whom a gate opens to, one line each. Its plans come loaded."""
    lines = [_("Holders of “%(plan)s”") % {"plan": plan.name} for plan in gate.plans.all()]
    lines += [str(ROLE_NAMES.get(key, key)) for key in gate.role_keys]
    if gate.level_min is not None:
        lines.append(_("Members of level %(level)s and above") % {"level": gate.level_min})
    if not lines:
        lines.append(_("Those the gate above opens to") if gate.parent_id else _("Every member"))
    return lines


def waits_for(gate: Gate) -> list[str]:
    """What else has to come first, one line each."""
    lines = []
    if gate.opens_at is not None:
        lines.append(_("not before %(date)s") % {"date": formatting.datetime(gate.opens_at)})
    if gate.delay_days:
        text = ngettext("%(n)s day after access began", "%(n)s days after access began", gate.delay_days)
        lines.append(text % {"n": gate.delay_days})
    if gate.after_milestone:
        lines.append(_("after another lesson"))
    return lines


def belongs_to_one_work(gate: Gate) -> bool:
    """Whether a gate was made for a lesson's time or a circle, and is changed there."""
    if gate.after_milestone or (gate.parent_id and (gate.delay_days or gate.opens_at)):
        return True
    return any(plan.kind == Plan.Kind.CIRCLE for plan in gate.plans.all())
