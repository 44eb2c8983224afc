"""What providers keep: booked as their statements tell, and what was agreed with them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date

from django.db import transaction

from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.activity.saying import said_of
from paideia.books.comparing import Rate
from paideia.books.models import FeeTerms, StatementLine
from paideia.books.refusals import NotPermitted
from paideia.commerce.books import HOUSE, OWNERS
from paideia.communities.models import Community
from paideia.ledger.actions import Move, account, post
from paideia.ledger.models import Account

Kind = StatementLine.Kind


@transaction.atomic
def book_fees(community: Community, provider: str, rows: Iterable[StatementLine]) -> None:
    """Book the fees of these lines that are not booked yet, a transfer for each statement, day and currency. Only of
    lines that belong to something of ours, and fees of the account itself."""
    due: dict[tuple[int, date, str], list[StatementLine]] = defaultdict(list)
    for row in rows:
        if not row.fee_key and fee_of(row) and (row.entry or row.kind == Kind.FEE):
            due[row.statement_id, row.at.astimezone(UTC).date(), row.currency].append(row)
    for (statement_id, day, currency), some in sorted(due.items()):
        _book(community, provider, statement_id, day, currency, some)


def fee_of(row: StatementLine) -> int:
    """What the provider kept of a line: all of it where the line itself is a fee."""
    return row.fee + (row.amount if row.kind == Kind.FEE else 0)


def rates_of(community: Community, provider: str) -> dict[str, Rate]:
    terms = FeeTerms.objects.filter(community=community, provider=provider)
    return {one.currency: Rate(one.share_millionths, one.fixed) for one in terms}


@transaction.atomic
def save_fee_terms(
    *, viewer: Viewer, provider: str, currency: str, share_millionths: int, fixed: int
) -> FeeTerms:
    """Say what a provider keeps by agreement; other fees are listed as differences from the next statement on.
    Needs money.manage."""
    if not viewer.may("money.manage"):
        raise NotPermitted()
    names = ("share_millionths", "fixed")
    known = FeeTerms.objects.filter(community=viewer.community, provider=provider, currency=currency)
    before = said_of(known.first(), *names)
    row, _made = FeeTerms.objects.update_or_create(
        community=viewer.community,
        provider=provider,
        currency=currency,
        defaults={"share_millionths": share_millionths, "fixed": fixed},
    )
    record(
        "fee_terms.changed",
        community=viewer.community,
        actor=viewer.user,
        object=row,
        provider=provider,
        currency=currency,
        share_millionths=share_millionths,
        fixed=fixed,
        before=before,
        after=said_of(row, *names),
    )
    return row


def _book(
    community: Community,
    provider: str,
    statement_id: int,
    day: date,
    currency: str,
    rows: list[StatementLine],
) -> None:
    """What a provider gave back again is a transfer the other way."""
    name = f"fee:{statement_id}:{currency}:{day.isoformat()}:{min(row.pk for row in rows)}"
    at = max(row.at for row in rows)
    kept = sum(max(fee_of(row), 0) for row in rows)
    given_back = sum(max(-fee_of(row), 0) for row in rows)
    house, outside = _accounts(community, provider, currency)
    detail = {"provider": provider, "statement": statement_id, "lines": len(rows)}
    if given_back:
        post([Move(outside, house, given_back, f"{name}:back", detail, at)])
    if kept:
        _keep(Move(house, outside, kept, name, detail, at))
    for row in rows:
        row.fee_key = name if fee_of(row) > 0 else f"{name}:back"
    for key in {row.fee_key for row in rows}:
        booked = [row.pk for row in rows if row.fee_key == key]
        StatementLine.objects.filter(pk__in=booked).update(fee_key=key)


def _keep(move: Move) -> None:
    """Out of the sales. Where they were passed on already, the owners put the rest in, as for refunds."""
    owners = account(move.source.community, OWNERS, "advances", move.source.currency)
    ids = sorted({move.source.pk, move.target.pk, owners.pk})
    held = Account.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    there = {one.pk: one.balance for one in held}[move.source.pk]
    moves = [move]
    if there < move.amount:
        short = Move(owners, move.source, move.amount - there, f"{move.key}:advance", {}, move.occurred_at)
        moves.insert(0, short)
    post(moves)


def _accounts(community: Community, provider: str, currency: str) -> tuple[Account, Account]:
    house = account(community, HOUSE, "sales", currency)
    outside = account(community, f"world:{provider}", "fees", currency)
    return house, outside
