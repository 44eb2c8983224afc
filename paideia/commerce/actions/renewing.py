"""Renewals: every due period is written as an order, charged outside the transaction, and settled like any order.

Each step can be interrupted anywhere. What was charged and not noted is found by asking the provider before it is
charged again, with the order's number as the key of the charge.
"""

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.commerce.actions.notices import accept_payment
from paideia.commerce.actions.orders import held_for_good, write_order
from paideia.commerce.actions.rests import is_shut_out, lie_down
from paideia.commerce.actions.settling import fulfil, locked
from paideia.commerce.deliveries.stopping import close_open_orders, end
from paideia.commerce.deliveries.subscribing import RUNNING
from paideia.commerce.life import advance
from paideia.commerce.models import Order, Subscription
from paideia.commerce.periods import end_of_period, end_of_tries, next_try
from paideia.commerce.providers import Capability, ProviderDown, provider_of
from paideia.commerce.quoting.renewing import quote_period
from paideia.communities.models import Membership
from paideia.lib.refusal import NotFound

log = logging.getLogger(__name__)

State = Subscription.State
CLAIM = timedelta(minutes=15)  # in which whoever took a charge up has it; then another asks what became of it
ASK_AGAIN = timedelta(hours=1)  # after a provider that did not answer
AT_ONCE_MAX = 1000


def subscriptions_due() -> list[int]:
    """Whose charge is to be tried now, the longest waiting first; not more than one round can take."""
    due = Subscription.objects.filter(charge_at__lte=timezone.now(), state__in=Subscription.LIVE)
    return list(due.order_by("charge_at", "pk").values_list("pk", flat=True)[:AT_ONCE_MAX])


def renew_due() -> int:
    """Do all that is due now in this process: charges, and ends. Returns how many subscriptions were taken up."""
    return sum(renew(pk) for pk in subscriptions_due()) + end_cancelled()


def renew(subscription_id: int) -> bool:
    """Take one due subscription up. False where it is not due any more, or somebody else is at it."""
    found = open_period(subscription_id)
    if found is None:
        return False
    order, mandate_id = found
    if order is not None and mandate_id:
        _charge(order, mandate_id)
    return True


@transaction.atomic
def open_period(subscription_id: int) -> tuple[Order | None, str] | None:
    """Write the order of a due period, or find it, and claim its charge for a while. Returns it with the mandate
    to charge it by ("": it is paid by hand); None where there is nothing to do now."""
    row = _due(subscription_id)
    if row is None:
        return None
    now = timezone.now()
    last = end_of_tries(row, _first_tried_at(row) or now)
    by_hand = not row.mandate_id or not _can_charge(row.provider)
    reason = _gone(row)
    if reason is None and is_shut_out(row.community_id, row.user_id):
        lie_down(row)
        return None
    if (reason := reason or _over(row, by_hand, now, last)) is not None:
        end(row, reason, now)
        return None, ""
    order = _order_of_next(row, now, last)
    if order.paid_at is not None:
        return order, ""
    _mark_due(row, by_hand, now, last)
    if not by_hand and order.state == Order.State.CREATED:
        advance(order, Order.State.AWAITING)
    return order, "" if by_hand else row.mandate_id


@transaction.atomic
def next_order(subscription: Subscription, provider: str) -> Order:
    """The unpaid order of the next period, to be paid by hand with this provider. Raises nothing: the caller has
    seen that something is to be paid, and holds the buyer and the subscription."""
    now = timezone.now()
    order = _open_order(subscription)
    if order is not None and order.state == Order.State.CREATED and order.provider != provider:
        order.provider = provider
        order.save(update_fields=["provider"])
    elif order is not None and order.provider != provider:
        close_open_orders(subscription)
        order = None
    if order is None:
        order = _write(subscription, provider, now, None)
    return order


def _due(subscription_id: int) -> Subscription | None:
    """The subscription, with its buyer held before it as everywhere, if it is due and nobody else holds it."""
    rows = Subscription.objects.select_for_update(of=("self",), skip_locked=True)
    user_id = Subscription.objects.filter(pk=subscription_id).values_list("user_id", flat=True).first()
    buyers = User.objects.select_for_update(no_key=True, skip_locked=True)
    if not buyers.filter(pk=user_id or 0).exists():
        return None
    due = rows.select_related("community", "user", "offer", "next_offer").filter(
        pk=subscription_id,
        charge_at__lte=timezone.now(),
        period_ends_at__lte=timezone.now(),
        state__in=Subscription.LIVE,
    )
    return due.first()


def _gone(row: Subscription) -> str | None:
    """Why nobody is there to be charged, if so."""
    if not row.user.is_active:
        return "the account is closed"
    if not row.instalments and has_left(row):
        return "left the community"
    plans = set((row.next_offer or row.offer).plans.values_list("pk", flat=True))
    if not row.instalments and plans <= held_for_good(row.user, plans):
        return "held for good"
    return None


def _over(row: Subscription, by_hand: bool, now: datetime, last: datetime) -> str | None:
    """Why it ends instead of being charged, if it does."""
    if has_next_already(row):
        return "changed to another plan"
    if row.instalments:
        return None  # a debt: access rests until it is paid
    if by_hand and row.state == State.PAST_DUE and now >= last:
        return "not paid"
    untried = row.state != State.PAST_DUE and _open_order(row) is None
    if untried and row.period and end_of_period(row, row.period + 1) <= now:
        return "not served in time"  # nobody pays for time that is over
    return None


def has_left(row: Subscription) -> bool:
    """Whether the owner went away themselves: settling would make them a member again."""
    went = Membership.objects.filter(community=row.community_id, user=row.user_id, left_at__isnull=False)
    return went.exists()


def has_next_already(row: Subscription) -> bool:
    """Whether the next period is to be of something that its owner has subscribed to meanwhile."""
    if row.next_offer_id is None:
        return False
    return Subscription.objects.filter(user=row.user, offer=row.next_offer, state__in=RUNNING).exists()


def _order_of_next(row: Subscription, now: datetime, last: datetime) -> Order:
    order = _open_order(row)
    if order is not None and order.provider != row.provider and row.mandate_id:
        close_open_orders(row)  # begun by hand and left
        order = None
    if order is None:
        order = _write(row, row.provider, now, last)
    if not order.total and order.paid_at is None:
        order = fulfil(locked(order.pk), paid_at=now, charge_id=None)
    return order


def _open_order(row: Subscription) -> Order | None:
    unpaid = [Order.State.CREATED, Order.State.AWAITING]
    return row.orders.filter(period=row.period + 1, state__in=unpaid).first()


def _write(row: Subscription, provider: str, now: datetime, last: datetime | None) -> Order:
    """The order of the next period. What a job wrote waits until the last try is over."""
    quote = quote_period(row, now)
    order = write_order(buyer=row.user, provider=provider if quote.total else "free", quote=quote)
    order.term = row.term if row.next_offer is None else row.next_offer.term
    order.ends_at = row.ends_at
    if last is not None:
        order.expires_at = max(last, now) + timedelta(days=1)
    order.save(update_fields=["term", "ends_at", "expires_at"])
    return order


def _first_tried_at(row: Subscription) -> datetime | None:
    orders = row.orders.filter(period=row.period + 1, created_at__gte=row.period_ends_at)
    return orders.order_by("created_at").values_list("created_at", flat=True).first()


def _mark_due(row: Subscription, by_hand: bool, now: datetime, last: datetime) -> None:
    """By hand: until the grace is over. Else until whoever took the charge up has come back from it."""
    if by_hand and row.state != State.PAST_DUE:
        row.state = State.PAST_DUE
        record_due(row, by_hand=True, again_at=None)
    row.charge_at = now + CLAIM
    if by_hand:
        row.charge_at = None if row.instalments else max(last, now)
    row.save(update_fields=["state", "charge_at"])


def _charge(order: Order, mandate_id: str) -> None:
    """Ask what became of the order, charge it if nothing has, and take in the answer."""
    provider = provider_of(order.provider)
    try:
        said = provider.query(order) or provider.charge(order, mandate_id)
    except ProviderDown as down:
        log.warning("renewal %s: %s did not answer: %s", order.number, provider.key, down)
        # Not where the answer came another way meanwhile: the next charge is another period's.
        waits = Subscription.objects.filter(
            orders=order, charge_at__isnull=False, period=F("orders__period") - 1
        )
        waits.update(charge_at=timezone.now() + ASK_AGAIN)
        return
    accept_payment(community=order.community, provider=provider.key, payment=said)
    if not said.succeeded:
        _declined(order)


def ask_after(order_id: int) -> None:
    """Take in what the provider knows of an order, if it knows anything. Raises ProviderDown."""
    order = Order.objects.select_related("community").get(pk=order_id)
    with suppress(NotFound):  # a provider that is switched off by now tells nothing
        provider = provider_of(order.provider)
        if (said := provider.query(order)) is not None:
            accept_payment(community=order.community, provider=provider.key, payment=said)


@transaction.atomic
def _declined(order: Order) -> None:
    """Plan the next try, or end it where that was the last."""
    order = locked(order.pk)
    row = Subscription.objects.select_for_update(of=("self",)).select_related("community", "user", "offer")
    subscription = row.get(orders=order)
    if order.paid_at is not None or not subscription.is_live or subscription.period + 1 != order.period:
        return
    now = timezone.now()
    last = end_of_tries(subscription, _first_tried_at(subscription) or now)
    subscription.tries += 1
    subscription.state = State.PAST_DUE
    if now >= last and not subscription.instalments:
        end(subscription, "not paid", now)
        return
    subscription.charge_at = next_try(subscription.tries, now, last) if now < last else None
    subscription.save(update_fields=["tries", "state", "charge_at"])
    record_due(subscription, by_hand=False, again_at=subscription.charge_at)


def record_due(row: Subscription, *, by_hand: bool, again_at: datetime | None) -> None:
    record(
        "subscription.past_due",
        community=row.community_id,
        actor=row.user_id,
        object=row,
        offer=row.offer.name,
        offer_id=row.offer_id,
        by_hand=by_hand,
        tries=row.tries,
        again_at=again_at.isoformat() if again_at else None,
        ends_at=row.period_ends_at.isoformat(),
        grace_days=row.grace_days,
        price=row.price,
        currency=row.currency,
    )


def _can_charge(provider: str) -> bool:
    try:
        return Capability.MANDATES in provider_of(provider).capabilities
    except NotFound:
        return False


def end_cancelled() -> int:
    """End what was cancelled with its period. Returns how many."""
    done, now = 0, timezone.now()
    over = Subscription.objects.filter(state=State.CANCELLED, period_ends_at__lte=now)
    for pk in list(over.order_by("period_ends_at", "pk").values_list("pk", flat=True)[:AT_ONCE_MAX]):
        done += _end_one(pk, now)
    return done


@transaction.atomic
def _end_one(pk: int, now: datetime) -> bool:
    user_id = Subscription.objects.values_list("user_id", flat=True).get(pk=pk)
    if not User.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=user_id).exists():
        return False
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("community", "offer", "user")
    row = rows.get(pk=pk)
    if row.state == State.CANCELLED and row.period_ends_at <= now:
        end(row, "cancelled", row.period_ends_at)
        return True
    return False
