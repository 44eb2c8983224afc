"""How a closed gate could be opened, and what is the cheapest way."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from paideia.access.models import Gate
from paideia.access.viewer import Viewer
from paideia.commerce.models import Offer
from paideia.communities.permissions import ROLE_NAMES

WAYS = """
WITH RECURSIVE chain AS (
    SELECT g.*, 0 AS depth FROM access_gate g WHERE g.id = %(gate)s AND g.community_id = %(community)s
    UNION ALL
    SELECT g.*, c.depth + 1 FROM access_gate g JOIN chain c ON g.id = c.parent_id
    WHERE g.community_id = %(community)s AND c.depth < 10
)
SELECT
    (SELECT json_agg(json_build_object(
        'id', c.id, 'parent_id', c.parent_id, 'role_keys', c.role_keys, 'level_min', c.level_min,
        'free_reads', c.free_reads, 'opens_at', c.opens_at, 'after_milestone', c.after_milestone,
        'plans', (SELECT coalesce(json_agg(json_build_array(p.id, p.name, p.archived_at IS NULL)
            ORDER BY p.position, p.id), '[]')
            FROM access_gate_plans gp JOIN access_plan p ON p.id = gp.plan_id WHERE gp.gate_id = c.id)
        ) ORDER BY c.depth DESC) FROM chain c),
    (SELECT json_agg(json_build_object(
        'id', o.id, 'name', o.name, 'price', o.price, 'currency', o.currency, 'term', o.term,
        'trial_days', o.trial_days,
        'plans', ARRAY(SELECT op.plan_id FROM commerce_offer_plans op WHERE op.offer_id = o.id)
        ) ORDER BY o.price, o.position, o.id) FROM commerce_offer o
        WHERE o.community_id = %(community)s AND o.archived_at IS NULL AND o.hidden_key = ''
            AND NOT o.is_for_seats
            AND (o.on_sale_from IS NULL OR o.on_sale_from <= %(now)s)
            AND (o.on_sale_until IS NULL OR o.on_sale_until > %(now)s)
            AND (o.ends_at IS NULL OR o.ends_at > %(now)s) AND EXISTS (
            SELECT 1 FROM commerce_offer_plans op JOIN access_gate_plans gp ON gp.plan_id = op.plan_id
            JOIN chain c ON c.id = gp.gate_id WHERE op.offer_id = o.id)),
    (SELECT count(*) FROM access_freeread f WHERE f.user_id = %(user)s AND f.community_id = %(community)s
        AND f.month = date_trunc('month', %(now)s AT TIME ZONE %(zone)s)::date)
"""


@dataclass(frozen=True, slots=True)
class Ways:
    """How a closed gate could be opened for a viewer. `offers` that open all of it, the cheapest first."""

    offers: tuple[Offer, ...]
    opens_with: tuple[str, ...]  # names of what opens it: plans, roles, a level
    free_reads_left: int | None  # None where a free read would not open it
    opens_at: datetime | None  # the date it waits for, if it does
    waits_for_lesson: bool
    needs_joining: bool

    @property
    def cheapest(self) -> Offer | None:
        return self.offers[0] if self.offers else None


def ways_in(viewer: Viewer, gate: Gate | int) -> Ways:
    """What opens this gate, for the paywall of a page. One query."""
    gate_id = gate.pk if isinstance(gate, Gate) else gate
    parameters = {
        "gate": gate_id,
        "community": viewer.community.pk,
        "user": viewer.user_id,
        "now": viewer.now,
        "zone": viewer.community.time_zone,
    }
    with connection.cursor() as cursor:
        cursor.execute(WAYS, parameters)
        gates, offers, spent = cursor.fetchone()
    return _ways(viewer, gates or [], offers or [], spent)


def _ways(viewer: Viewer, gates: list[dict[str, Any]], offers: list[dict[str, Any]], spent: int) -> Ways:
    closed = [gate for gate in gates if not _held_open(viewer, gate)]
    dates = [at for gate in gates if (at := _moment(gate["opens_at"])) is not None and at > viewer.now]
    waits_for_lesson = any(gate["after_milestone"] and gate["id"] not in viewer.open_gates for gate in gates)
    left = viewer.community.free_reads_max - spent
    free = (
        viewer.community.free_reads_max > 0
        and not dates
        and not waits_for_lesson
        and all(gate["free_reads"] for gate in gates if gate["id"] not in viewer.open_gates)
    )
    return Ways(
        offers=tuple(_offer(viewer, one) for one in offers if _opens_all(one, closed)),
        opens_with=tuple(dict.fromkeys(name for gate in closed for name in _names(gate))),
        free_reads_left=max(left, 0) if free else None,
        opens_at=max(dates) if dates else None,
        waits_for_lesson=waits_for_lesson,
        needs_joining=any(_is_for_members(gate) for gate in closed),
    )


def _held_open(viewer: Viewer, gate: dict[str, Any]) -> bool:
    """Whether the viewer has what this gate asks for, its times and the gates above left aside."""
    if _is_for_members(gate):
        return viewer.is_member
    if _names_nothing(gate):
        return True
    by_level = gate["level_min"] is not None and viewer.is_member and viewer.level >= gate["level_min"]
    by_plan = any(plan in viewer.plans for plan, _name, _current in gate["plans"])
    return by_plan or viewer.role in gate["role_keys"] or by_level


def _names_nothing(gate: dict[str, Any]) -> bool:
    return not gate["plans"] and not gate["role_keys"] and gate["level_min"] is None


def _is_for_members(gate: dict[str, Any]) -> bool:
    return _names_nothing(gate) and gate["parent_id"] is None


def _opens_all(offer: dict[str, Any], closed: list[dict[str, Any]]) -> bool:
    """Whether the offer gives a plan of each closed gate; joining, which buying does, opens those for
    members."""
    given = set(offer["plans"])
    return all(
        _is_for_members(gate) or any(plan in given for plan, *_rest in gate["plans"]) for gate in closed
    )


def _names(gate: dict[str, Any]) -> list[str]:
    names = [name for _plan, name, current in gate["plans"] if current]
    names += [str(ROLE_NAMES.get(key, key)) for key in gate["role_keys"]]
    if gate["level_min"] is not None:
        names.append(_("Level %(level)s") % {"level": gate["level_min"]})
    return names


def _offer(viewer: Viewer, row: dict[str, Any]) -> Offer:
    return Offer(
        community=viewer.community, **{name: value for name, value in row.items() if name != "plans"}
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def offers_for_gate(gate: Gate) -> list[Offer]:
    """Offers on sale that give a plan of this gate itself, the cheapest first."""
    found = Offer.objects.filter(
        community_id=gate.community_id, archived_at=None, hidden_key="", plans__in=gate.plans.values("pk")
    )
    return list(found.distinct().order_by("price", "position", "pk"))
