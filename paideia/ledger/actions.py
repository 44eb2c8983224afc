"""Opening accounts and moving money: the only way any amount changes its place."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from paideia.communities.models import Community
from paideia.ledger.models import Account, Transfer
from paideia.lib.refusal import Conflict

AMOUNT_MAX = 10**15  # minor units; far from where sums of a bigint could end


class Misposted(ValueError):
    """The posting itself is wrong: the caller has to be mended, not the person's wish."""


class PostedOtherwise(Misposted):
    """A key that was posted before with another source, target, amount, time or detail."""


class Overdrawn(Conflict):
    """An account that may not go below zero holds less than was to be taken from it."""


@dataclass(frozen=True, slots=True)
class Move:
    """One transfer to be. `key` names the cause, so that it is posted once: "order:12:sale"."""

    source: Account
    target: Account
    amount: int
    key: str
    detail: dict[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None  # now, where nothing is said


def account(community: Community, owner: str, kind: str, currency: str) -> Account:
    """The account of this name, opened when first asked for. docs/ledger.md lists the names in use."""
    return accounts(community, [(owner, kind)], currency)[0]


def accounts(community: Community, names: Sequence[tuple[str, str]], currency: str) -> list[Account]:
    """The accounts of these owners and kinds, in the same order. One query once they are open."""
    owners, kinds = {owner for owner, _ in names}, {kind for _, kind in names}
    of = Account.objects.filter(community=community, currency=currency, owner__in=owners, kind__in=kinds)
    found = {(one.owner, one.kind): one for one in of}
    if missing := set(names) - found.keys():
        fresh = [
            Account(
                community=community,
                owner=owner,
                kind=kind,
                currency=currency,
                may_go_negative=owner.startswith("world:"),
            )
            for owner, kind in sorted(missing)
        ]
        Account.objects.bulk_create(fresh, ignore_conflicts=True)  # two may open it at once
        found = {(one.owner, one.kind): one for one in of.all()}
    return [found[name] for name in names]


def post(moves: Sequence[Move]) -> list[Transfer]:
    """Move all or nothing, in the order given. Returns the transfers.

    Posting the same moves again changes nothing and returns the same transfers. Raises PostedOtherwise when
    a key was used for anything else, Overdrawn when an account holds too little, Misposted for an amount that
    is no whole number above zero, or a move that leaves its community or currency.
    """
    _check(moves)
    # One move of the world's is never refused: no way back needs to be kept open for it.
    may_be_refused = len(moves) > 1 or any(not move.source.may_go_negative for move in moves)
    try:
        with transaction.atomic(savepoint=may_be_refused):
            _lock(moves)
            written = _write(moves)
            if 0 < len(written) < len(moves):
                raise PostedOtherwise(
                    f"one of {', '.join(move.key for move in moves)} was posted before, alone"
                )
    except DatabaseError as error:
        if _constraint(error) == "account_not_negative":
            raise Overdrawn(_("There is not enough in the account for this.")) from error
        raise
    return written or _posted(moves)


def _lock(moves: Sequence[Move]) -> None:
    """Hold the accounts in the order of their ids, so that two postings never wait for each other in a ring. One
    transfer alone takes its two accounts in that order by itself."""
    if len(moves) > 1:
        ids = {end.pk for move in moves for end in (move.source, move.target)}
        held = Account.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
        list(held.values_list("pk"))


def _check(moves: Sequence[Move]) -> None:
    if len({move.key for move in moves}) < len(moves):
        raise Misposted("two moves of a posting have the same key")
    for move in moves:
        if type(move.amount) is not int or not 0 < move.amount <= AMOUNT_MAX:
            raise Misposted(
                f"{move.key}: {move.amount!r} is no amount; give whole minor units from 1 to {AMOUNT_MAX}"
            )
        if move.source.pk == move.target.pk:
            raise Misposted(f"{move.key}: source and target are the same account")
        if move.source.currency != move.target.currency:
            raise Misposted(f"{move.key}: from {move.source.currency} to {move.target.currency}")
        if move.source.community_id != move.target.community_id:
            raise Misposted(f"{move.key}: source and target belong to different communities")


def _posted(moves: Sequence[Move]) -> list[Transfer]:
    """The transfers of these very moves, which were posted before."""
    known = {one.key: one for one in Transfer.objects.filter(key__in=[move.key for move in moves])}
    for move in moves:
        if (transfer := known.get(move.key)) is None or not _same(transfer, move):
            raise PostedOtherwise(f"{move.key} was posted before with other content, or alone")
    return [known[move.key] for move in moves]


def _same(transfer: Transfer, move: Move) -> bool:
    return (
        transfer.source_id == move.source.pk
        and transfer.target_id == move.target.pk
        and transfer.amount == move.amount
        and transfer.detail == move.detail
        and move.occurred_at in {None, transfer.occurred_at}
    )


WRITE = """
INSERT INTO ledger_transfer (source_id, target_id, amount, key, detail, occurred_at)
SELECT m.source, m.target, m.amount, m.key, m.detail::jsonb, coalesce(m.occurred_at, statement_timestamp())
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
    WITH ORDINALITY AS m (source, target, amount, key, detail, occurred_at, place)
ORDER BY m.place
ON CONFLICT (key) DO NOTHING
RETURNING id, source_id, target_id, amount, key, posted_at, occurred_at
"""


def _write(moves: Sequence[Move]) -> list[Transfer]:
    """The transfers of those moves whose key is new. A key that another posting is writing is waited for."""
    columns = (
        [move.source.pk for move in moves],
        [move.target.pk for move in moves],
        [move.amount for move in moves],
        [move.key for move in moves],
        [json.dumps(move.detail) for move in moves],
        [move.occurred_at for move in moves],
    )
    with connection.cursor() as cursor:
        cursor.execute(WRITE, columns)
        details = {move.key: move.detail for move in moves}
        return [
            Transfer(
                id=pk,
                source_id=source,
                target_id=target,
                amount=amount,
                key=key,
                posted_at=posted_at,
                occurred_at=occurred_at,
                detail=details[key],
            )
            for pk, source, target, amount, key, posted_at, occurred_at in cursor.fetchall()
        ]


def _constraint(error: DatabaseError) -> str:
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
