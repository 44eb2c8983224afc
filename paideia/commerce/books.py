"""Where the money of an order lies while it goes back: every posting of refunds and disputes."""

from typing import Any

from django.db import transaction
from django.db.models import Sum

from paideia.commerce.deliveries import delivery_of
from paideia.commerce.models import Order
from paideia.ledger.actions import Move, account, post
from paideia.ledger.models import Account, Transfer

HOUSE = "house"
OWNERS = "world:owners"  # who runs the community: their own pocket


def income_of(order: Order) -> Account:
    """Where the price of the order went."""
    return account(order.community, *delivery_of(order).account_name(order), order.currency)


def on_its_way(order: Order, currency: str) -> Account:
    """What was agreed to go back to the buyer and is not yet there."""
    return account(order.community, f"order:{order.pk}", "refunds", currency)


def disputed(order: Order) -> Account:
    """What the buyer's bank took and has not decided about."""
    return account(order.community, f"order:{order.pk}", "disputed", order.currency)


def charges_of(order: Order, currency: str) -> Account:
    return account(order.community, f"world:{order.provider}", "charges", currency)


def unmatched(order: Order, currency: str) -> Account:
    return account(order.community, HOUSE, "unmatched", currency)


def credit_of_buyer(order: Order) -> Account:
    return account(order.community, f"user:{order.buyer_id}", "credit", order.currency)


def move(source: Account, target: Account, amount: int, key: str, detail: dict[str, Any]) -> None:
    post([Move(source, target, amount, key, detail)])


@transaction.atomic
def take_from_income(
    order: Order, target: Account, amount: int, key: str, detail: dict[str, Any], *, must: bool = False
) -> None:
    """Take back what the order earned. Sales that were passed on already (to authors, to the bank) do not stop a
    refund: the owners then put the rest in. Anything else that was spent meanwhile, a gift card say, raises
    Overdrawn, unless it `must` be, because a bank has taken the money in any case."""
    source, owners = income_of(order), account(order.community, OWNERS, "advances", order.currency)
    there = hold(order)[source.pk]
    moves = [Move(source, target, amount, key, detail)]
    if there < amount and (source.owner == HOUSE or must):
        moves.insert(0, Move(owners, source, amount - there, f"{key}:advance", detail))
    post(moves)


@transaction.atomic
def put_back(
    order: Order, source: Account, amount: int, key: str, detail: dict[str, Any], *, taken_by: str
) -> None:
    """Undo `take_from_income`: the money is where the price went, and what the owners had put in is theirs again.
    `taken_by` is what took it, as its keys begin: "dispute:3"."""
    target, owners = income_of(order), account(order.community, OWNERS, "advances", order.currency)
    hold(order)
    put_in = Transfer.objects.filter(source=owners, key__startswith=f"{taken_by}:", key__endswith=":advance")
    theirs = put_in.aggregate(sum=Sum("amount"))["sum"]
    moves = [Move(source, target, amount, key, detail)]
    if theirs:
        moves.append(Move(target, owners, min(theirs, amount), f"{key}:repaid", detail))
    post(moves)


@transaction.atomic
def bear(order: Order, amount: int, key: str, detail: dict[str, Any]) -> None:
    """Let the owners pay what is gone outside and was nobody's income any more."""
    owners = account(order.community, OWNERS, "advances", order.currency)
    hold(order)
    move(owners, charges_of(order, order.currency), amount, key, detail)


def hold(order: Order) -> dict[int, int]:
    """Hold the accounts that the money of this order shares with that of others, in the order in which all postings
    hold them: who posts several times in one transaction holds them first. Returns what is in each, by its id."""
    shared = [income_of(order), account(order.community, OWNERS, "advances", order.currency)]
    if order.total:
        shared.append(charges_of(order, order.currency))
    rows = Account.objects.select_for_update(no_key=True).filter(pk__in=[one.pk for one in shared])
    return {row.pk: row.balance for row in rows.order_by("pk")}
