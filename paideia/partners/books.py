"""Where partners' money lies, and every posting of it. docs/ledger.md says the same in a table.

What a person owes (a commission that was paid out before its order was refunded) is no wallet below zero but a claim:
`world:user:<id>`/`debt` stands below zero by exactly what is owed, `house`/`receivable` holds the other end. Whatever
the person earns next pays it first.
"""

from typing import Any

from django.db import transaction

from paideia.commerce.books import HOUSE, OWNERS
from paideia.communities.models import Community
from paideia.ledger.actions import Move, account, post
from paideia.ledger.models import Account
from paideia.partners.models import Payout

Detail = dict[str, Any]


def earnings(community: Community, user_id: int, currency: str) -> Account:
    """What a member can have paid out."""
    return account(community, f"user:{user_id}", "earnings", currency)


def held(community: Community, user_id: int, currency: str) -> Account:
    """Commissions that a refund can still take back."""
    return account(community, f"user:{user_id}", "commission_held", currency)


def on_its_way(community: Community, user_id: int, currency: str) -> Account:
    """What a member asked to be paid out."""
    return account(community, f"user:{user_id}", "payout", currency)


def debt(community: Community, user_id: int, currency: str) -> Account:
    """What a member owes, below zero."""
    return account(community, f"world:user:{user_id}", "debt", currency)


def paid_out(payout: Payout) -> Account:
    return account(payout.community, f"world:{payout.method}", "payouts", payout.currency)


def tax(payout: Payout) -> Account:
    """What the community withheld and owes to the tax office."""
    return account(payout.community, "world:tax", "withheld", payout.currency)


def receivable(community: Community, currency: str) -> Account:
    return account(community, HOUSE, "receivable", currency)


def sales(community: Community, currency: str) -> Account:
    return account(community, HOUSE, "sales", currency)


@transaction.atomic
def from_sales(target: Account, amount: int, key: str, detail: Detail) -> None:
    """Out of the sales. Where they were passed on already, the owners put the rest in, as for refunds."""
    source = sales(target.community, target.currency)
    owners = account(target.community, OWNERS, "advances", target.currency)
    there = _held([source, target, owners])[source.pk]
    moves = [Move(source, target, amount, key, detail)]
    if there < amount:
        moves.insert(0, Move(owners, source, amount - there, f"{key}:advance", {}))
    post(moves)


@transaction.atomic
def sales_to_earnings(
    community: Community, user_id: int, currency: str, amount: int, key: str, detail: Detail
) -> None:
    """Out of the sales into a member's earnings, after what they owe."""
    way = held(community, user_id, currency)
    from_sales(way, amount, f"{key}:held", detail)
    to_earnings(way, user_id, amount, key, detail)


@transaction.atomic
def to_earnings(source: Account, user_id: int, amount: int, key: str, detail: Detail) -> None:
    """Into a member's earnings, after what they owe."""
    community, currency = source.community, source.currency
    owed, claim = debt(community, user_id, currency), receivable(community, currency)
    theirs, house = earnings(community, user_id, currency), sales(community, currency)
    due = -_held([source, owed, claim, theirs, house])[owed.pk]
    paid = min(due, amount)
    moves = []
    if paid:
        moves += [
            Move(source, owed, paid, f"{key}:debt", detail),
            Move(claim, house, paid, f"{key}:recovered", {}),
        ]
    if amount - paid:
        moves.append(Move(source, theirs, amount - paid, key, detail))
    post(moves)


@transaction.atomic
def from_earnings(user_id: int, target: Account, amount: int, key: str, detail: Detail) -> None:
    """Back out of a member's earnings; what is not there any more is owed from now on."""
    community, currency = target.community, target.currency
    theirs, owed = earnings(community, user_id, currency), debt(community, user_id, currency)
    claim = receivable(community, currency)
    there = min(_held([theirs, owed, claim, target])[theirs.pk], amount)
    moves = []
    if there:
        moves.append(Move(theirs, target, there, key, detail))
    if amount - there:
        moves.append(Move(owed, claim, amount - there, f"{key}:debt", detail))
    post(moves)


def move(source: Account, target: Account, amount: int, key: str, detail: Detail) -> None:
    post([Move(source, target, amount, key, detail)])


def give_points(community: Community, user_id: int, points: int, key: str, detail: Detail) -> None:
    source = account(community, "world:points", "issued", "POINTS")
    move(source, account(community, f"user:{user_id}", "wallet", "POINTS"), points, key, detail)


def _held(accounts: list[Account]) -> dict[int, int]:
    """Lock the accounts, in the order of their ids as every posting does, and say what is in them."""
    ids = sorted({one.pk for one in accounts})
    rows = Account.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    return {row.pk: row.balance for row in rows}
