"""What the bank does with what was paid, and the team: payments, refunds, disputes."""

from paideia.commerce import actions as shop
from paideia.commerce.actions.sending import refunds_due
from paideia.commerce.models import (
    Notice,
    Refund,
)
from tests.concurrency.deeds.register import NEWEST, deed, newest, of, orders, paid, tell
from tests.concurrency.town import Town


@deed(10)
def pay(town: Town, a: int, b: int, c: int) -> object:
    """Somebody pays on a page that they have open, perhaps too late, too little, or again."""
    order = newest(orders(town).filter(total__gt=0), a)
    if order is None:
        return None
    said = paid(town, order, short=c % 9 == 0, early=of([0, 0, 0, 600, 7200], b))
    tell(town, said, c % 3)
    return said


@deed(6)
def come_back(town: Town, a: int, b: int, c: int) -> object:
    """The buyer is back from the bank's page: the shop asks."""
    order = newest(orders(town), a)
    said = town.bank.query(order) if order is not None else None
    tell(town, said)
    return said


@deed(6)
def hear_again(town: Town, a: int, b: int, c: int) -> object:
    """The bank says once more what it said before, or what nobody listened to."""
    told = list(town.bank.told)
    if told:
        tell(town, told[-1 - a % min(len(told), 4 + b % 20)])
    return None


@deed(2)
def fail(town: Town, a: int, b: int, c: int) -> object:
    order = newest(orders(town), a)
    tell(town, town.bank.decline(order) if order is not None else None)
    return None


@deed(8)
def refund(town: Town, a: int, b: int, c: int) -> object:
    order = newest(orders(town).filter(paid_at__isnull=False), a)
    if order is None:
        return None
    amount = of([None, None, max(order.total // 3, 1), max(order.total // 2, 1), 0], c)
    credit = of([None, 0, max(order.value // 4, 1)], b)
    access = of(["", "", "", "kept", "revoked"], b)
    return shop.refund_order(
        viewer=town.team, order=order, reason="asked", amount=amount, credit=credit, access=access
    )


@deed(2)
def look_at_refund(town: Town, a: int, b: int, c: int) -> object:
    order = newest(orders(town).filter(paid_at__isnull=False), a)
    if order is None:
        return None
    amount = None if c % 2 else max(order.total // 3, 1)
    return shop.preview_refund(viewer=town.team, order=order, amount=amount, credit=None, access="")


@deed(6)
def send(town: Town, a: int, b: int, c: int) -> object:
    under_way = Refund.objects.filter(order__community=town.community, state__in=["agreed", "sent"])
    row = newest(under_way, a)
    return shop.send_refund(row.pk) if row is not None else None


@deed(3)
def send_all(town: Town, a: int, b: int, c: int) -> object:
    return [shop.send_refund(pk) for pk in refunds_due()]


@deed(4)
def bank_finishes(town: Town, a: int, b: int, c: int) -> object:
    tell(town, town.bank.finish(a, fails=c % 3 == 0), 1 + b % 2)
    return None


@deed(3)
def bank_refunds(town: Town, a: int, b: int, c: int) -> object:
    """Somebody refunds on the bank's own pages."""
    charges = list(town.bank.charges.values())[-NEWEST:]
    if charges:
        charge = of(charges, a)
        tell(town, town.bank.send_unasked(charge, charge.amount if c % 2 else 1 + c % 700), 1 + b % 2)
    return None


@deed(4)
def dispute(town: Town, a: int, b: int, c: int) -> object:
    charges = list(town.bank.charges.values())[-NEWEST:]
    tell(town, town.bank.dispute(of(charges, a)) if charges else None, 1 + b % 2)
    return None


@deed(4)
def decide(town: Town, a: int, b: int, c: int) -> object:
    tell(town, town.bank.decide(a, won=c % 2 == 0), 1 + b % 2)
    return None


@deed(3)
def return_stray(town: Town, a: int, b: int, c: int) -> object:
    notice = newest(Notice.objects.filter(community=town.community, order__isnull=False), a)
    if notice is None:
        return None
    if c % 4 == 0:
        return shop.resolve_notice(viewer=town.team, notice=notice, resolution="seen")
    return shop.return_stray(viewer=town.team, notice=notice)
