"""What workers do by themselves, and what the team does with what partners have."""

from contextlib import suppress

from paideia.books.actions import upload_statement
from paideia.commerce import actions as shop
from paideia.commerce.actions.asking import ask_about_waiting
from paideia.commerce.actions.cards import expire_cards
from paideia.commerce.actions.groups import finish_group, groups_to_finish
from paideia.commerce.actions.invoices import write_invoices
from paideia.commerce.actions.reminding import remind
from paideia.commerce.actions.renewing import end_cancelled, renew, subscriptions_due
from paideia.partners.actions import (
    Destination,
    approve_payout,
    ask_for_payout,
    give_rewards,
    pay_payout,
    reckon_commissions,
    refuse_payout,
    release_commissions,
)
from paideia.partners.actions.shares import run_due_shares
from paideia.partners.models import Payout
from paideia.partners.refusals import NotNow
from tests.concurrency.deeds.register import deed, newest, of, orders
from tests.concurrency.town import Town


@deed(6)
def renew_due(town: Town, a: int, b: int, c: int) -> object:
    return [renew(pk) for pk in subscriptions_due()], end_cancelled()


@deed(3)
def let_expire(town: Town, a: int, b: int, c: int) -> object:
    return shop.expire_orders(), expire_cards()


@deed(2)
def ask(town: Town, a: int, b: int, c: int) -> object:
    return ask_about_waiting()


@deed(4)
def finish_groups(town: Town, a: int, b: int, c: int) -> object:
    for pk in groups_to_finish():
        finish_group(pk)
    return None


@deed(5)
def ask_for_money(town: Town, a: int, b: int, c: int) -> object:
    to = Destination(of(["alipay", "bank"], a), "Name", "someone@example.org")
    viewer = town.viewer(of(town.people[:3], b))
    return ask_for_payout(viewer=viewer, amount=of([100, 500, 1500], c), currency="CNY", to=to)


@deed(5)
def decide_payout(town: Town, a: int, b: int, c: int) -> object:
    row = newest(Payout.objects.filter(community=town.community), a, 3)
    if row is None:
        return None
    if c % 3 == 0:
        return refuse_payout(viewer=town.team, payout=row, reason="no")
    with suppress(NotNow):  # it was approved before
        approve_payout(viewer=town.team, payout=row)
    return pay_payout(viewer=town.team, payout=row, reference=f"r{row.pk}")


@deed(5)
def pass_on(town: Town, a: int, b: int, c: int) -> object:
    """Commissions whose hold is over, points that are due, and the author's month."""
    return release_commissions(), give_rewards(), run_due_shares() if c % 3 == 0 else 0


@deed(6)
def reckon(town: Town, a: int, b: int, c: int) -> object:
    order = newest(orders(town).filter(paid_at__isnull=False), a)
    return (reckon_commissions(order.pk), write_invoices(order.pk)) if order is not None else None


@deed(2)
def say_what_ends(town: Town, a: int, b: int, c: int) -> object:
    return remind(town.community)


@deed(3)
def read_statement(town: Town, a: int, b: int, c: int) -> object:
    """The bank's statement of what was charged lately, with what it kept."""
    charges = list(town.bank.charges.values())[-1 - a % 6 :]
    if not charges:
        return None
    rows = ["kind,line_id,charge_id,order_number,amount,currency,fee,at"]
    for one in charges:
        amount, fee = (
            _plain(one.amount, one.about["currency"]),
            _plain(one.amount // 100, one.about["currency"]),
        )
        at = one.about["at"].isoformat()
        words = (
            one.charge_id,
            one.charge_id,
            one.about["order_number"],
            amount,
            one.about["currency"],
            fee,
            at,
        )
        rows.append(f"charge,{','.join(words)}")
    content = "\n".join([*rows, f"end,{len(charges)}", ""]).encode()
    return upload_statement(viewer=town.team, provider="bank", name="day.csv", content=content)


def _plain(amount: int, currency: str) -> str:
    return str(amount) if currency == "JPY" else f"{amount // 100}.{amount % 100:02}"
