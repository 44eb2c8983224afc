"""Showing a slip, and deciding about it."""

from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.commerce.actions.notices import accept_payment, accept_refund_news
from paideia.commerce.actions.settling import locked
from paideia.commerce.models import Notice, Order, Refund
from paideia.commerce.providers.news import RefundNews, RefundState
from paideia.commerce.providers.transfer.models import TransferProof
from paideia.commerce.providers.transfer.provider import payment_of
from paideia.commerce.providers.transfer.slips import accept_slip
from paideia.commerce.refusals import NotPermitted
from paideia.ledger.actions import AMOUNT_MAX
from paideia.lib.refusal import Conflict, Invalid, NotFound

State = TransferProof.State
PROOFS_MAX = 10  # of one order


def show_slip(*, viewer: Viewer, order: Order, file: "UploadedFile[Any]", note: str = "") -> TransferProof:
    """Hand in the bank's slip for one's own order; in place of one that still waits. While it waits, the order does
    not expire. Raises Invalid, Conflict, NotFound."""
    kept, media_type = accept_slip(file)  # reading a picture takes a moment: before anything is locked
    with transaction.atomic():
        row = locked(order.pk)
        if row.buyer_id != viewer.user_id or row.provider != "transfer":
            raise NotFound("")
        if not row.may_be_paid and row.state != Order.State.EXPIRED:
            raise Conflict(_("This order is not waiting for a payment."))
        if row.transfer_proofs.count() >= PROOFS_MAX:
            raise Conflict(_("There are many slips for this order already. Write to the team."))
        superseded = row.transfer_proofs.filter(state=State.WAITING)
        superseded.update(
            state=State.DECLINED, decided_at=timezone.now(), reason=_("Replaced by a newer one.")
        )
        proof = TransferProof.objects.create(order=row, file=kept, media_type=media_type, note=note[:300])
        _keep_open(row)
        _record("transfer.shown", proof, viewer)
    return proof


@transaction.atomic
def confirm_transfer(*, viewer: Viewer, proof: TransferProof, received: int) -> Notice:
    """Say that so much money arrived. What follows is as with every provider: another amount than the order's
    settles nothing and waits for the team. Needs money.manage."""
    row = _held(viewer, proof)
    if not 0 < received <= AMOUNT_MAX:
        raise Invalid(_("Write the amount that arrived."))
    row.state, row.received = State.CONFIRMED, received
    row.decided_at, row.decided_by = timezone.now(), viewer.user
    row.save(update_fields=["state", "received", "decided_at", "decided_by"])
    _record(
        "transfer.confirmed",
        row,
        viewer,
        before={"state": State.WAITING},
        after={"state": row.state, "received": received},
    )
    return accept_payment(community=row.order.community, provider="transfer", payment=payment_of(row))


@transaction.atomic
def decline_transfer(*, viewer: Viewer, proof: TransferProof, reason: str) -> TransferProof:
    """Say that this slip shows no payment, and why; the buyer reads it and may show another. Needs
    money.manage."""
    row = _held(viewer, proof)
    if not reason.strip():
        raise Invalid(_("Say why, so that the buyer knows what to do."))
    row.state, row.reason = State.DECLINED, reason.strip()[:300]
    row.decided_at, row.decided_by = timezone.now(), viewer.user
    row.save(update_fields=["state", "reason", "decided_at", "decided_by"])
    _keep_open(row.order)
    change = {"before": {"state": State.WAITING}, "after": {"state": row.state}}
    _record("transfer.declined", row, viewer, reason=row.reason, **change)
    return row


@transaction.atomic
def note_refund_sent(*, viewer: Viewer, refund: Refund) -> Notice:
    """Say that a refund was sent from the bank by hand. Safe to repeat. Needs money.manage."""
    order = refund.order
    if order.community_id != viewer.community.pk or order.provider != "transfer":
        raise NotFound("")
    if not viewer.may("money.manage"):
        raise NotPermitted()
    news = RefundNews(
        message_id=f"refund:{refund.key}",
        state=RefundState.DONE,
        refund_key=refund.key,
        refund_id=f"hand:{refund.pk}",
        order_number=order.number,
        charge_id=refund.stray_charge_id or order.charge_id or "",
        amount=refund.amount,
        currency=refund.currency,
        at=timezone.now(),
        body={"by": viewer.user_id},
    )
    if refund.is_under_way:
        record(
            "transfer.sent_back",
            community=order.community_id,
            actor=viewer.user_id,
            object=refund,
            number=order.number,
            amount=refund.amount,
            currency=refund.currency,
            before={"state": refund.state},
            after={"state": Refund.State.DONE},
        )
    return accept_refund_news(community=order.community, provider="transfer", news=news)


def _held(viewer: Viewer, proof: TransferProof) -> TransferProof:
    """The slip, held with its order, in the order in which everything is held."""
    if proof.order.community_id != viewer.community.pk:
        raise NotFound("")
    if not viewer.may("money.manage"):
        raise NotPermitted()
    order = locked(proof.order_id)
    row = TransferProof.objects.select_for_update(of=("self",)).get(pk=proof.pk)
    row.order = order
    if row.state != State.WAITING:
        raise Conflict(_("Somebody has decided about this already."))
    return row


def _keep_open(order: Order) -> None:
    """Give a waiting order time to be looked at, or to be paid better."""
    if order.may_be_paid:
        order.expires_at = max(order.expires_at, timezone.now() + timedelta(days=7))
        order.save(update_fields=["expires_at"])


def _record(verb: str, proof: TransferProof, viewer: Viewer, **detail: Any) -> None:
    order = proof.order
    record(
        verb,
        community=order.community_id,
        actor=viewer.user_id,
        object=order,
        number=order.number,
        offer=order.title,
        buyer=order.buyer_id,
        amount=order.total if proof.received is None else proof.received,
        currency=order.currency,
        **detail,
    )
