"""What lies where, and whether the books are right."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from paideia.communities.models import Community
from paideia.ledger.models import Account

# Each finds what no sequence of postings can bring about. A row: community, currency, account, what is wrong.
AUDITS = {
    "unbalanced": """
        SELECT community_id, currency, NULL::bigint, 'balances sum to ' || sum(balance)
        FROM ledger_account {where} GROUP BY community_id, currency HAVING sum(balance) <> 0
    """,
    "drifted": """
        SELECT a.community_id, a.currency, a.id,
            'balance is ' || a.balance || ', transfers make ' || coalesce(t.net, 0)
        FROM ledger_account a LEFT JOIN (
            SELECT account_id, sum(amount) AS net FROM (
                SELECT target_id AS account_id, amount FROM ledger_transfer
                UNION ALL SELECT source_id, -amount FROM ledger_transfer) ends
            GROUP BY account_id) t ON t.account_id = a.id
        {where} {and_} a.balance <> coalesce(t.net, 0)
    """,
    "overdrawn": """
        SELECT community_id, currency, id, 'balance is ' || balance
        FROM ledger_account {where} {and_} balance < 0 AND owner NOT LIKE 'world:%%'
    """,
    "crossed": """
        SELECT s.community_id, s.currency, s.id, 'transfer ' || t.key || ' leads to account ' || g.id
        FROM ledger_transfer t
        JOIN ledger_account s ON s.id = t.source_id JOIN ledger_account g ON g.id = t.target_id
        {where_s} {and_} (s.community_id <> g.community_id OR s.currency <> g.currency OR t.amount <= 0)
    """,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something an audit found. There is none in books that only `post` has written."""

    audit: str
    community_id: int
    currency: str
    account_id: int | None
    what: str


def balance(community: Community, owner: str, kind: str, currency: str) -> int:
    """What is in an account, in minor units; 0 when it was never opened."""
    found = Account.objects.filter(community=community, owner=owner, kind=kind, currency=currency)
    return found.values_list("balance", flat=True).first() or 0


def audit(community: Community | None = None) -> list[Finding]:
    """Everything wrong with the books of a community, or of all: nothing, one hopes.

    Sums to zero in each currency of each community, balances equal to their transfers, nothing below zero
    but the world, no transfer from one community or currency into another.
    """
    where = "WHERE community_id = %(community)s" if community else "WHERE true"
    parts: dict[str, Any] = {"where": where, "and_": "AND", "where_s": where.replace("WHERE c", "WHERE s.c")}
    # One statement, so that all of them look at the same moment.
    asked = [f"(SELECT '{name}', found.* FROM ({one.format(**parts)}) found)" for name, one in AUDITS.items()]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked), {"community": community.pk if community else None})
        return [Finding(*row) for row in cursor.fetchall()]
