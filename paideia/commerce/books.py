"""Where the money of an order lies while it goes back: every posting of refunds and disputes."""

from typing import Any

from django.db import transaction

from paideia.commerce.deliveries import delivery_of
from paideia.commerce.models import Order
from paideia.ledger.actions import Move, Overdrawn, account, post
from paideia.ledger.models import Account

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
    source = income_of(order)
    try:
        move(source, target, amount, key, detail)
    except Overdrawn:
        if source.owner != HOUSE and not must:
            raise
        _top_up(source, target, amount, key, detail)


def _top_up(source: Account, target: Account, amount: int, key: str, detail: dict[str, Any]) -> None:
    owners = account(source.community, OWNERS, "advances", source.currency)
    ids = sorted({source.pk, target.pk, owners.pk})
    held = Account.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    there = {one.pk: one.balance for one in held}[source.pk]
    post(
        [
            Move(owners, source, amount - there, f"{key}:advance", detail),
            Move(source, target, amount, key, detail),
        ]
    )
