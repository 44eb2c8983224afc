"""Whether the gates keep the policies: asked after every change of gates, plans and offers, in its transaction.

The question is put for somebody who has the subject of the policy and nothing else, and has had it for long: every
delay is over, every date has come and every milestone is reached, for what opens in time opens. A level is taken as
reached where the policy says "never", and as not reached where it says "must". Roles other than "member" are the
team's and left aside, free reads too.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from paideia.access.models import Gate, Plan, Policy
from paideia.access.refusals import PolicyBroken
from paideia.communities.models import Community

ROLE = "member"


@dataclass(frozen=True, slots=True)
class Broken:
    """A policy that the gates do not keep, and the counter-example."""

    policy: Policy
    example: str


def broken(community: Community, policies: Iterable[Policy] | None = None) -> list[Broken]:
    """Those of the policies, or of all, that are not kept as things stand. Three queries."""
    if policies is None:
        policies = Policy.objects.filter(community=community).prefetch_related("subject_plans")
    if not (asked := list(policies)):
        return []
    opening = Prefetch("plans", queryset=Plan.objects.order_by("position", "pk"))
    gates = {gate.pk: gate for gate in Gate.objects.filter(community=community).prefetch_related(opening)}
    found = []
    for policy in asked:
        held = {plan.pk for plan in policy.subject_plans.all()}
        is_never = policy.demand == Policy.Demand.NEVER
        is_open, words = _opens(gates[policy.gate_id], gates, held, any_level=is_never)
        if is_open == is_never:
            found.append(Broken(policy, " ".join(words)))
    return found


def must_hold(community: Community) -> None:
    """Raise PolicyBroken, with a counter-example, if a policy is not kept as things stand in this transaction."""
    # One change at a time: two that keep the policies each alone might break one together.
    Community.objects.select_for_update(no_key=True).only("pk").get(pk=community.pk)
    for one in broken(community):
        raise PolicyBroken(str(one.policy), one.example)


def offer_changed(community: Community, *, offer_id: int, name: str, plans: Iterable[Plan]) -> None:
    """Keep the policies about an offer in step with it."""
    given = list(plans)
    for policy in Policy.objects.filter(community=community, offer_id=offer_id):
        policy.subject_name = name[:120]
        policy.save(update_fields=["subject_name"])
        policy.subject_plans.set(given)


def _opens(gate: Gate, gates: dict[int, Gate], held: set[int], *, any_level: bool) -> tuple[bool, list[str]]:
    """Whether the gate and all above it open to a member with these plans, and why: of each gate what opens it,
    or of the first that stays closed what it asks for."""
    chain, seen = [gate], {gate.pk}
    while (above := chain[0].parent_id) is not None:
        if above not in gates or above in seen:
            return False, [_("The gate above “%(gate)s” leads nowhere.") % {"gate": chain[0].name}]
        chain.insert(0, gates[above])
        seen.add(above)
    words = []
    for one in chain:
        opener = _opener(one, held, any_level=any_level)
        if opener is None:
            return False, [
                _("“%(gate)s” would stay closed: it opens to none of what they have.") % {"gate": one.name}
            ]
        words.append(opener)
    return True, [word for word in words if word]


def _opener(gate: Gate, held: set[int], *, any_level: bool) -> str | None:
    """What opens this gate alone, as a sentence; "" where it asks for nothing of its own; None: nothing does."""
    plans = list(gate.plans.all())
    if not plans and not gate.role_keys and gate.level_min is None:
        if gate.parent_id is not None:
            return ""
        return _("“%(gate)s” opens to every member.") % {"gate": gate.name}
    for plan in plans:
        if plan.pk in held:
            return _("“%(gate)s” opens to “%(plan)s”.") % {"gate": gate.name, "plan": plan.name}
    if ROLE in gate.role_keys:
        return _("“%(gate)s” opens to every member.") % {"gate": gate.name}
    if gate.level_min is not None and any_level:
        return _("“%(gate)s” opens to every member who reaches level %(level)s.") % {
            "gate": gate.name,
            "level": gate.level_min,
        }
    return None
