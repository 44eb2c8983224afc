"""Turning a confirmed charge into money in the books and access for the buyer."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.commerce.buyers import let_in
from paideia.commerce.deliveries import delivery_of
from paideia.commerce.deliveries.mandates import keep_mandate
from paideia.commerce.holding import hold_again
from paideia.commerce.life import advance
from paideia.commerce.models import Offer, Order
from paideia.commerce.places import must_still_be_there
from paideia.commerce.refusals import AlreadyPaid, ChargeTaken, PaidOtherwise
from paideia.ledger.actions import Move, accounts, post


def settle_order(
    order_id: int, *, charge_id: str, amount: int, currency: str, paid_at: datetime, mandate_id: str = ""
) -> Order:
    """Turn a confirmed charge into money and access. The same charge settles once.

    A failed or expired order is settled too: who paid late paid all the same, where it can still be given.
    `mandate_id` lets the order's subscription charge the buyer again. Raises PaidOtherwise, AlreadyPaid,
    ChargeTaken, HeldElsewhere or NoLongerThere, and then nothing is changed.
    """
    try:
        with transaction.atomic():
            order = locked(order_id, with_offer=True)
            if order.charge_id == charge_id and order.paid_at is not None:
                return order  # the notification and the return page race; the loser has nothing to do
            if order.paid_at is not None:
                raise AlreadyPaid(order.number, charge_id)
            if (amount, currency) != (order.total, order.currency):
                raise PaidOtherwise(order.number, amount, currency)
            must_still_be_there(order)
            return fulfil(order, paid_at=paid_at, charge_id=charge_id, mandate_id=mandate_id)
    except IntegrityError as error:
        if "order_charge_once" in str(error):
            raise ChargeTaken(order.number, charge_id) from error
        # another order of the same period, or another change of the same plan, was paid meanwhile
        if "order_period_once" in str(error) or "order_replaced_once" in str(error):
            raise AlreadyPaid(order.number, charge_id) from error
        raise


def locked(order_id: int, *, with_offer: bool = False) -> Order:
    """The order, held for this transaction. Its buyer is held first, as everywhere: nobody waits in a ring,
    and two orders of one buyer settle one after the other. `with_offer` holds an offer of limited places too, so
    that places are counted by one at a time.

    Rows that name the order can be written meanwhile (`no_key`): whoever writes them, holding accounts, does not wait
    here for somebody who waits for the accounts."""
    names = Order.objects.values_list("buyer_id", "offer_id", "offer__quantity_max")
    buyer_id, offer_id, limit = names.get(pk=order_id)
    list(User.objects.select_for_update(no_key=True).filter(pk=buyer_id).values_list("pk"))
    if with_offer and limit is not None:
        list(Offer.objects.select_for_update(no_key=True).filter(pk=offer_id).values_list("pk"))
    return (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("community", "offer", "buyer", "subscription")
        .get(pk=order_id)
    )


def fulfil(order: Order, *, paid_at: datetime, charge_id: str | None, mandate_id: str = "") -> Order:
    """Mark the order, which the caller holds, as paid, book the money and give all it promised. Raises
    HeldElsewhere."""
    if order.state in (Order.State.FAILED, Order.State.EXPIRED):
        hold_again(order)
    # A provider's clock may run ahead; what is paid now must not begin in the future.
    advance(order, Order.State.PAID, paid_at=min(paid_at, timezone.now()), charge_id=charge_id)
    delivery = delivery_of(order)
    let_in(order.community, order.buyer)
    grants = delivery.deliver(order)
    if mandate_id:
        keep_mandate(order, mandate_id)
    assert order.paid_at is not None
    record(
        "order.settled",
        community=order.community_id,
        actor=order.buyer_id,
        object=order,
        occurred_at=order.paid_at,
        number=order.number,
        kind=order.kind,
        total=order.total,
        credit=order.credit,
        currency=order.currency,
        offer=order.title,
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
    # Last: all sales of a community meet in these accounts, which are held from here to the commit.
    _book(order, delivery.account_name(order))
    return order


def _book(order: Order, name: tuple[str, str]) -> None:
    """What the provider brought, and what was set aside of the buyer's credit, to where the price goes."""
    detail = {"order": order.number, "charge": order.charge_id}
    brought = [(f"world:{order.provider}", "charges", order.total, "sale")]
    brought += [(f"order:{order.pk}", "held", order.credit, "credit")]
    brought = [one for one in brought if one[2]]
    if not brought:
        return
    names = [name, *((owner, kind) for owner, kind, *_rest in brought)]
    target, *sources = accounts(order.community, names, order.currency)
    moves = [
        Move(source, target, amount, f"order:{order.pk}:{cause}", detail, order.paid_at)
        for source, (_owner, _kind, amount, cause) in zip(sources, brought, strict=True)
    ]
    post(moves)
