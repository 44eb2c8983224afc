"""Agreeing on refunds: money out of the sales, access by the rule, in one transaction. `sending` brings it to the
buyer."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.models import Grant
from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.commerce import books
from paideia.commerce.actions.settling import locked
from paideia.commerce.buyers import must_be_here
from paideia.commerce.deliveries import resting
from paideia.commerce.life import advance
from paideia.commerce.models import Order, Refund
from paideia.commerce.refunding import RefundTerms, refund_terms, state_of_money
from paideia.commerce.refusals import NotPermitted, WrongRefund
from paideia.commerce.soon import send_refund_soon
from paideia.ledger.actions import Overdrawn

FIRST_LOOK = timedelta(minutes=10)  # after which a refund that no worker has sent is sent by the next
State = Refund.State


@transaction.atomic
def refund_order(
    *,
    viewer: Viewer | None,
    order: Order,
    reason: str,
    amount: int | None = None,
    credit: int | None = None,
    access: str = "",
    key: str = "",
    elsewhere: bool = False,
) -> Refund:
    """Agree that money goes back: `amount` through the provider, `credit` to the buyer's credit, in minor units;
    neither: all that is left. `access` is one of Refund.Access, or "" for the rule (commerce.refunding).

    Never more in all than was paid, whoever asks at once. Needs money.manage; `viewer` None is a rule of the
    house. The same `key` is agreed once. `elsewhere`: the provider has sent it already.
    Raises WrongRefund, NotPermitted, NotFound.
    """
    if viewer is not None:
        must_be_here(viewer, order)
        if not viewer.may("money.manage"):
            raise NotPermitted()
    row = locked(order.pk)
    if key and (before := Refund.objects.filter(key=key, order=row).first()) is not None:
        if amount is not None and amount != before.amount:
            raise WrongRefund(_("This refund was agreed on already, with another amount."))
        return before
    if not reason.strip():
        raise WrongRefund(_("Say why the money goes back."))
    terms = refund_terms(row, amount=amount, credit=credit, access=access, elsewhere=elsewhere)
    refund = _write(row, terms, reason.strip()[:300], viewer, key)
    refund.taken = _withdraw(row, refund, terms)
    refund.save(update_fields=["taken"])
    _book(row, refund)  # accounts are held last
    before_it = {"state": row.state, "refunded": row.refunded}
    refunded = row.refunded + terms.value
    row.refunded = refunded
    advance(row, state_of_money(row), refunded=refunded)
    _record(row, refund, viewer, before_it)
    if refund.amount and not elsewhere:
        send_refund_soon(refund.pk)
    return refund


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of one thing that an order gave."""

    plan: str
    ends_at: datetime | None  # as it stands
    will_end_at: datetime | None  # after the refund
    is_revoked: bool
    comes_back: bool = False  # what a refunded change had taken in payment

    @property
    def changes(self) -> bool:
        return self.is_revoked or self.ends_at != self.will_end_at


class _Undone(Exception):
    pass


def preview_refund(
    *, viewer: Viewer, order: Order, amount: int | None, credit: int | None, access: str
) -> tuple[RefundTerms, list[Effect]]:
    """What this refund would do, found by doing it and undoing all of it. Raises as refund_order does."""
    before = {one.pk: one for one in _given(order)}
    replaced = set(_given(order.replaces)) if order.replaces else set()
    try:
        with transaction.atomic():
            row = locked(order.pk)
            terms = refund_terms(row, amount=amount, credit=credit, access=access)
            refund_order(
                viewer=viewer, order=order, reason="-", amount=amount, credit=credit, access=terms.access
            )
            effects = [
                Effect(one.plan.name, before[one.pk].ends_at, one.ends_at, one.revoked_at is not None)
                for one in _given(order)
                if one.pk in before and before[one.pk].revoked_at is None
            ]
            effects += [
                Effect(one.plan.name, None, one.ends_at, False, comes_back=True)
                for one in (_given(order.replaces) if order.replaces else [])
                if one not in replaced
            ]
            raise _Undone
    except _Undone:
        return terms, effects


def _write(order: Order, terms: RefundTerms, reason: str, viewer: Viewer | None, key: str) -> Refund:
    now = timezone.now()
    done = {} if terms.amount else {"state": State.DONE, "done_at": now}  # credit is there at once
    return Refund.objects.create(
        order=order,
        key=key or new_key(),
        amount=terms.amount,
        credit=terms.credit,
        currency=order.currency,
        reason=reason,
        access=terms.access,
        by=viewer.user if viewer else None,
        next_try_at=now + FIRST_LOOK if terms.amount else None,
        created_at=now,
        **done,
    )


def new_key() -> str:
    return secrets.token_hex(16)


def _book(order: Order, refund: Refund) -> None:
    detail = {"order": order.number, "refund": refund.key}
    try:
        if refund.amount:
            way = books.on_its_way(order, order.currency)
            books.take_from_income(order, way, refund.amount, f"refund:{refund.pk}:agreed", detail)
        if refund.credit:
            theirs = books.credit_of_buyer(order)
            books.take_from_income(order, theirs, refund.credit, f"refund:{refund.pk}:credit", detail)
    except Overdrawn as reason:
        raise WrongRefund(_("What was bought has been spent already, so it cannot be refunded.")) from reason


def _withdraw(order: Order, refund: Refund, terms: RefundTerms) -> resting.Taken:
    if terms.access == Refund.Access.KEPT:
        return []
    because = _("Refunded: %(reason)s") % {"reason": refund.reason}
    return resting.take(
        order, access=terms.access, share=terms.share, because=because[:200], at=refund.created_at
    )


def _record(order: Order, refund: Refund, viewer: Viewer | None, before: dict[str, Any]) -> None:
    record(
        "order.refunded",
        community=order.community_id,
        actor=viewer.user if viewer else None,
        object=order,
        number=order.number,
        offer=order.title,
        buyer=order.buyer_id,
        refund=refund.pk,
        amount=refund.amount,
        credit=refund.credit,
        currency=refund.currency,
        value=order.value,
        access=refund.access,
        comes_back=any("returned" in one for one in refund.taken),
        reason=refund.reason,
        before=before,
        after={"state": order.state, "refunded": order.refunded},
    )


def _given(order: Order) -> list[Grant]:
    return list(Grant.objects.filter(source=f"order:{order.pk}").select_related("plan").order_by("pk"))
