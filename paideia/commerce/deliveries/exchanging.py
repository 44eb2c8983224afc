"""What a change of plan took in payment of the order before, and how that comes back.

The change is refunded or disputed: the time that it took is its holder's again. That is undone: it is taken again,
as far as it was not used meanwhile. The payment of the order before is disputed: what of it went into the change rests
with it. All is reckoned in shares of time and of minor units, so that nobody ends with more, or less, than what was
paid and not given back is worth (docs/orders.md).
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from paideia.access.actions import revoke, shorten
from paideia.access.models import Grant
from paideia.commerce.deliveries import resting
from paideia.commerce.models import Exchange, Order, Refund
from paideia.commerce.quoting.unused import brought_in, length_of, taken_in_payment, worth_of

NOTHING, MICROSECOND = timedelta(0), timedelta(microseconds=1)


def take_in(order: Order, before: Order) -> None:
    """End what was left of the order that this one replaces, for a caller who holds the buyer."""
    assert order.paid_at is not None
    amount = brought_in(order)
    Exchange.objects.create(order=order, taken=_cut(before, order.paid_at), whole=amount, amount=amount)


def standing(order: Order) -> Exchange | None:
    """What this order took and did not give back."""
    return Exchange.objects.select_for_update().filter(order=order, returned_at=None).first()


def give_back(order: Order, at: datetime) -> None:
    """Return what this order took, for the time that was left of it then."""
    exchange = standing(order)
    if exchange is None or order.replaces is None:
        return
    exchange.returned_at, exchange.returns = at, exchange.returns + 1
    key = f"change:{order.pk}:back:{exchange.returns}"
    given = resting.give_grants_again(order.replaces, _part(exchange, exchange.amount), key=key, at=at)
    exchange.returned = [_noted(one, one.starts_at) for one in given]
    exchange.save()


def take_again(order: Order, taken: resting.Taken, at: datetime) -> resting.Taken:
    """What is to be given of this order again, now that it counts after all. Where it had returned what it took, that
    is taken again, and what was used of it meanwhile comes off the end."""
    returned = {one["returned"] for one in taken if "returned" in one}
    exchange = Exchange.objects.select_for_update().filter(order=order, pk__in=returned).first()
    grants = [one for one in taken if "grant" in one]
    if exchange is None or exchange.returned_at is None or order.replaces is None:
        return grants
    worth = worth_of(order) + exchange.amount
    kept = _kept(exchange, order.replaces, at)
    lost = exchange.amount - kept
    exchange.taken = _cut(order.replaces, at)
    exchange.amount = exchange.whole = kept
    exchange.returned_at, exchange.returned = None, []
    exchange.save()
    return _less(order, grants, lost, worth, at) if lost else grants


def claim(order: Order, amount: int, because: str, at: datetime) -> resting.Taken:
    """Take off the order that replaced this one, and off those that replaced that, so much as was paid with it."""
    after = (
        Order.objects.select_related("replaces").filter(replaces=order, exchange__returned_at=None).first()
    )
    exchange = standing(after) if after is not None else None
    if after is None or exchange is None or min(amount, exchange.amount) <= 0:
        return []
    amount = min(amount, exchange.amount)
    own, worth, more = worth_of(after) - taken_in_payment(after), worth_of(after), []
    if own < worth:  # its time went into another
        taken, more = [], claim(after, amount - own, because, at)
    else:
        share = (amount, worth)
        taken = resting.take(after, access=Refund.Access.SHORTENED, share=share, because=because, at=at)
    exchange.amount -= amount
    exchange.save(update_fields=["amount"])
    return [{"lowered": amount, "exchange": exchange.pk, "taken": taken}, *more]


def unclaim(claimed: dict[str, Any], key: str, at: datetime) -> None:
    """Give again what was claimed: to the change, or, where that returned what it took, to who has it now."""
    rows = Exchange.objects.select_for_update(of=("self",)).select_related("order__replaces")
    exchange = rows.get(pk=claimed["exchange"])
    order, before, amount = exchange.order, exchange.order.replaces, claimed["lowered"]
    exchange.amount += amount
    exchange.whole = max(exchange.whole, exchange.amount)
    key = f"{key}:{exchange.pk}"
    if exchange.returned_at is None:
        resting.give_grants_again(order, claimed["taken"], key=key, at=at)
    elif before is not None:
        given = resting.give_grants_again(before, _part(exchange, amount), key=key, at=at)
        exchange.returned += [_noted(one, one.starts_at) for one in given]
    exchange.save()


def _cut(before: Order, at: datetime) -> resting.Taken:
    """What was taken in payment ends. Returns what was left of it."""
    taken, because = [], _("Changed to another plan.")
    for given in Grant.objects.filter(source=f"order:{before.pk}", revoked_at=None).order_by(
        "starts_at", "pk"
    ):
        if given.starts_at >= at:
            taken.append(_noted(given, given.starts_at))
            revoke(grant=given, because=because)
        elif given.ends_at is None or given.ends_at > at:
            taken.append(_noted(given, at))
            shorten(grant=given, ends_at=at, because=because)
    return taken


def _noted(given: Grant, since: datetime) -> dict[str, Any]:
    until = given.ends_at.isoformat() if given.ends_at else None
    return {"grant": given.pk, "from": since.isoformat(), "until": until}


def _part(exchange: Exchange, amount: int) -> resting.Taken:
    """So much of what was taken as this amount of it is worth; what is for good is not divided."""
    if not exchange.whole:
        return list(exchange.taken)
    if not amount:
        return []
    found = []
    for one in exchange.taken:
        since, length = datetime.fromisoformat(one["from"]), _length(one)
        until = None if length is None else (since + length * amount // exchange.whole).isoformat()
        found.append({**one, "until": until})
    return found


def _kept(exchange: Exchange, before: Order, at: datetime) -> int:
    """What of the returned time is still to come, in minor units."""
    given = [_length(one) for one in exchange.returned]
    grants = Grant.objects.filter(source=f"order:{before.pk}", revoked_at=None)
    still = [
        None if one.ends_at is None else max(one.ends_at - max(one.starts_at, at), NOTHING) for one in grants
    ]
    if None in given:
        return exchange.amount if None in still else 0
    whole = sum((one for one in given if one is not None), NOTHING)
    left = min(sum((one for one in still if one is not None), NOTHING), whole)
    return exchange.amount * (left // MICROSECOND) // (whole // MICROSECOND) if whole else 0


def _less(order: Order, taken: resting.Taken, lost: int, worth: int, at: datetime) -> resting.Taken:
    """The grants that are to be given again, less what is lost: that share of all the time that the order gave."""
    grants = {one.pk: one for one in Grant.objects.filter(source=f"order:{order.pk}")}
    whole: dict[int, timedelta] = defaultdict(timedelta)
    for one in grants.values():
        whole[one.plan_id] += NOTHING if one.ends_at is None and one.revoked_at is None else length_of(one)
    for entry in taken:
        whole[grants[entry["grant"]].plan_id] += _length(entry) or NOTHING
    off = {plan: length * lost // worth for plan, length in whole.items()}
    found = []
    for entry in reversed(taken):
        plan, length = grants[entry["grant"]].plan_id, _length(entry)
        if length is not None:
            less = min(off[plan], max(length, NOTHING))
            off[plan] -= less
            entry = {**entry, "until": (datetime.fromisoformat(entry["until"]) - less).isoformat()}
        found.append(entry)
    return found[::-1]


def _length(taken: dict[str, Any]) -> timedelta | None:
    """How long it was to come; None: for good."""
    if taken["until"] is None:
        return None
    return datetime.fromisoformat(taken["until"]) - datetime.fromisoformat(taken["from"])
