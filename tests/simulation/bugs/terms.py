"""Mistakes with what goes on: disputes, periods, changes and trials."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.commerce.actions import disputes, renewing, trials
from paideia.commerce.deliveries import change, exchanging, giving, period, purchase, resting, subscribing
from paideia.commerce.models import Order, Subscription
from tests.simulation import steps
from tests.simulation.bugs.planting import bug, instead, nothing


@bug
def a_dispute_leaves_access() -> Iterator[None]:
    yield from instead((disputes.resting, "take", lambda *_args, **_words: []))


@bug
def what_a_won_dispute_took_stays_taken() -> Iterator[None]:
    yield from instead((resting, "give_grants_again", nothing))


@bug
def a_renewal_is_charged_under_a_new_number_each_time() -> Iterator[None]:
    real = renewing._order_of_next

    def wrong(row: Subscription, *rest: Any) -> Order:
        unpaid = [Order.State.CREATED, Order.State.AWAITING]
        row.orders.filter(period=row.period + 1, state__in=unpaid).update(state=Order.State.EXPIRED)
        return real(row, *rest)

    yield from instead((renewing, "_order_of_next", wrong))


@bug
def a_renewal_gives_nothing() -> Iterator[None]:
    yield from instead((period.Period, "deliver", lambda self, order: []))


@bug
def a_renewal_is_not_asked_about_again() -> Iterator[None]:
    yield from instead((renewing, "subscriptions_due", lambda: []))


@bug
def who_left_is_charged_on() -> Iterator[None]:
    def wrong(*, viewer: Any, subscription: Subscription, reason: str) -> None:
        Subscription.objects.filter(pk=subscription.pk).update(
            state=Subscription.State.ENDED, ended_at=timezone.now()
        )

    yield from instead((steps, "cancel", wrong))


@bug
def terms_bought_in_advance_overlap() -> Iterator[None]:
    def wrong(buyer: User, plan: Plan, paid_at: datetime) -> datetime:
        return paid_at

    yield from instead(
        *((place, "free_from", wrong) for place in (purchase, giving, subscribing)),
    )


@bug
def what_a_change_took_in_payment_goes_on() -> Iterator[None]:
    yield from instead((exchanging, "take_in", nothing))


@bug
def a_change_waits_for_nothing() -> Iterator[None]:
    def wrong(self: change.Change, order: Order, before: Order) -> Any:
        return self._grants(order, order.paid_at)

    yield from instead((change.Change, "_after", wrong))


@bug
def a_trial_is_never_charged() -> Iterator[None]:
    real = subscribing.begin_trial

    def wrong(**fields: Any) -> Subscription:
        row = real(**fields)
        row.charge_at = None
        row.save(update_fields=["charge_at"])
        return row

    yield from instead((subscribing, "begin_trial", wrong), (trials, "begin_trial", wrong))
