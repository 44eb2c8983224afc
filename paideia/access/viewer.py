"""The viewer: who is looking, what they may do, and which gates stand open to them. Made once per request."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from paideia.accounts.models import User
from paideia.communities.models import Community

# Openness is asked of the database each time: rights never come from a cache. A question about another time
# takes the rows as they stood then (`past`); one about now trusts no clock to say that a right has lapsed.
LOOK = """
WITH RECURSIVE
shut AS (
    SELECT 1 FROM communities_suspension s JOIN communities_membership m ON m.id = s.membership_id
    WHERE m.community_id = %(community)s AND m.user_id = %(user)s
      AND (NOT %(past)s OR s.at <= %(now)s) AND (s.until IS NULL OR s.until > %(now)s)
      AND (s.lifted_at IS NULL OR %(past)s AND s.lifted_at > %(now)s)
),
me AS (
    SELECT m.id, m.joined_at, m.level, r.key, r.rank, r.permissions
    FROM communities_membership m JOIN communities_role r ON r.id = m.role_id
    WHERE m.community_id = %(community)s AND m.user_id = %(user)s AND NOT EXISTS (SELECT 1 FROM shut)
      AND (m.left_at IS NULL OR %(past)s AND m.left_at > %(now)s)
      AND (NOT %(past)s OR m.joined_at <= %(now)s)
),
held AS (  -- plans held now, and since when they were first: a renewal does not begin a drip anew
    SELECT g.plan_id, min(g.starts_at) AS since
    FROM access_grant g JOIN access_plan p ON p.id = g.plan_id
    WHERE g.user_id = %(user)s AND p.community_id = %(community)s AND g.starts_at <= %(now)s
      AND (g.revoked_at IS NULL OR %(past)s AND g.revoked_at > %(now)s)
      AND NOT EXISTS (SELECT 1 FROM shut)
    GROUP BY g.plan_id HAVING bool_or(g.ends_at IS NULL OR g.ends_at > %(now)s)
),
gate AS (
    SELECT t.id, t.parent_id, t.delay_days * interval '1 day' AS delay, t.role_keys, t.level_min,
        CASE t.shows WHEN 'preview' THEN 2 WHEN 'title' THEN 1 ELSE 0 END AS shown,
        t.role_keys = '{}' AND t.level_min IS NULL
            AND NOT EXISTS (SELECT 1 FROM access_gate_plans gp WHERE gp.gate_id = t.id) AS names_nothing,
        (t.opens_at IS NULL OR t.opens_at <= %(now)s)
            AND (t.after_milestone = '' OR EXISTS (
                SELECT 1 FROM access_milestone s WHERE s.user_id = %(user)s AND s.key = t.after_milestone
                  AND (NOT %(past)s OR s.at <= %(now)s))) AS is_due
    FROM access_gate t WHERE t.community_id = %(community)s
),
opened AS (  -- since when each gate would stand open to this viewer, were it alone
    SELECT gate.*, least(
        (SELECT min(held.since) FROM access_gate_plans gp JOIN held ON held.plan_id = gp.plan_id
            WHERE gp.gate_id = gate.id),
        (SELECT me.joined_at FROM me WHERE me.key = ANY(gate.role_keys) OR me.level >= gate.level_min
            OR gate.names_nothing AND gate.parent_id IS NULL)) AS since
    FROM gate
),
chain AS (
    SELECT id, shown, since,
        is_due AND since IS NOT NULL AND (delay = interval '0' OR since + delay <= %(now)s) AS is_open
    FROM opened WHERE parent_id IS NULL
    UNION ALL
    SELECT o.id,
        CASE WHEN c.is_open THEN o.shown WHEN own.is_open THEN c.shown ELSE least(o.shown, c.shown) END,
        own.since, own.is_open AND c.is_open
    FROM opened o JOIN chain c ON o.parent_id = c.id
    CROSS JOIN LATERAL (SELECT CASE WHEN o.names_nothing THEN c.since ELSE o.since END AS since) AS begun
    CROSS JOIN LATERAL (SELECT begun.since, o.is_due AND begun.since IS NOT NULL
        AND (o.delay = interval '0' OR begun.since + o.delay <= %(now)s) AS is_open) AS own
)
SELECT
    (SELECT row_to_json(me) FROM me),
    ARRAY(SELECT plan_id FROM held),
    ARRAY(SELECT id FROM chain WHERE is_open ORDER BY id),
    ARRAY(SELECT id FROM chain WHERE NOT is_open AND shown = 2 ORDER BY id),
    ARRAY(SELECT id FROM chain WHERE NOT is_open AND shown = 1 ORDER BY id),
    ARRAY(SELECT document_id FROM access_freeread WHERE user_id = %(user)s AND community_id = %(community)s
        AND (NOT %(past)s OR at <= %(now)s) AND NOT EXISTS (SELECT 1 FROM shut) ORDER BY document_id)
"""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody looking at one community at one moment. `user` is None for a stranger.

    `open_gates` are open; `preview_gates` are closed but show title and preview, `title_gates` the title.
    """

    community: Community
    user: User | None
    now: datetime
    membership_id: int | None = None
    role: str = ""
    rank: int = 0
    level: int = 0
    permissions: frozenset[str] = frozenset()
    plans: frozenset[int] = frozenset()
    open_gates: tuple[int, ...] = ()
    preview_gates: tuple[int, ...] = ()
    title_gates: tuple[int, ...] = ()
    unlocked_documents: tuple[int, ...] = field(default=())  # by free reads

    @property
    def user_id(self) -> int | None:
        return self.user.pk if self.user else None

    @property
    def is_member(self) -> bool:
        return self.membership_id is not None

    @property
    def may_enter(self) -> bool:
        return self.is_member or self.community.visibility == Community.Visibility.PUBLIC

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    @property
    def reads_all(self) -> bool:
        return self.is_member and self.may("content.read_all")

    @property
    def sight(self) -> tuple[object, ...]:
        """What two viewers must share to be shown the same lists, apart from what they wrote or unlocked."""
        return self.may_enter, self.reads_all, self.open_gates, self.preview_gates, self.title_gates

    def unnamed(self) -> "Viewer":
        """Whoever shares this sight, without what is this person's own: for what is drawn once for all of them."""
        return replace(self, user=None, unlocked_documents=())

    def can_open(self, gate_id: int | None) -> bool:
        """Whether a work behind this gate (None: behind none) may be read in full, apart from free reads."""
        return self.may_enter and (self.reads_all or gate_id is None or gate_id in self.open_gates)

    def open_q(self, prefix: str = "") -> Q:
        """Rows that may be read in full: the predicate every list of readable things carries.

        `prefix` leads to the document ("document__"). Its columns: community, gate, author.
        """
        q = Q(**{f"{prefix}community_id": self.community.pk})
        if not self.may_enter:
            return q & Q(pk__in=[])
        if self.reads_all:
            return q
        gates = Q(**{f"{prefix}gate_id__isnull": True}) | Q(**{f"{prefix}gate_id__in": list(self.open_gates)})
        return q & (gates | self._own(prefix))

    def listed_q(self, prefix: str = "") -> Q:
        """Rows that may be named in a list, open or not."""
        q = Q(**{f"{prefix}community_id": self.community.pk})
        if not self.may_enter:
            return q & Q(pk__in=[])
        if self.reads_all:
            return q
        listed = [*self.open_gates, *self.preview_gates, *self.title_gates]
        gates = Q(**{f"{prefix}gate_id__isnull": True}) | Q(**{f"{prefix}gate_id__in": listed})
        return q & (gates | self._own(prefix))

    def _own(self, prefix: str) -> Q:
        if self.user is None:
            return Q(pk__in=[])
        mine = Q(**{f"{prefix}author_id": self.user.pk})
        if self.unlocked_documents:
            mine |= Q(**{f"{prefix}pk__in": list(self.unlocked_documents)})
        return mine


def look(community: Community, user: User | None, *, at: datetime | None = None) -> Viewer:
    """The viewer for a person (None or anonymous: a stranger) in a community, now or at another time. One
    query."""
    now = at or timezone.now()
    person = user if user is not None and user.is_authenticated and user.is_active else None
    with connection.cursor() as cursor:
        parameters = {"community": community.pk, "user": person.pk if person else None, "now": now}
        cursor.execute(LOOK, {**parameters, "past": at is not None})
        me, plans, opened, preview, title, unlocked = cursor.fetchone()
    me = me or {}
    return Viewer(
        community=community,
        user=person,
        now=now,
        membership_id=me.get("id"),
        role=me.get("key", ""),
        rank=me.get("rank", 0),
        level=me.get("level", 0),
        permissions=frozenset(me.get("permissions", ())),
        plans=frozenset(plans),
        open_gates=_tuple(opened),
        preview_gates=_tuple(preview),
        title_gates=_tuple(title),
        unlocked_documents=_tuple(unlocked),
    )


def _tuple(ids: Iterable[int]) -> tuple[int, ...]:
    return tuple(ids)
