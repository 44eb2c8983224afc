"""A notification that never comes is made up for by asking."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from paideia.commerce.actions import expire_orders
from paideia.commerce.actions.asking import SLOTS, ask_about_waiting
from paideia.commerce.models import Notice, Order
from paideia.commerce.tests.providers.conftest import COUNTERPARTS
from paideia.commerce.tests.providers.serving import Counterpart

Begin = Callable[[Counterpart], Order]


@pytest.fixture(params=list(COUNTERPARTS))
def counterpart(request: pytest.FixtureRequest, serve: Callable[[str], Counterpart]) -> Counterpart:
    return serve(request.param)


@pytest.fixture
def waiting(counterpart: Counterpart, begun: Begin) -> Order:
    order = begun(counterpart)
    Order.objects.filter(pk=order.pk).update(created_at=timezone.now() - timedelta(minutes=3))
    return order


def test_what_was_paid_is_found_out(counterpart: Counterpart, waiting: Order) -> None:
    assert ask_about_waiting() == 0
    counterpart.pay(waiting)
    assert [ask_about_waiting() for _ in range(2)] == [1, 0]
    waiting.refresh_from_db()
    assert (waiting.state, Notice.objects.get().outcome) == ("paid", "settled")


def test_a_silent_provider_is_asked_again_later(counterpart: Counterpart, waiting: Order) -> None:
    counterpart.pay(waiting)
    counterpart.is_down = True
    assert ask_about_waiting() == 0
    counterpart.is_down = False
    assert ask_about_waiting() == 1


def test_what_expired_is_asked_about_once_an_hour_for_a_day(counterpart: Counterpart, waiting: Order) -> None:
    counterpart.pay(waiting)
    Order.objects.filter(pk=waiting.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    assert expire_orders() == 1
    right = timezone.now().minute * SLOTS // 60 == waiting.pk % SLOTS
    assert ask_about_waiting() == int(right)
    Order.objects.filter(pk=waiting.pk, state="expired").update(expires_at=timezone.now() - timedelta(days=2))
    assert ask_about_waiting() == 0


def test_who_has_just_gone_to_pay_is_left_alone(counterpart: Counterpart, begun: Begin) -> None:
    order = begun(counterpart)
    counterpart.pay(order)
    asked = len(counterpart.asked)
    assert (ask_about_waiting(), len(counterpart.asked)) == (0, asked)
