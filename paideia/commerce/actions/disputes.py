"""Disputes: a buyer's bank takes a payment back. Until it has decided, the money and what it bought rest."""

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.activity.actions import record
from paideia.commerce import books
from paideia.commerce.actions.settling import locked
from paideia.commerce.actions.strays import is_stray, must_be_known, resolve
from paideia.commerce.deliveries import exchanging, resting
from paideia.commerce.life import advance, may_become
from paideia.commerce.models import Dispute, Notice, Order, Refund
from paideia.commerce.providers import DisputeNews, DisputeState
from paideia.commerce.quoting.unused import taken_in_payment
from paideia.commerce.refunding import state_of_money

State = Dispute.State
Outcome = Notice.Outcome


@transaction.atomic
def take_in(order: Order | None, news: DisputeNews) -> str:
    """Act on a dispute that was opened, won or lost, in whichever order that is told. Returns the outcome that the
    notice says; DISPUTED where somebody of the team has to look. Raises TooSoon."""
    if order is None:
        return Outcome.DISPUTED
    row = locked(order.pk)
    known = Dispute.objects.filter(order=row, dispute_id=news.dispute_id[:120]).first()
    if known is None:
        return _begin(row, news)
    if known.state != State.OPEN or news.state == DisputeState.OPENED:
        return Outcome.REPEATED
    return _close(row, known, news)


def _begin(order: Order, news: DisputeNews) -> str:
    must_be_known(order, news.charge_id, news.at)
    is_other = news.charge_id not in {"", order.charge_id}  # paid besides, and sent back
    if order.paid_at is None:  # its payment may still be told
        is_other = is_stray(order.provider, news.charge_id)
    wrong = is_other or news.currency != order.currency or news.amount <= 0
    if not wrong and order.state == Order.State.REFUNDED:
        # All of it is on its way back: the bank gets what it claims should a refund fail (actions.claims).
        is_over = news.state != DisputeState.OPENED
        known = _write(order, news, 0, state=_state(news), closed_at=news.at if is_over else None)
        _bear_the_rest(order, known)
        return Outcome.DISPUTED
    if not wrong and news.state == DisputeState.WON:
        _write(order, news, 0, state=State.WON, closed_at=news.at)  # it is over before we heard of it
        return Outcome.DISPUTE_CLOSED
    if wrong or not may_become(order, Order.State.DISPUTED):
        return Outcome.DISPUTED  # about nothing that is held here: the team answers the bank
    dispute = _open(order, news)
    return Outcome.DISPUTED if news.state == DisputeState.OPENED else _close(order, dispute, news)


def _open(order: Order, news: DisputeNews) -> Dispute:
    amount = min(news.amount, order.value - order.refunded)
    dispute = _write(order, news, amount)
    now = timezone.now()
    because = _("The payment is disputed.")
    own = max(order.value - order.refunded - taken_in_payment(order), 0)  # the rest is in a change of plan
    dispute.taken = [
        *resting.take(order, access=Refund.Access.REVOKED, share=(1, 1), because=because, at=now),
        *exchanging.claim(order, amount - own, because, now),
    ]
    dispute.save(update_fields=["taken"])
    key, detail = f"dispute:{dispute.pk}:opened", _detail(order, dispute)
    books.take_from_income(order, books.disputed(order), amount, key, detail, must=True)
    advance(order, Order.State.DISPUTED)
    record(
        "order.disputed",
        community=order.community_id,
        object=order,
        buyer=order.buyer_id,
        number=order.number,
        offer=order.title,
        amount=amount,
        currency=order.currency,
        reason=dispute.reason,
        dispute=dispute.pk,
    )
    return dispute


def _write(order: Order, news: DisputeNews, amount: int, **fields: object) -> Dispute:
    return Dispute.objects.create(
        order=order,
        dispute_id=news.dispute_id[:120],
        claimed=news.amount,
        amount=amount,
        currency=order.currency,
        reason=news.reason[:120],
        state_before=order.state,
        opened_at=news.at,
        **fields,
    )


def _state(news: DisputeNews) -> str:
    return {DisputeState.OPENED: State.OPEN, DisputeState.WON: State.WON, DisputeState.LOST: State.LOST}[
        news.state
    ]


def _close(order: Order, dispute: Dispute, news: DisputeNews) -> str:
    """Won: the money is back where it was earned, and what rested is given for the time that was left. Lost: the
    money is gone, and what it bought stays taken, whatever part of the price it was."""
    is_won = news.state == DisputeState.WON
    dispute.state, dispute.closed_at = _state(news), timezone.now()
    dispute.save(update_fields=["state", "closed_at"])
    _bear_the_rest(order, dispute)
    if not dispute.amount:  # all was on its way back to the buyer
        _resolve_notices(order)
        return Outcome.DISPUTE_CLOSED
    held, detail = books.disputed(order), _detail(order, dispute)
    if is_won:
        key, taken_by = f"dispute:{dispute.pk}:won", f"dispute:{dispute.pk}"
        books.put_back(order, held, dispute.amount, key, detail, taken_by=taken_by)
    else:
        outside = books.charges_of(order, order.currency)
        books.move(held, outside, dispute.amount, f"dispute:{dispute.pk}:lost", detail)
        order.refunded += dispute.amount
    advance(order, state_of_money(order), refunded=order.refunded)
    if is_won:
        resting.give_again(order, dispute.taken, key=f"dispute:{dispute.pk}:again")
    _resolve_notices(order)
    record(
        "dispute.closed",
        community=order.community_id,
        object=order,
        buyer=order.buyer_id,
        number=order.number,
        offer=order.title,
        amount=dispute.amount,
        currency=order.currency,
        won=is_won,
        dispute=dispute.pk,
    )
    return Outcome.DISPUTE_CLOSED


def _bear_the_rest(order: Order, dispute: Dispute) -> None:
    """What a bank has taken for good although the buyer was given it back as credit: the owners bear it."""
    if dispute.state != State.LOST:
        return
    sent = Refund.objects.filter(order=order, stray_charge_id="").exclude(state=Refund.State.FAILED)
    there = order.total - (sent.aggregate(sum=Sum("amount"))["sum"] or 0)
    if (beyond := min(dispute.claimed, there) - dispute.amount) > 0:
        books.bear(order, beyond, f"dispute:{dispute.pk}:beyond", _detail(order, dispute))


def _resolve_notices(order: Order) -> None:
    for notice in Notice.objects.filter(order=order, outcome=Outcome.DISPUTED, resolved_at=None):
        resolve(notice, None, _("The bank has decided."))


def _detail(order: Order, dispute: Dispute) -> dict[str, str]:
    return {"order": order.number, "dispute": dispute.dispute_id}
