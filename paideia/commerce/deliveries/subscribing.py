"""Orders that begin a subscription: the first period, or a trial that was paid for."""

from datetime import datetime, timedelta

from paideia.access.actions import grant
from paideia.access.models import Grant, Plan
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.commerce.deliveries.grace import bridge
from paideia.commerce.deliveries.purchase import Purchase, free_from
from paideia.commerce.deliveries.stopping import stop_for
from paideia.commerce.models import Offer, Order, OrderLine, RetentionOffer, Subscription
from paideia.commerce.periods import end_of_period
from paideia.commerce.quoting import Quote
from paideia.commerce.quoting.renewing import agreed_price, price_now
from paideia.commerce.refusals import AlreadyPaid, NoTrial, SubscribedAlready

State = Subscription.State
RUNNING = (*Subscription.LIVE, State.CANCELLED)


class Subscribing(Purchase):
    """The first period. It begins after what the buyer still has, and so do those that follow."""

    def prepare(self, order: Order, quote: Quote) -> None:
        assert order.offer is not None
        if runs(order.buyer, order.offer):
            raise SubscribedAlready()

    def deliver(self, order: Order) -> list[Grant]:
        assert order.offer is not None and order.paid_at is not None
        if runs(order.buyer, order.offer):
            return super().deliver(order)  # paid by two orders: the second is a term like any other
        plans = order.offer.plans.order_by("pk")
        starts_at = min(
            [free_from(order.buyer, plan, order.paid_at) for plan in plans], default=order.paid_at
        )
        return begin(order, starts_at)

    def withdraw(
        self, order: Order, *, access: str, share: tuple[int, int], because: str, at: datetime
    ) -> None:
        super().withdraw(order, access=access, share=share, because=because, at=at)
        stop_for(order, access=access, because=because, at=at)


class PaidTrial(Purchase):
    """Some days for the trial's price, then the subscription."""

    def prepare(self, order: Order, quote: Quote) -> None:
        assert order.offer is not None
        plans = order.offer.plans.all()
        if not order.offer.trial_days or Grant.objects.filter(user=order.buyer, plan__in=plans).exists():
            raise NoTrial()

    def deliver(self, order: Order) -> list[Grant]:
        """Raises AlreadyPaid for who has subscribed meanwhile: the money goes back."""
        offer = order.offer
        assert offer is not None and order.paid_at is not None
        if runs(order.buyer, offer):
            raise AlreadyPaid(order.number, order.charge_id or "")
        ends_at = order.paid_at + timedelta(days=offer.trial_days)
        grants = [_trial(order, plan, ends_at) for plan in offer.plans.order_by("pk")]
        if order.renewal == Offer.Renewal.AUTOMATIC:
            begin_trial(order=order, offer=offer, ends_at=ends_at)
        return grants

    def withdraw(
        self, order: Order, *, access: str, share: tuple[int, int], because: str, at: datetime
    ) -> None:
        super().withdraw(order, access=access, share=share, because=because, at=at)
        stop_for(order, access=access, because=because, at=at)


def runs(user: User, offer: Offer) -> bool:
    """Whether somebody has a subscription of this offer."""
    return Subscription.objects.filter(user=user, offer=offer, state__in=RUNNING).exists()


def begin(order: Order, starts_at: datetime) -> list[Grant]:
    """Make the subscription that a paid order agreed to, with its first period."""
    assert order.offer is not None
    row = Subscription(
        community=order.community,
        user=order.buyer,
        offer=order.offer,
        price=agreed_price(order),
        currency=order.currency,
        term=order.term,
        instalments=order.instalments,
        ends_at=order.ends_at,
        grace_days=order.offer.grace_days,
        locks_price=order.offer.locks_price,
        provider=order.provider,
        anchor_at=starts_at,
        period=1,
    )
    row.charge_at = row.period_ends_at = end_of_period(row, 1)
    _promise(row, order)
    row.save()
    order.subscription, order.period = row, 1
    order.save(update_fields=["subscription", "period"])
    grants = grant_period(order, starts_at, row.period_ends_at)
    bridge(row)
    record_start(row)
    return grants


def begin_trial(
    *, offer: Offer, ends_at: datetime, order: Order | None = None, **who: object
) -> Subscription:
    """Make the subscription that a trial turns into. `who`: community and user, where nothing was ordered."""
    if order is not None:
        who = {"community": order.community, "user": order.buyer}
    currency = order.currency if order else offer.currency
    row = Subscription.objects.create(
        offer=offer,
        state=State.TRIAL,
        price=price_now(offer, currency, ends_at - timedelta(days=offer.trial_days)),
        currency=currency,
        term=offer.term,
        grace_days=offer.grace_days,
        locks_price=offer.locks_price,
        provider=order.provider if order else "free",
        anchor_at=ends_at,
        period_ends_at=ends_at,
        charge_at=ends_at,
        **who,
    )
    record_start(row)
    return row


def grant_period(order: Order, starts_at: datetime, ends_at: datetime | None) -> list[Grant]:
    """The plans for one period, each after what the buyer still has of it: no day is lost."""
    assert order.offer is not None
    grants = []
    for plan in order.offer.plans.order_by("pk"):
        free = free_from(order.buyer, plan, starts_at)
        later = ends_at if ends_at is None or free <= starts_at else free + (ends_at - starts_at)
        key = f"order:{order.pk}:plan:{plan.pk}"
        grants.append(
            grant(
                user=order.buyer,
                plan=plan,
                starts_at=free,
                ends_at=later,
                source=f"order:{order.pk}",
                key=key,
                occurred_at=order.paid_at,
            )
        )
    return grants


def record_start(row: Subscription) -> None:
    record(
        "subscription.started",
        community=row.community_id,
        actor=row.user_id,
        object=row,
        offer=row.offer.name,
        offer_id=row.offer_id,
        state=row.state,
        price=row.price,
        currency=row.currency,
        term=row.term,
        instalments=row.instalments,
    )


def _promise(row: Subscription, order: Order) -> None:
    """What was promised to who comes back counts for the periods that follow, too."""
    if order.lines.filter(kind=OrderLine.Kind.RETENTION).exists():
        terms = RetentionOffer.objects.filter(community=order.community).first()
        if terms is not None:
            row.discount_percent, row.discount_periods = terms.win_back_percent, terms.win_back_periods - 1


def _trial(order: Order, plan: Plan, ends_at: datetime) -> Grant:
    """A trial's plan. Who began another trial since the order was placed has paid for this one all the same."""
    assert order.paid_at is not None
    return grant(
        user=order.buyer,
        plan=plan,
        starts_at=order.paid_at,
        ends_at=ends_at,
        source=f"order:{order.pk}",
        key=f"order:{order.pk}:plan:{plan.pk}",
        is_trial=not Grant.objects.filter(user=order.buyer, plan=plan, is_trial=True).exists(),
        occurred_at=order.paid_at,
    )


__all__ = [
    "RUNNING",
    "PaidTrial",
    "Subscribing",
    "begin",
    "begin_trial",
    "grant_period",
    "record_start",
    "runs",
]
