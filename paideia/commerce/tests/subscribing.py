"""Members who subscribe, and time that passes for them: shared by the tests of subscriptions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.commerce.actions import expire_orders, place_order
from paideia.commerce.actions.renewing import renew_due
from paideia.commerce.models import Offer, Order, SandboxCharge, Subscription
from paideia.commerce.quoting import Wish
from tests.cast import viewer_of

BEGIN = datetime(2026, 1, 31, 12, tzinfo=UTC)
Pay = Callable[[Order], Order]


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[arg-type,misc]


def offer_of(plan: Plan, price: int = 3000, **terms: Any) -> Offer:
    fields = {"name": f"{plan.name} {price}", "currency": "CNY", "term": "month", "renewal": "automatic"}
    row = Offer.objects.create(community=plan.community, price=price, **{**fields, **terms})
    row.plans.add(plan)
    return row


def subscribe(user: User, offer: Offer, pay: Pay, **wish: Any) -> Subscription:
    """Buy the first period at the sandbox, with a mandate for the others."""
    order = place_order(viewer=viewer_of(user), offer=offer, provider="sandbox", wish=Wish(**wish))
    if order.paid_at is None:
        pay(order)
    return Subscription.objects.filter(user=user, offer=offer).latest("pk")


def by_hand(row: Subscription) -> Subscription:
    """Without a mandate: no provider can charge it."""
    row.mandate_id = ""
    row.save()
    return row


def pass_time(clock: Any, until: datetime, step: timedelta = timedelta(hours=6)) -> None:
    """Let time pass with the jobs running so often."""
    now = datetime.now(UTC)
    while now < until:
        now = min(now + step, until)
        clock.move_to(now)
        renew_due()
        expire_orders()


def decline(row: Subscription, how: str = "decline") -> None:
    """What the provider says to later charges: decline, pay, silent."""
    SandboxCharge.objects.filter(mandate_id=row.mandate_id).update(charges_as=how)


@contextmanager
def clock_at(when: datetime) -> Iterator[Any]:
    with time_machine.travel(when, tick=False) as clock:
        yield clock


@pytest.fixture
def clock() -> Iterator[Any]:
    with clock_at(BEGIN) as travelling:
        yield travelling


def is_in(row: Subscription | User, plan: Plan, when: datetime | None = None) -> bool:
    from paideia.access.viewer import look

    user = row.user if isinstance(row, Subscription) else row
    return plan.pk in look(plan.community, user, at=when).plans


def periods(row: Subscription) -> list[tuple[int | None, str]]:
    return list(row.orders.order_by("pk").values_list("period", "state"))
