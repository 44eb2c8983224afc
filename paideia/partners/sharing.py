"""What a month's sales come to for each share rule, and who read what: reckoned from the ledger and from facts, which
nobody can change afterwards. Nothing is written here."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q

from paideia.communities.models import Community
from paideia.partners.dividing import divide, part_of
from paideia.partners.models import RuleResult, ShareRule

# What each order added to the sales in the month, after refunds, disputes, fees and commissions. By the time of
# posting, which the database sets: a month that is over never changes.
NET = """
    SELECT a.currency, o.offer_id, sum(CASE WHEN t.target_id = a.id THEN t.amount ELSE -t.amount END)
    FROM ledger_account a
    JOIN ledger_transfer t ON a.id IN (t.source_id, t.target_id)
    JOIN commerce_order o ON o.number = t.detail ->> 'order' AND o.community_id = a.community_id
    WHERE a.community_id = %(community)s AND a.owner = 'house' AND a.kind = 'sales'
        AND t.posted_at >= %(begins)s AND t.posted_at < %(ends)s AND t.key NOT LIKE '%%:advance'
        AND t.key NOT LIKE '%%:repaid'
    GROUP BY a.currency, o.offer_id
"""
# Seconds that members read in works behind gates that these plans open, each member, work and day up to the limit.
# Only what its reader held a plan for at that time; nobody's reading of their own works.
READ = """
    WITH RECURSIVE opened AS (
        SELECT gp.gate_id AS id FROM access_gate_plans gp JOIN access_gate g ON g.id = gp.gate_id
        WHERE gp.plan_id = ANY (%(plans)s) AND g.community_id = %(community)s
        UNION
        SELECT g.id FROM access_gate g JOIN opened o ON g.parent_id = o.id
    ),
    days AS (
        SELECT d.author_id, least(sum(least(greatest((f.detail ->> 'seconds')::numeric, 0), 3600)), %(most)s) AS seconds
        FROM activity_fact f JOIN content_document d ON d.id = f.object_id
        WHERE f.verb = 'page.read' AND f.community_id = %(community)s AND f.object_kind = 'document'
            AND f.recorded_at >= %(begins)s AND f.recorded_at < %(ends)s
            AND d.community_id = %(community)s AND d.gate_id IN (SELECT id FROM opened)
            AND d.author_id IS NOT NULL AND d.author_id <> f.actor_id
            AND jsonb_typeof(f.detail -> 'seconds') = 'number'
            AND EXISTS (
                SELECT 1 FROM access_grant h WHERE h.user_id = f.actor_id AND h.plan_id = ANY (%(plans)s)
                    AND NOT h.is_trial AND h.starts_at <= f.recorded_at
                    AND (h.ends_at IS NULL OR h.ends_at > f.recorded_at)
                    AND (h.revoked_at IS NULL OR h.revoked_at > f.recorded_at))
        GROUP BY d.author_id, f.actor_id, d.id, (f.recorded_at AT TIME ZONE %(zone)s)::date
    )
    SELECT author_id, sum(floor(seconds))::bigint FROM days GROUP BY author_id HAVING sum(floor(seconds)) > 0
    ORDER BY author_id
"""


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule comes to in one currency: `pot` goes to people as `parts` says, by seconds where it is a
    pool. What nobody has a claim to stays with the community."""

    rule: ShareRule
    currency: str
    net: int
    carried: int
    pot: int
    carries: int
    seconds: Mapping[int, int] = field(default_factory=dict)  # by person
    parts: Mapping[int, int] = field(default_factory=dict)  # by person

    @property
    def base(self) -> int:
        return self.net + self.carried


def reckon_shares(community: Community, month: date) -> list[Part]:
    """Every rule's part of this month, by the rules that were in force at its end."""
    begins, ends = bounds(community, month)
    rules = ShareRule.objects.filter(community=community, created_at__lt=ends)
    rules = rules.filter(Q(ended_at=None) | Q(ended_at__gte=ends)).prefetch_related("offers__plans")
    nets = _nets(community, begins, ends)
    found = []
    for rule in rules.order_by("pk"):
        chosen = {offer.pk for offer in rule.offers.all()}
        carried = _carried(rule)
        net: dict[str, int] = defaultdict(int, dict.fromkeys(carried, 0))
        for (currency, offer_id), amount in nets.items():
            if not chosen or offer_id in chosen:
                net[currency] += amount
        seconds = _seconds(rule, begins, ends) if rule.kind == ShareRule.Kind.POOL else {}
        found += [_part(rule, code, net[code], carried.get(code, 0), seconds) for code in sorted(net)]
    return found


def bounds(community: Community, month: date) -> tuple[datetime, datetime]:
    """When the month begins and ends on the community's clock."""
    zone = ZoneInfo(community.time_zone)
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return (
        datetime(month.year, month.month, 1, tzinfo=zone),
        datetime(following.year, following.month, 1, tzinfo=zone),
    )


def _part(rule: ShareRule, currency: str, net: int, carried: int, seconds: dict[int, int]) -> Part:
    base = net + carried
    due = part_of(base, rule.rate)
    if rule.kind == ShareRule.Kind.FIXED:
        assert rule.person_id is not None
        parts = {rule.person_id: due} if due else {}
    else:
        parts = {person: part for person, part in divide(due, seconds).items() if part}
    return Part(rule, currency, net, carried, sum(parts.values()), min(base, 0), seconds, parts)


def _carried(rule: ShareRule) -> dict[str, int]:
    """What refunds took below zero in the rule's last runs, by currency."""
    last = RuleResult.objects.filter(rule=rule).order_by("currency", "-run__month").distinct("currency")
    return {row.currency: row.carries for row in last if row.carries}


def _nets(community: Community, begins: datetime, ends: datetime) -> dict[tuple[str, int | None], int]:
    rows = _rows(NET, {"community": community.pk, "begins": begins, "ends": ends})
    return {(currency, offer): int(amount) for currency, offer, amount in rows}


def _seconds(rule: ShareRule, begins: datetime, ends: datetime) -> dict[int, int]:
    """Audited seconds of reading by author, for what the rule's offers give; for all that is sold without any."""
    from paideia.commerce.models import Offer

    offers = rule.offers.all() or Offer.objects.filter(community=rule.community).prefetch_related("plans")
    plans = sorted({plan.pk for offer in offers for plan in offer.plans.all()})
    found = {
        "plans": plans,
        "community": rule.community_id,
        "most": rule.day_seconds_max,
        "begins": begins,
        "ends": ends,
        "zone": rule.community.time_zone,
    }
    return {author: int(seconds) for author, seconds in _rows(READ, found)}


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
