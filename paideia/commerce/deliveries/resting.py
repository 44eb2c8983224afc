"""Taking back what an order gave, so that it can be given again: when a refund fails in the end, or a dispute is
won."""

from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from django.utils import timezone

from paideia.access.actions import grant
from paideia.access.models import Grant
from paideia.commerce.deliveries import delivery_of
from paideia.commerce.models import Offer, Order

Taken = list[dict[str, Any]]


@runtime_checkable
class GivesAgain(Protocol):
    """A delivery that gives more than the order's own grants, and so has to give it again itself."""

    def give_again(self, order: Order, *, taken: Taken, key: str, at: datetime) -> None: ...


@runtime_checkable
class TakesMore(Protocol):
    """A delivery that took more than the order's own grants, and so says itself what."""

    def take(
        self, order: Order, *, access: str, share: tuple[int, int], because: str, at: datetime
    ) -> Taken: ...


def take(order: Order, *, access: str, share: tuple[int, int], because: str, at: datetime) -> Taken:
    """Let the order's delivery withdraw, and return what that took: for each grant what was left of it; and whether
    that returned what the order had taken in payment."""
    from paideia.commerce.deliveries.exchanging import standing

    delivery = delivery_of(order)
    if isinstance(delivery, TakesMore):
        return delivery.take(order, access=access, share=share, because=because, at=at)
    before, exchange = {one.pk: one for one in _grants(order)}, standing(order) if order.replaces_id else None
    delivery.withdraw(order, access=access, share=share, because=because, at=at)
    taken: Taken = []
    if exchange is not None and standing(order) is None:
        taken.append({"returned": exchange.pk})
    for now in _grants(order):
        was = before.get(now.pk)
        if was is None or was.revoked_at is not None:
            continue
        if now.revoked_at is not None:
            cut = max(at, was.starts_at)
        elif now.ends_at != was.ends_at and now.ends_at is not None:
            cut = now.ends_at
        else:
            continue
        taken.append({"grant": now.pk, "from": cut.isoformat(), "until": _text(was.ends_at)})
    return taken


def give_again(order: Order, taken: Taken, *, key: str) -> None:
    """Give what was taken, for the time that was left of it then. `key` names the cause: once."""
    from paideia.commerce.deliveries.exchanging import unclaim

    at, delivery = timezone.now(), delivery_of(order)
    for claimed in [one for one in taken if "lowered" in one]:
        unclaim(claimed, key, at)
    own = [one for one in taken if "lowered" not in one]
    if isinstance(delivery, GivesAgain):
        delivery.give_again(order, taken=own, key=key, at=at)
        return
    give_grants_again(order, own, key=key, at=at)


def give_grants_again(order: Order, taken: Taken, *, key: str, at: datetime) -> list[Grant]:
    """Give the order's own grants that were taken, for the time that was left of each. Returns what was given."""
    grants = {one.pk: one for one in _grants(order)}
    given_again = []
    for number, one in enumerate(taken):  # one grant may have been cut twice
        given = grants[one["grant"]]
        starts_at, ends_at = _time_left(order, given, one, at)
        if ends_at is None or ends_at > starts_at:
            again = grant(
                user=given.user,
                plan=given.plan,
                starts_at=starts_at,
                ends_at=ends_at,
                source=given.source,
                key=f"{key}:{number}:{given.pk}",
            )
            given_again.append(again)
    return given_again


def _time_left(
    order: Order, given: Grant, taken: dict[str, Any], at: datetime
) -> tuple[datetime, datetime | None]:
    """From now on, or after what is still held of it; as long as what was taken, but a term until a fixed day ends
    on that day."""
    if taken["until"] is None:
        return at, None
    cut, until = datetime.fromisoformat(taken["from"]), datetime.fromisoformat(taken["until"])
    if order.term == Offer.Term.DEADLINE:
        return at, until
    held = Grant.objects.filter(user=given.user, plan=given.plan, revoked_at=None, ends_at__gt=at)
    last = held.order_by("-ends_at").values_list("ends_at", flat=True).first()
    starts_at = max(at, last) if last else at
    return starts_at, starts_at + (until - cut)


def _grants(order: Order) -> list[Grant]:
    """What the order gave; of instalments, which are one purchase, what all of them gave."""
    orders = {order.pk}
    if order.instalments and order.subscription_id is not None:
        orders |= set(Order.objects.filter(subscription=order.subscription_id).values_list("pk", flat=True))
    sources = [f"order:{pk}" for pk in orders]
    return list(Grant.objects.filter(source__in=sources).select_related("plan", "user").order_by("pk"))


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
