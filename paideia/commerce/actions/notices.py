"""Taking in what a provider says: once a message, with the evidence, whatever comes of it."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.commerce.actions.settling import locked, settle_order
from paideia.commerce.life import advance
from paideia.commerce.models import Notice, Order
from paideia.commerce.providers import Payment
from paideia.commerce.refusals import NothingToSettle, NotPermitted
from paideia.communities.models import Community
from paideia.ledger.actions import AMOUNT_MAX, Move, account, post
from paideia.lib.refusal import NotFound

Outcome = Notice.Outcome
MESSAGE_CHARACTERS_MAX = 160


@transaction.atomic
def accept_payment(*, community: Community, provider: str, payment: Payment) -> Notice:
    """Act on what a provider said for certain. The same message acts once; all of it or nothing.

    Money that settles nothing (another amount, paid twice, an unknown order) is booked as unmatched and its
    notice stays open for the team.
    """
    message = {"provider": provider, "message_id": payment.message_id[:MESSAGE_CHARACTERS_MAX]}
    order = Order.objects.filter(community=community, provider=provider, number=payment.order_number).first()
    try:
        with transaction.atomic():  # whoever takes in the same message waits here for us
            notice = Notice.objects.create(
                community=community, order=order, body=payment.body, outcome=Outcome.NOTED, **message
            )
    except IntegrityError:
        return Notice.objects.get(community=community, **message)
    notice.outcome = _settled(order, payment) if payment.succeeded else _failed(order)
    notice.save(update_fields=["outcome"])
    if notice.outcome in Notice.OPEN_OUTCOMES:
        _book_unmatched(community, provider, payment)
    return notice


@transaction.atomic
def resolve_notice(*, viewer: Viewer, notice: Notice, resolution: str) -> Notice:
    """Say what was done about a payment that settled nothing. Needs money.manage. Safe to repeat."""
    if notice.community_id != viewer.community.pk:
        raise NotFound("")
    if not viewer.may("money.manage"):
        raise NotPermitted()
    row = Notice.objects.select_for_update(of=("self",)).get(pk=notice.pk)
    if row.is_open:
        row.resolved_at, row.resolved_by, row.resolution = timezone.now(), viewer.user, resolution[:300]
        row.save(update_fields=["resolved_at", "resolved_by", "resolution"])
    return row


def _settled(order: Order | None, payment: Payment) -> str:
    if order is None:
        return Outcome.UNKNOWN_ORDER
    if locked(order.pk).charge_id == payment.charge_id:
        return Outcome.REPEATED
    try:
        settle_order(
            order.pk,
            charge_id=payment.charge_id,
            amount=payment.amount,
            currency=payment.currency,
            paid_at=payment.at,
        )
    except NothingToSettle as reason:
        return reason.outcome
    return Outcome.SETTLED


def _failed(order: Order | None) -> str:
    """A failed attempt closes an order that waits; one that was paid or expired stays as it is."""
    if order is not None and (row := locked(order.pk)).may_be_paid:
        advance(row, Order.State.FAILED)
        record("order.failed", community=row.community_id, actor=row.buyer_id, object=row, number=row.number)
    return Outcome.NOTED


def _book_unmatched(community: Community, provider: str, payment: Payment) -> None:
    """The money is here, whatever it was for: it waits in an account of its own until somebody decides."""
    if not 0 < payment.amount <= AMOUNT_MAX:
        return
    source = account(community, f"world:{provider}", "charges", payment.currency)
    target = account(community, "house", "unmatched", payment.currency)
    key = f"charge:{provider}:{payment.charge_id}:unmatched"[:120]
    detail = {"order": payment.order_number, "charge": payment.charge_id}
    post([Move(source, target, payment.amount, key, detail, payment.at)])
