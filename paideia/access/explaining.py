"""Why a gate is open or closed to somebody: each rule that speaks, and what would open it.

The rules are those of `viewer.LOOK`, told one by one; a property test holds the two to the same answer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from paideia.access.models import Gate, Grant, Milestone, Plan
from paideia.access.viewer import Viewer, look
from paideia.communities.models import Membership, Suspension
from paideia.lib import formatting
from paideia.lib.refusal import NotFound


class Rule(StrEnum):
    """Which rule a reason comes from."""

    READS_ALL = "reads_all"
    PRIVATE = "private"
    SUSPENDED = "suspended"
    PLAN = "plan"
    ROLE = "role"
    LEVEL = "level"
    MEMBERSHIP = "membership"
    DATE = "date"
    DELAY = "delay"
    MILESTONE = "milestone"
    ABOVE = "above"


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule's word for (`speaks_for`) or against. `gate_id` is the gate it spoke about; None: any gate."""

    rule: Rule
    speaks_for: bool
    text: str
    gate_id: int | None = None
    plan_id: int | None = None
    grant_id: int | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """Something that opens a closed gate. `at` is when, for what only time opens."""

    rule: Rule
    text: str
    plan_id: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a gate is open or closed to a viewer at a moment. `ways` are in the order of the gates, outermost
    first: of each closed gate one way is needed."""

    is_open: bool
    gate: Gate
    at: datetime
    reasons: tuple[Reason, ...]
    ways: tuple[Way, ...] = ()
    may_spend_free_read: bool = False

    @property
    def reasons_for(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.reasons if reason.speaks_for)

    @property
    def reasons_against(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.reasons if not reason.speaks_for)


def explain(viewer: Viewer, gate: Gate, *, at: datetime | None = None) -> Explanation:
    """Why `gate` is open or closed to the viewer, now or as things stood at another time.

    Raises NotFound for a gate of another community.
    """
    if gate.community_id != viewer.community.pk:
        raise NotFound("")
    if at is not None:
        viewer = look(viewer.community, viewer.user, at=at)
    facts = _Facts(viewer, gate, is_past=at is not None)
    steps = facts.steps()
    reasons = [reason for step in steps for reason in step.reasons]
    before, verdict = facts.outer_reasons()
    is_open = (all(step.is_open for step in steps) and not facts.is_astray) if verdict is None else verdict
    if facts.is_astray:
        reasons.append(Reason(Rule.ABOVE, False, _("The gate above it leads nowhere."), gate.pk))
    return Explanation(
        is_open=is_open,
        gate=gate,
        at=viewer.now,
        reasons=(*before, *reasons),
        ways=() if is_open else tuple(way for step in steps for way in step.ways),
        may_spend_free_read=not is_open and facts.allows_free_read(steps),
    )


# What one way of holding a gate open says, what would do, and since when each that does is met.
_Word = tuple[list[Reason], list[Way], list[datetime]]


@dataclass(frozen=True, slots=True)
class _Step:
    """One gate of the chain, judged with the gates above it known."""

    gate: Gate
    is_open: bool
    is_due: bool
    since: datetime | None
    reasons: tuple[Reason, ...]
    ways: tuple[Way, ...]


class _Facts:
    """The rows that decide, loaded once: the chain of gates, plans, grants, membership, milestones."""

    def __init__(self, viewer: Viewer, gate: Gate, *, is_past: bool) -> None:
        self.viewer, self.now, self.is_past = viewer, viewer.now, is_past
        self.chain, self.is_astray = _chain(gate)

    @cached_property
    def plans(self) -> dict[int, list[Plan]]:
        """The plans that each gate of the chain names."""
        named: dict[int, list[Plan]] = {one.pk: [] for one in self.chain}
        links = Gate.plans.through.objects.filter(gate_id__in=named).select_related("plan")
        for link in links.order_by("plan__position", "plan_id"):
            named[link.gate_id].append(link.plan)
        return named

    @cached_property
    def grants(self) -> list[Grant]:
        if self.viewer.user is None:
            return []
        plans = {plan.pk for named in self.plans.values() for plan in named}
        own = Grant.objects.filter(user=self.viewer.user, plan_id__in=plans)
        return list(own.filter(plan__community=self.viewer.community).order_by("starts_at", "pk"))

    @cached_property
    def membership(self) -> Membership | None:
        """The membership in force; Viewer has decided whether there is one."""
        if self.viewer.membership_id is None:
            return None
        return Membership.objects.filter(pk=self.viewer.membership_id).select_related("role").first()

    @cached_property
    def suspension(self) -> Suspension | None:
        if self.viewer.user is None or self.viewer.is_member:
            return None
        found = Suspension.objects.filter(
            membership__community=self.viewer.community, membership__user=self.viewer.user
        )
        return next((one for one in found if self._in_force(one)), None)

    @cached_property
    def milestones(self) -> set[str]:
        keys = [one.after_milestone for one in self.chain if one.after_milestone]
        if self.viewer.user is None or not keys:
            return set()
        reached = Milestone.objects.filter(user=self.viewer.user, key__in=keys)
        return {one.key for one in reached if not self.is_past or one.at <= self.now}

    def outer_reasons(self) -> tuple[list[Reason], bool | None]:
        """What decides before any gate is asked: (reasons, open or closed or None for neither)."""
        if not self.viewer.may_enter:
            private = Reason(Rule.PRIVATE, False, _("This community is private: only members may enter."))
            return [*self._suspended(), private], False
        if self.viewer.reads_all:
            text = _("Has the role “%(role)s”, which reads everything.") % {"role": self._role_name()}
            return [Reason(Rule.READS_ALL, True, text)], True
        return self._suspended(), None

    def steps(self) -> list[_Step]:
        """The gates from the outermost in, each judged."""
        steps: list[_Step] = []
        for gate in self.chain:
            steps.append(self._step(gate, steps[-1] if steps else None))
        return steps

    def allows_free_read(self, steps: list[_Step]) -> bool:
        """Every closed gate allows free reads, and none of them waits for a date or a milestone."""
        return (
            self.viewer.user is not None
            and self.viewer.may_enter
            and self.suspension is None
            and not self.is_astray
            and self.viewer.community.free_reads_max > 0
            and all(step.is_open or (step.gate.free_reads and step.is_due) for step in steps)
        )

    def _step(self, gate: Gate, above: _Step | None) -> _Step:
        reasons, ways, sinces = self._openers(gate, above)
        since = min(sinces) if sinces else None
        waits, waits_ways = self._waits(gate, since)
        is_due = not any(reason.rule in {Rule.DATE, Rule.MILESTONE} for reason in waits)
        is_open = since is not None and not waits and (above is None or above.is_open)
        if since is not None:
            ways = []
        return _Step(gate, is_open, is_due, since, (*reasons, *waits), (*ways, *waits_ways))

    def _openers(self, gate: Gate, above: _Step | None) -> _Word:
        """What each way of holding the gate open says, what would do, and since when those met are met."""
        if not (self.plans[gate.pk] or gate.role_keys or gate.level_min is not None):
            if above is not None:  # opens to those its parent opens to
                return [], [], [above.since] if above.since else []
            return self._by_membership(gate)
        reasons: list[Reason] = []
        ways: list[Way] = []
        sinces: list[datetime] = []
        for part in (self._by_plans(gate), self._by_role(gate), self._by_level(gate)):
            reasons += part[0]
            ways += part[1]
            sinces += part[2]
        return reasons, ways, sinces

    def _by_membership(self, gate: Gate) -> _Word:
        if self.membership is not None:
            return (
                [Reason(Rule.MEMBERSHIP, True, _("Is a member."), gate.pk)],
                [],
                [self.membership.joined_at],
            )
        way = Way(Rule.MEMBERSHIP, _("Join the community"))
        return [Reason(Rule.MEMBERSHIP, False, _("Is not a member."), gate.pk)], [way], []

    def _by_plans(self, gate: Gate) -> _Word:
        reasons, sinces = [], []
        for plan in self.plans[gate.pk]:
            said, since = self._plan(gate, plan)
            reasons.append(said)
            if since is not None:
                sinces.append(since)
        ways = [
            Way(Rule.PLAN, plan.name, plan.pk) for plan in self.plans[gate.pk] if plan.archived_at is None
        ]
        return reasons, ways, sinces

    def _plan(self, gate: Gate, plan: Plan) -> tuple[Reason, datetime | None]:
        """What there is to say of one plan, and since when it was first held if it is held now."""
        grants = [one for one in self.grants if one.plan_id == plan.pk]
        standing = [one for one in grants if not self._revoked(one) and one.starts_at <= self.now]
        current = [one for one in standing if one.ends_at is None or one.ends_at > self.now]
        if current and self.suspension is None:
            last = max(current, key=lambda one: (one.ends_at is None, one.ends_at or self.now))
            text = (
                _("Holds “%(plan)s” until %(date)s.") % {"plan": plan.name, "date": _day(last.ends_at)}
                if last.ends_at
                else _("Holds “%(plan)s” for good.") % {"plan": plan.name}
            )
            since = min(one.starts_at for one in standing)
            return Reason(Rule.PLAN, True, text, gate.pk, plan.pk, last.pk), since
        last_grant = grants[-1] if grants else None
        return (
            Reason(
                Rule.PLAN,
                False,
                self._missing(plan, last_grant),
                gate.pk,
                plan.pk,
                getattr(last_grant, "pk", None),
            ),
            None,
        )

    def _missing(self, plan: Plan, last: Grant | None) -> str:
        if last is None:
            return _("Does not hold “%(plan)s”.") % {"plan": plan.name}
        if self._revoked(last):
            words = {"plan": plan.name, "date": _day(last.revoked_at), "because": last.revoked_because}
            return _("“%(plan)s” was taken back on %(date)s: %(because)s") % words
        if last.starts_at > self.now:
            return _("“%(plan)s” begins on %(date)s.") % {"plan": plan.name, "date": _day(last.starts_at)}
        if last.ends_at is not None and last.ends_at <= self.now:
            return _("“%(plan)s” ended on %(date)s.") % {"plan": plan.name, "date": _day(last.ends_at)}
        return _("“%(plan)s” rests while the membership is suspended.") % {"plan": plan.name}

    def _by_role(self, gate: Gate) -> _Word:
        if not gate.role_keys:
            return [], [], []
        if self.membership is not None and self.viewer.role in gate.role_keys:
            text = _("Has the role “%(role)s”.") % {"role": self._role_name()}
            return [Reason(Rule.ROLE, True, text, gate.pk)], [], [self.membership.joined_at]
        return [Reason(Rule.ROLE, False, _("Has none of the roles that it opens to."), gate.pk)], [], []

    def _by_level(self, gate: Gate) -> _Word:
        if gate.level_min is None:
            return [], [], []
        if self.membership is not None and self.viewer.level >= gate.level_min:
            text = _("Has reached level %(level)s.") % {"level": self.viewer.level}
            return [Reason(Rule.LEVEL, True, text, gate.pk)], [], [self.membership.joined_at]
        words = {"level": self.viewer.level, "needed": gate.level_min}
        text = _("Is at level %(level)s; it opens at level %(needed)s.") % words
        way = Way(Rule.LEVEL, _("Reach level %(level)s") % {"level": gate.level_min})
        return [Reason(Rule.LEVEL, False, text, gate.pk)], [way], []

    def _waits(self, gate: Gate, since: datetime | None) -> tuple[list[Reason], list[Way]]:
        """What keeps the gate closed even to those it opens to."""
        reasons: list[Reason] = []
        ways: list[Way] = []
        if gate.opens_at is not None and gate.opens_at > self.now:
            text = _("Opens on %(date)s.") % {"date": _day(gate.opens_at)}
            reasons.append(Reason(Rule.DATE, False, text, gate.pk))
            ways.append(Way(Rule.DATE, text, at=gate.opens_at))
        if since is not None and gate.delay_days:
            opens_at = since + timedelta(days=gate.delay_days)
            if opens_at > self.now:
                words = {"n": gate.delay_days, "date": _day(opens_at)}
                text = ngettext(
                    "Opens %(n)s day after access began: on %(date)s.",
                    "Opens %(n)s days after access began: on %(date)s.",
                    gate.delay_days,
                )
                reasons.append(Reason(Rule.DELAY, False, text % words, gate.pk))
                ways.append(Way(Rule.DELAY, text % words, at=opens_at))
        if gate.after_milestone and gate.after_milestone not in self.milestones:
            text = _("Another lesson has to be completed first.")
            reasons.append(Reason(Rule.MILESTONE, False, text, gate.pk))
            ways.append(Way(Rule.MILESTONE, text))
        return reasons, ways

    def _suspended(self) -> list[Reason]:
        if self.suspension is None:
            return []
        until = self.suspension.until
        text = (
            _("The membership is suspended until %(date)s.") % {"date": _day(until)}
            if until
            else _("The membership is suspended.")
        )
        return [Reason(Rule.SUSPENDED, False, text)]

    def _role_name(self) -> str:
        return str(self.membership.role) if self.membership else self.viewer.role

    def _revoked(self, grant: Grant) -> bool:
        return grant.revoked_at is not None and not (self.is_past and grant.revoked_at > self.now)

    def _in_force(self, one: Suspension) -> bool:
        if one.until is not None and one.until <= self.now:
            return False
        if self.is_past:
            return one.at <= self.now and (one.lifted_at is None or one.lifted_at > self.now)
        return one.lifted_at is None


def _chain(gate: Gate) -> tuple[list[Gate], bool]:
    """The gates from the outermost to this one; and whether they lead nowhere (a ring, another community)."""
    gate = Gate.objects.select_related("parent__parent__parent").get(pk=gate.pk)
    chain = [gate]
    while (above := chain[0].parent) is not None:
        if above.pk in {one.pk for one in chain} or above.community_id != gate.community_id:
            return chain, True
        chain.insert(0, above)
    return chain, False


def _day(moment: datetime | None) -> str:
    return formatting.datetime(moment)
