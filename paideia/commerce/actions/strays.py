"""Money that settled nothing: kept apart, and sent back where it can be."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.commerce import books
from paideia.commerce.actions.refunds import FIRST_LOOK
from paideia.commerce.actions.settling import locked
from paideia.commerce.models import Notice, Order, Refund
from paideia.commerce.providers import Capability, Payment, provider_of
from paideia.commerce.refusals import NotPermitted, TooSoon, WrongRefund
from paideia.commerce.soon import send_refund_soon
from paideia.communities.models import Community
from paideia.ledger.actions import AMOUNT_MAX, Move, account, post
from paideia.ledger.models import Transfer
from paideia.lib.refusal import NotFound

Outcome = Notice.Outcome
SENT_BACK = (Outcome.PAID_TWICE, Outcome.TOO_LATE, Outcome.GONE)  # by rule, without asking anybody
SOON = timedelta(days=1)
CAN_BE_SENT_BACK = (*SENT_BACK, Outcome.MISMATCHED)


def book_unmatched(community: Community, provider: str, payment: Payment) -> bool:
    """Keep money that settled nothing in an account of its own. False where this charge lies there already, or is
    no amount."""
    if not 0 < payment.amount <= AMOUNT_MAX or is_stray(provider, payment.charge_id):
        return False
    source = account(community, f"world:{provider}", "charges", payment.currency)
    target = account(community, "house", "unmatched", payment.currency)
    detail = {"order": payment.order_number, "charge": payment.charge_id}
    key = _key(provider, payment.charge_id)
    post([Move(source, target, payment.amount, key, detail, payment.at)])
    return True


def is_stray(provider: str, charge_id: str) -> bool:
    """Whether this charge came and settled nothing."""
    return Transfer.objects.filter(key=_key(provider, charge_id)).exists()


def can_be_sent_back(notices: Iterable[Notice]) -> set[int]:
    """Those of the notices, by id, that are about a payment of a known order whose money is kept as unmatched; a refund
    that fits nothing is no such payment."""
    asked = [one for one in notices if one.order_id is not None and one.outcome in CAN_BE_SENT_BACK]
    keys = {_key(one.provider, one.charge_id): one.amount for one in asked}
    kept = set(Transfer.objects.filter(key__in=keys).values_list("key", "amount"))
    return {one.pk for one in asked if (_key(one.provider, one.charge_id), one.amount) in kept}


def must_be_known(order: Order, charge_id: str, at: datetime) -> None:
    """Raise TooSoon for news about an order whose payment has not been told: it may have overtaken it. After a day
    it has not, and somebody has to look."""
    if order.paid_at is None and not is_stray(order.provider, charge_id) and timezone.now() - at < SOON:
        raise TooSoon()


def _key(provider: str, charge_id: str) -> str:
    return f"charge:{provider}:{charge_id}:unmatched"[:120]


def send_back(order: Order, notice: Notice, *, by: User | None = None) -> Refund | None:
    """Agree to return the charge that a notice is about, whose money is unmatched, for a caller who holds the
    order. Once for each charge. None where the provider cannot return it: then the team has to."""
    try:
        provider = provider_of(order.provider)
    except NotFound:
        return None
    if Capability.REFUNDS not in provider.capabilities or not notice.amount or not notice.charge_id:
        return None
    key = hashlib.sha256(f"{order.community_id}:{order.provider}:{notice.charge_id}".encode()).hexdigest()[
        :32
    ]
    now = timezone.now()
    refund, is_new = Refund.objects.get_or_create(
        key=key,
        defaults={
            "order": order,
            "amount": notice.amount,
            "currency": notice.currency,
            "stray_charge_id": notice.charge_id,
            "reason": str(notice.get_outcome_display()),
            "access": Refund.Access.KEPT,
            "by": by,
            "next_try_at": now + FIRST_LOOK,
            "created_at": now,
        },
    )
    if is_new:
        _book_and_tell(order, notice, refund)
    return refund


@transaction.atomic
def return_stray(*, viewer: Viewer, notice: Notice) -> Refund:
    """Send a payment back that settled nothing, and so resolve its notice. Needs money.manage. Raises WrongRefund,
    NotPermitted, NotFound. Safe to repeat."""
    if notice.community_id != viewer.community.pk:
        raise NotFound("")
    if not viewer.may("money.manage"):
        raise NotPermitted()
    if notice.order_id is None:
        raise WrongRefund(_("This payment names no order here. Send it back on the provider's own pages."))
    order = locked(notice.order_id)  # before its notices, as everywhere
    row = Notice.objects.select_for_update(of=("self",)).get(pk=notice.pk)
    if not can_be_sent_back([row]):
        raise WrongRefund(_("Nothing is kept here of this that could be sent back."))
    refund = send_back(order, row, by=viewer.user)
    if refund is None:
        raise WrongRefund(_("This way of paying cannot send money back. Do it by hand, then say so here."))
    if row.is_open:
        resolve(row, viewer.user, _("Sent back to the buyer."))
    return refund


def resolve(notice: Notice, by: User | None, resolution: str) -> None:
    """Close a notice that the caller holds."""
    notice.resolved_at, notice.resolved_by, notice.resolution = timezone.now(), by, resolution[:300]
    notice.save(update_fields=["resolved_at", "resolved_by", "resolution"])
    record(
        "notice.resolved",
        community=notice.community_id,
        actor=by,
        object=notice,
        outcome=notice.outcome,
        order=notice.order.number if notice.order else None,
        resolution=notice.resolution,
        before={"resolved": False},
        after={"resolved": True},
    )


def _book_and_tell(order: Order, notice: Notice, refund: Refund) -> None:
    detail = {"order": order.number, "refund": refund.key}
    source, way = books.unmatched(order, notice.currency), books.on_its_way(order, notice.currency)
    books.move(source, way, refund.amount, f"refund:{refund.pk}:agreed", detail)
    record(
        "charge.returned",
        community=order.community_id,
        actor=refund.by,
        object=order,
        number=order.number,
        offer=order.title,
        buyer=order.buyer_id,
        charge=notice.charge_id,
        amount=refund.amount,
        currency=refund.currency,
        outcome=notice.outcome,
        refund=refund.pk,
        before={"unmatched": refund.amount},
        after={"unmatched": 0},
    )
    send_refund_soon(refund.pk)


__all__ = [
    "SENT_BACK",
    "book_unmatched",
    "can_be_sent_back",
    "must_be_known",
    "resolve",
    "return_stray",
    "send_back",
]
