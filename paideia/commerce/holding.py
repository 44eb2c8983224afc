"""What an order keeps for itself while it waits to be paid: uses of coupons, the buyer's own credit, and a
place in a group of buyers (kept by the order itself).

Kept from the placing on (`hold`), given back when the order fails or expires (`let_go`, which every such step
calls by itself: commerce.life), and kept once more when a payment comes after all (`hold_again`).
"""

from collections.abc import Iterable

from django.utils import timezone

from paideia.accounts.models import User
from paideia.commerce.models import BuyingGroup, Coupon, CouponUse, GroupPlace, Order
from paideia.commerce.quoting import Quote
from paideia.commerce.quoting.coupons import must_have_a_use_left
from paideia.commerce.quoting.groups import must_be_open
from paideia.commerce.refusals import HeldElsewhere, WrongCoupon, WrongWish
from paideia.ledger.actions import Move, Overdrawn, account, post

UNPAID = (Order.State.CREATED, Order.State.AWAITING)


def hold(order: Order, quote: Quote) -> None:
    """Keep what the quote counts on, for a caller who holds the buyer. Raises WrongCoupon where somebody took the
    last use since it was reckoned, Overdrawn where the credit was spent."""
    _take([coupon for coupon, _off in quote.coupons], order.buyer)
    for coupon, off in quote.coupons:
        CouponUse.objects.create(coupon=coupon, order=order, user=order.buyer, amount=off)
    _move_credit(order, "hold", to_order=True)


def let_go(order: Order) -> None:
    """Give back what a failed or expired order kept. Its row is held by the caller."""
    CouponUse.objects.filter(order=order, released_at=None).update(released_at=timezone.now())
    _move_credit(order, "release", to_order=False)


def hold_again(order: Order) -> None:
    """Keep it once more, for a payment that came after the order had failed or expired. Raises HeldElsewhere where
    others used it meanwhile."""
    _place_again(order)
    uses = list(CouponUse.objects.filter(order=order).exclude(released_at=None).select_related("coupon"))
    try:
        _take([use.coupon for use in uses], order.buyer)
        _move_credit(order, "hold-again", to_order=True)
    except (WrongCoupon, Overdrawn) as reason:
        raise HeldElsewhere(order.number) from reason
    CouponUse.objects.filter(pk__in=[use.pk for use in uses]).update(released_at=None)


def locked_coupons(ids: Iterable[int]) -> list[Coupon]:
    """The coupons, held for this transaction, always in the same order: uses are counted by one at a time."""
    held = Coupon.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    return list(held)


def _take(coupons: Iterable[Coupon], buyer: User) -> None:
    for coupon in locked_coupons({one.pk for one in coupons}):
        must_have_a_use_left(coupon, buyer)


def _place_again(order: Order) -> None:
    """A place in a group of buyers was given back, too."""
    place = GroupPlace.objects.filter(order=order).first()
    if place is None:
        return
    group = BuyingGroup.objects.select_for_update().get(pk=place.group_id)
    try:
        must_be_open(group, order.buyer_id, besides=[order.pk])
    except WrongWish as reason:
        raise HeldElsewhere(order.number) from reason


def _move_credit(order: Order, cause: str, *, to_order: bool) -> None:
    if not order.credit:
        return
    theirs = account(order.community, f"user:{order.buyer_id}", "credit", order.currency)
    held = account(order.community, f"order:{order.pk}", "held", order.currency)
    source, target = (theirs, held) if to_order else (held, theirs)
    post([Move(source, target, order.credit, f"order:{order.pk}:{cause}", {"order": order.number})])
