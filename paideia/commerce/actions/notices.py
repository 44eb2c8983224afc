"""Taking in what a provider says: once a message, with the evidence, whatever comes of it."""

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.commerce.actions import disputes, foreign
from paideia.commerce.actions.sending import take_answer
from paideia.commerce.actions.settling import locked, settle_order
from paideia.commerce.actions.strays import SENT_BACK, book_unmatched, is_stray, resolve, send_back
from paideia.commerce.life import advance
from paideia.commerce.models import Notice, Order
from paideia.commerce.providers import (
    DisputeNews,
    News,
    Nothing,
    Payment,
    RefundAnswer,
    RefundNews,
    RefundState,
)
from paideia.commerce.refusals import NothingToSettle, NotPermitted
from paideia.communities.models import Community
from paideia.ledger.actions import AMOUNT_MAX
from paideia.lib.refusal import NotFound

Outcome = Notice.Outcome
MESSAGE_CHARACTERS_MAX = 160
KEPT_APART = (Outcome.MISMATCHED, Outcome.PAID_TWICE, Outcome.UNKNOWN_ORDER, Outcome.TOO_LATE, Outcome.GONE)


def accept(*, community: Community, provider: str, said: News) -> Notice | None:
    """Act on what a provider said for certain, whatever it is about. None: it asks for nothing."""
    if isinstance(said, Nothing):
        return None
    if isinstance(said, Payment):
        return accept_payment(community=community, provider=provider, payment=said)
    if isinstance(said, RefundNews):
        return accept_refund_news(community=community, provider=provider, news=said)
    return accept_dispute_news(community=community, provider=provider, news=said)


def accept_payment(*, community: Community, provider: str, payment: Payment) -> Notice:
    """Act on what became of a payment. The same message acts once; all of it or nothing.

    Money that settles nothing is booked as unmatched. Where its order was paid already or can no longer be given,
    it is sent back by itself, and so is another amount once the right one has come; else (another amount, an
    unknown order) its notice stays open for the team.
    """

    def act(notice: Notice) -> str:
        order = notice.order
        if not payment.succeeded:
            return _failed(order)
        outcome = _settled(order, payment)
        if order is not None and outcome == Outcome.SETTLED:
            _return_earlier(order)
        if outcome in KEPT_APART and not book_unmatched(community, provider, payment):
            return Outcome.REPEATED if payment.amount > 0 else outcome
        notice.outcome = outcome
        if order is not None and outcome in SENT_BACK and send_back(locked(order.pk), notice) is not None:
            resolve(notice, None, _("Sent back to the buyer by itself."))
        return outcome

    return _once(community, provider, payment, act)


def accept_refund_news(*, community: Community, provider: str, news: RefundNews) -> Notice:
    """Act on a refund that arrived or failed: one of ours, or one that was made on the provider's own pages."""

    def act(notice: Notice) -> str:
        refund = foreign.refund_told(community, provider, notice.order, news)
        if refund is None:
            return foreign.take_in(notice.order, news)
        answer = RefundAnswer(news.state, news.refund_id, news.message)
        before = refund.state
        after = take_answer(refund.pk, answer).state
        if before == after:
            return Outcome.NOTED if news.state == RefundState.PENDING else Outcome.REPEATED
        # The failure has a notice of its own, which stays open.
        return Outcome.REFUNDED if after == refund.State.DONE else Outcome.NOTED

    return _once(community, provider, news, act)


def accept_dispute_news(*, community: Community, provider: str, news: DisputeNews) -> Notice:
    """Act on a bank that takes money back, or has decided about it."""
    return _once(community, provider, news, lambda notice: disputes.take_in(notice.order, news))


@transaction.atomic
def resolve_notice(*, viewer: Viewer, notice: Notice, resolution: str) -> Notice:
    """Say what was done about a payment that settled nothing. Needs money.manage. Safe to repeat."""
    if notice.community_id != viewer.community.pk:
        raise NotFound("")
    if not viewer.may("money.manage"):
        raise NotPermitted()
    row = Notice.objects.select_for_update(of=("self",)).get(pk=notice.pk)
    if row.is_open:
        resolve(row, viewer.user, resolution)
    return row


@transaction.atomic
def _once(
    community: Community,
    provider: str,
    said: Payment | RefundNews | DisputeNews,
    act: Callable[[Notice], str],
) -> Notice:
    """Write the notice and act on it in one transaction; for a message that is known, give its notice back."""
    message = {"provider": provider, "message_id": said.message_id[:MESSAGE_CHARACTERS_MAX]}
    try:
        with transaction.atomic():  # whoever takes in the same message waits here for us
            notice = Notice.objects.create(
                community=community,
                order=_order_told(community, provider, said),
                outcome=Outcome.NOTED,
                body=said.body,
                **message,
                **_understood(said),
            )
    except IntegrityError:
        return Notice.objects.get(community=community, **message)
    notice.outcome = act(notice)
    notice.save(update_fields=["outcome"])
    return notice


def _understood(said: Payment | RefundNews | DisputeNews) -> dict[str, Any]:
    amount = said.amount if 0 <= said.amount <= AMOUNT_MAX else None
    return {"charge_id": said.charge_id[:120], "amount": amount, "currency": said.currency[:3]}


def _order_told(
    community: Community, provider: str, said: Payment | RefundNews | DisputeNews
) -> Order | None:
    orders = Order.objects.filter(community=community, provider=provider)
    if said.order_number:
        return orders.filter(number=said.order_number).first()
    return orders.filter(charge_id=said.charge_id).first() if said.charge_id else None


def _settled(order: Order | None, payment: Payment) -> str:
    if order is None:
        return Outcome.UNKNOWN_ORDER
    if locked(order.pk, with_offer=True).charge_id == payment.charge_id:
        return Outcome.REPEATED
    try:
        settle_order(
            order.pk,
            charge_id=payment.charge_id,
            amount=payment.amount,
            currency=payment.currency,
            paid_at=payment.at,
            mandate_id=payment.mandate_id,
        )
    except NothingToSettle as reason:
        return reason.outcome
    return Outcome.SETTLED


def _return_earlier(order: Order) -> None:
    """Who paid another amount first and then the right one has the first back."""
    before = Notice.objects.filter(order=order, outcome=Outcome.MISMATCHED, resolved_at=None)
    for notice in before.select_for_update(of=("self",)).order_by("pk"):
        if is_stray(notice.provider, notice.charge_id) and send_back(order, notice) is not None:
            resolve(notice, None, _("Sent back to the buyer by itself."))


def _failed(order: Order | None) -> str:
    """A failed attempt closes an order that waits; one that was paid or expired stays as it is."""
    if order is not None and (row := locked(order.pk)).may_be_paid:
        advance(row, Order.State.FAILED)
        record("order.failed", community=row.community_id, actor=row.buyer_id, object=row, number=row.number)
    return Outcome.NOTED
