"""A process that is killed at any commit of a renewal costs time, never money: paid ⇔ granted ⇔ booked, once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from paideia.access.models import Gate, Grant, Plan
from paideia.accounts.models import User
from paideia.commerce.actions import refund_order
from paideia.commerce.actions.renewing import open_period, renew, renew_due
from paideia.commerce.actions.subscriptions import pay_period
from paideia.commerce.models import SandboxCharge, Subscription
from paideia.ledger.models import Transfer
from tests.cast import viewer_of

from .races import at_once
from .subscribing import Pay, clock, decline, offer_of, subscribe

__all__ = ["clock"]
pytestmark = pytest.mark.django_db(transaction=True)
COMMITS_MAX = 20


class Killed(BaseException):
    pass


@contextmanager
def killed_at(number: int, *, before: bool) -> Iterator[None]:
    """The process ends at its so manieth commit: just before it, or just after."""
    real, commits = BaseDatabaseWrapper.commit, count(1)

    def commit(self: BaseDatabaseWrapper) -> None:
        is_last = next(commits) == number
        if is_last and before:
            self.close()  # as the server sees it: what was not committed is undone
            raise Killed
        real(self)
        if is_last:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "commit", commit)
        yield


@pytest.fixture
def running(clock: Any, visitor: User, tier: Plan, paid_at_the_sandbox: Pay) -> Subscription:
    return subscribe(visitor, offer_of(tier), paid_at_the_sandbox)


def is_whole(row: Subscription, periods: int) -> None:
    """Every period is charged, ordered, granted and booked once."""
    row.refresh_from_db()
    paid = row.orders.filter(state="paid")
    booked = Transfer.objects.filter(key__in=[f"order:{order.pk}:sale" for order in paid])
    given = Grant.objects.filter(source__in=[f"order:{order.pk}" for order in paid], revoked_at=None)
    charged = SandboxCharge.objects.filter(state="paid", mandate_id=row.mandate_id)
    assert (row.state, row.period) == ("active", periods)
    assert [paid.count(), booked.count(), given.count(), charged.count()] == [periods] * 4


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("how", ["pay", "silent"])
def test_a_renewal_that_was_killed_anywhere_is_taken_up_again(
    running: Subscription, clock: Any, before: bool, how: str
) -> None:
    decline(running, how)
    survived = False
    for number in range(1, COMMITS_MAX):
        clock.move_to(running.period_ends_at)
        try:
            with killed_at(number, before=before):
                renew_due()
                survived = True
        except Killed:
            connection.close()
        for _ in range(8):
            clock.shift(timedelta(minutes=20))
            renew_due()
        is_whole(running, number + 1)
        if survived:
            # The order, the provider's own books, then ours; where the answer is lost we hear when we ask.
            assert number == {"pay": 4, "silent": 3}[how]
            return
    raise AssertionError("a renewal never came to its end")


def test_without_asking_first_a_lost_answer_is_charged_twice(
    running: Subscription, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break: a provider that forgets the key, and a shop that does not ask."""
    from paideia.commerce.providers.sandbox.provider import Sandbox

    real: Callable[..., Any] = Sandbox.charge

    def forgetful(self: Sandbox, order: Any, mandate_id: str) -> Any:
        SandboxCharge.objects.filter(order_number=order.number).update(
            order_number=f"{order.number}-forgotten"[:32]
        )
        return real(self, order, mandate_id)

    monkeypatch.setattr(Sandbox, "charge", forgetful)
    monkeypatch.setattr(Sandbox, "query", lambda self, order: None)
    decline(running, "silent")
    for _ in range(4):
        clock.move_to(running.period_ends_at)
        renew_due()
        clock.shift(timedelta(hours=2))
        renew_due()
    assert SandboxCharge.objects.filter(state="paid", mandate_id=running.mandate_id).count() > 2


def test_many_workers_renew_once(running: Subscription, clock: Any) -> None:
    clock.move_to(running.period_ends_at)
    at_once(*[lambda: renew(running.pk) for _ in range(8)])
    renew_due()
    is_whole(running, 2)


def test_a_worker_and_its_owner_pay_once(
    running: Subscription, clock: Any, paid_at_the_sandbox: Pay, visitor: User
) -> None:
    """The member pays by hand while the job charges: one of both counts, the other goes back."""
    clock.move_to(running.period_ends_at)
    viewer = viewer_of(visitor)
    found = open_period(running.pk)
    assert found is not None and found[0] is not None
    by_hand = pay_period(viewer=viewer, subscription=running, provider="sandbox")
    assert by_hand == found[0]  # there is one order of a period
    paid_at_the_sandbox(by_hand)
    clock.shift(timedelta(minutes=20))
    renew_due()
    running.refresh_from_db()
    assert (running.period, running.orders.filter(state="paid").count()) == (2, 2)


def test_what_is_taken_back_is_served_no_more(
    running: Subscription, clock: Any, gate: Gate, owner: User, visitor: User
) -> None:
    """No read that starts after the refund is committed opens it, whoever reads meanwhile."""
    clock.move_to(running.period_ends_at)
    renew_due()
    gone = threading.Event()
    served_late: list[bool] = []

    def read() -> None:
        for _ in range(60):
            is_late = gone.is_set()
            is_open = viewer_of(visitor).can_open(gate.pk)
            if is_late:
                served_late.append(is_open)

    def take_back() -> None:
        refund_order(viewer=viewer_of(owner), order=running.orders.latest("pk"), reason="Sorry")
        gone.set()

    assert viewer_of(visitor).can_open(gate.pk)
    assert at_once(read, take_back, read) == [None, None, None]
    served_late.append(viewer_of(visitor).can_open(gate.pk))
    assert set(served_late) == {False}
