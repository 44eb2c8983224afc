"""Turning a confirmed charge into money in the books and access for the buyer."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from paideia.access.actions import grant
from paideia.access.models import Grant, Plan
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.commerce.buyers import let_in
from paideia.commerce.models import Order
from paideia.commerce.refusals import AlreadyPaid, ChargeTaken, PaidOtherwise
from paideia.commerce.terms import end_of_term
from paideia.ledger.actions import Move, account, post


@transaction.atomic
def settle_order(order_id: int, *, charge_id: str, amount: int, currency: str, paid_at: datetime) -> Order:
    """Turn a confirmed charge into money and access. The same charge settles once.

    A failed or expired order is settled too: who paid late paid all the same. Raises PaidOtherwise,
    AlreadyPaid or ChargeTaken, and then nothing is changed.
    """
    order = locked(order_id)
    if order.charge_id == charge_id and order.paid_at is not None:
        return order  # the notification and the return page race; the loser has nothing to do
    if order.paid_at is not None:
        raise AlreadyPaid(order.number, charge_id)
    if (amount, currency) != (order.total, order.currency):
        raise PaidOtherwise(order.number, amount, currency)
    try:
        with transaction.atomic():
            return fulfil(order, paid_at=paid_at, charge_id=charge_id)
    except IntegrityError as error:
        if "order_charge_once" in str(error):
            raise ChargeTaken(order.number, charge_id) from error
        raise


def locked(order_id: int) -> Order:
    """The order, held for this transaction. Its buyer is held first, as everywhere: nobody waits in a ring,
    and two orders of one buyer settle one after the other."""
    buyer_id = Order.objects.values_list("buyer_id", flat=True).get(pk=order_id)
    User.objects.select_for_update(no_key=True).get(pk=buyer_id)
    return (
        Order.objects.select_for_update(of=("self",))
        .select_related("community", "offer", "buyer")
        .get(pk=order_id)
    )


def fulfil(order: Order, *, paid_at: datetime, charge_id: str | None) -> Order:
    """Mark the order, which the caller holds, as paid and give all it promised."""
    # A provider's clock may run ahead; what is paid now must not begin in the future.
    order.paid_at, order.charge_id = min(paid_at, timezone.now()), charge_id
    order.state = Order.State.PAID
    order.save(update_fields=["state", "paid_at", "charge_id"])
    _book(order)
    let_in(order.community, order.buyer)
    grants = _give(order)
    record(
        "order.settled",
        community=order.community_id,
        actor=order.buyer_id,
        object=order,
        occurred_at=order.paid_at,
        number=order.number,
        total=order.total,
        currency=order.currency,
        offer=order.offer.name,
        offer_id=order.offer_id,
        term=order.term,
        provider=order.provider,
        charge_id=order.charge_id,
        paid_at=order.paid_at.isoformat(),
        plans=[
            {
                "id": one.plan_id,
                "name": one.plan.name,
                "starts_at": one.starts_at.isoformat(),
                "ends_at": one.ends_at.isoformat() if one.ends_at else None,
            }
            for one in grants
        ],
    )
    return order


def _book(order: Order) -> None:
    if not order.total:
        return
    source = account(order.community, f"world:{order.provider}", "charges", order.currency)
    target = account(order.community, "house", "sales", order.currency)
    detail = {"order": order.number, "charge": order.charge_id}
    post([Move(source, target, order.total, f"order:{order.pk}:sale", detail, order.paid_at)])


def _give(order: Order) -> list[Grant]:
    """A grant for each plan, after what the buyer still has of it: renewing early loses no day."""
    assert order.paid_at is not None
    grants = []
    for plan in order.offer.plans.order_by("pk"):
        starts_at = _free_from(order.buyer, plan, order.paid_at)
        grants.append(
            grant(
                user=order.buyer,
                plan=plan,
                starts_at=starts_at,
                ends_at=end_of_term(starts_at, order.term, order.community.time_zone),
                source=f"order:{order.pk}",
                key=f"order:{order.pk}:plan:{plan.pk}",
                occurred_at=order.paid_at,
            )
        )
    return grants


def _free_from(buyer: User, plan: Plan, paid_at: datetime) -> datetime:
    """When a new term of the plan can begin: now, or at the end of what was paid before. A trial ends with
    it."""
    last = (
        Grant.objects.filter(user=buyer, plan=plan, revoked_at=None, is_trial=False, ends_at__gt=paid_at)
        .order_by("-ends_at")
        .first()
    )
    return last.ends_at if last is not None and last.ends_at is not None else paid_at
