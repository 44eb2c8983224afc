"""What somebody has, until when, and what renews for how much: the reads of the billing portal."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from paideia.access.models import Grant, Plan
from paideia.access.viewer import Viewer
from paideia.commerce.actions.rests import is_shut_out
from paideia.commerce.actions.subscriptions import retention_for
from paideia.commerce.models import Offer, Order, Rest, RetentionOffer, Subscription
from paideia.commerce.periods import end_of_tries
from paideia.commerce.providers import Capability, available
from paideia.commerce.queries.offers import offers_on_sale
from paideia.commerce.queries.orders import must_see_money
from paideia.commerce.quoting.renewing import listed_price, price_now, quote_period
from paideia.commerce.quoting.unused import Left, is_replaceable, left_of
from paideia.lib.refusal import NotFound

State = Subscription.State
ENDED_SHOWN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Held:
    """A plan that somebody holds, all its terms together. `ends_at` None: for good."""

    plan: Plan
    starts_at: datetime
    ends_at: datetime | None
    is_trial: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A subscription as its owner should see it. `total` is what the next period costs, None where none follows;
    `pay_until` is when a payment that is due has to be made."""

    row: Subscription
    total: int | None
    by_hand: bool
    pay_until: datetime | None
    rests: bool = False  # while its owner is suspended

    @property
    def is_open(self) -> bool:
        return self.row.ended_at is None


@dataclass(frozen=True, slots=True)
class Choice:
    """Another offer that one could change to: what it costs at once (None: what is left is worth more), and when
    the present one ends (None: it cannot wait)."""

    offer: Offer
    now: int | None
    later: int | None


def plans_held(viewer: Viewer) -> list[Held]:
    """Each plan once, from now or later on. One query."""
    grants = (
        Grant.objects.filter(user=viewer.user, plan__community=viewer.community, revoked_at=None)
        .filter(Q(ends_at=None) | Q(ends_at__gt=viewer.now))
        .exclude(source__startswith="grace:")
        .exclude(plan__kind=Plan.Kind.CIRCLE)
    )
    found: dict[int, Held] = {}
    for one in grants.select_related("plan").order_by("plan__position", "plan_id", "starts_at"):
        before = found.get(one.plan_id)
        if before is None:
            found[one.plan_id] = Held(one.plan, one.starts_at, one.ends_at, one.is_trial)
            continue
        ends = None if None in (before.ends_at, one.ends_at) else max(before.ends_at, one.ends_at)  # type: ignore[type-var]
        found[one.plan_id] = Held(one.plan, before.starts_at, ends, before.is_trial and one.is_trial)
    return list(found.values())


def standings(viewer: Viewer) -> list[Standing]:
    """One's own subscriptions, those that ended lately too, what needs attention first."""
    rows = Subscription.objects.filter(community=viewer.community, user=viewer.user)
    rows = rows.filter(Q(ended_at=None) | Q(ended_at__gt=viewer.now - ENDED_SHOWN))
    order = [State.PAST_DUE, State.TRIAL, State.ACTIVE, State.CANCELLED, State.PAID_OFF, State.ENDED]
    found = rows.select_related("community", "offer", "next_offer", "user").order_by("-pk")
    return [_standing(viewer, row) for row in sorted(found, key=lambda row: order.index(State(row.state)))]


def standing(viewer: Viewer, pk: int) -> Standing:
    """One's own subscription; NotFound alike for all others'."""
    rows = Subscription.objects.filter(community=viewer.community, user_id=viewer.user_id or 0, pk=pk)
    row = rows.select_related("community", "offer", "next_offer", "user").first()
    if row is None:
        raise NotFound("")
    return _standing(viewer, row)


def _standing(viewer: Viewer, row: Subscription) -> Standing:
    row.community = viewer.community
    by_hand = not row.mandate_id or row.provider not in {
        one.key for one in available() if Capability.MANDATES in one.capabilities
    }
    total = quote_period(row, viewer.now).total if row.is_live else None
    due = row.state == State.PAST_DUE and not row.instalments
    rests = row.is_live and is_shut_out(row.community_id, row.user_id)
    return Standing(row, total, by_hand, end_of_tries(row, row.period_ends_at) if due else None, rests)


def terms_to_change(viewer: Viewer) -> list[tuple[Order, Left]]:
    """Orders whose time is not over and that renew nothing: what was bought in advance. They can be changed."""
    source = Grant.objects.filter(user=viewer.user, revoked_at=None, ends_at__gt=viewer.now)
    orders = Order.objects.filter(
        community=viewer.community,
        buyer=viewer.user,
        kind__in=[Order.Kind.PURCHASE, Order.Kind.CHANGE],
        state__in=[Order.State.PAID, Order.State.PARTLY_REFUNDED],
        subscription=None,
        offer__isnull=False,
    )
    ids = [
        int(one.removeprefix("order:"))
        for one in source.values_list("source", flat=True)
        if one[:6] == "order:"
    ]
    found = orders.filter(pk__in=ids).select_related("offer", "subscription").prefetch_related("lines")
    return [(one, left_of(one, viewer.now)) for one in found.order_by("pk") if is_replaceable(one)]


def choices(viewer: Viewer, order: Order | None, row: Subscription | None) -> list[Choice]:
    """What one can change to, with the price of each way."""
    left = left_of(order, viewer.now) if order is not None and is_replaceable(order) else None
    currency = row.currency if row is not None else order.currency if order is not None else ""
    has = row.offer_id if row is not None else order.offer_id if order is not None else None
    mine = row.offer if row is not None else order.offer if order is not None else None
    kinds = {plan.kind for plan in mine.plans.all()} if mine is not None else set()
    found = []
    for offer in offers_on_sale(viewer):
        if not kinds & {plan.kind for plan in offer.plans.all()}:
            continue  # a tier is changed for a tier, not for a single course
        if offer.pk == has or offer.is_for_seats or offer.renewal == Offer.Renewal.INSTALMENTS:
            continue
        if listed_price(offer, currency) is None:
            continue
        price = price_now(offer, currency, viewer.now)
        now = price - left.amount if left is not None and left.amount <= price else None
        renews = offer.renewal == Offer.Renewal.AUTOMATIC
        waits = (renews and row.is_live) if row is not None else left is not None and left.ends_at is not None
        if now is not None or waits:
            found.append(Choice(offer, now, price if waits else None))
    return found


def current_order(row: Subscription) -> Order | None:
    """The paid order of the period that runs."""
    return row.orders.filter(period=row.period, paid_at__isnull=False).first() if row.period else None


def offer_to_stay(row: Subscription) -> RetentionOffer | None:
    return retention_for(row)


@dataclass(frozen=True, slots=True)
class Counted:
    """A name and how many there are."""

    key: str
    label: str
    count: int


def subscriptions_found(viewer: Viewer, state: str = "", words: str = "") -> QuerySet[Subscription]:
    """All subscriptions, for those who may see money, each with `rests_since`, where its owner is suspended:
    `failed` are those whose last charge failed, `rests` those that rest."""
    must_see_money(viewer)
    rests = Rest.objects.filter(community=OuterRef("community"), user=OuterRef("user"), until=None)
    found = Subscription.objects.filter(community=viewer.community)
    found = found.annotate(rests_since=Subquery(rests.values("since")[:1]))
    failed = Order.objects.filter(subscription=OuterRef("pk"), state=Order.State.FAILED)
    if state == "failed":
        found = found.filter(Exists(failed), state=State.PAST_DUE)
    elif state == "rests":
        found = found.filter(rests_since__isnull=False, state__in=Subscription.LIVE)
    elif state in State.values:
        found = found.filter(state=state)
    if words := words.strip():
        found = found.filter(
            Q(user__handle__icontains=words)
            | Q(user__name__icontains=words)
            | Q(user__email__iexact=words)
            | Q(offer__name__icontains=words)
        )
    return found.select_related("user", "offer").order_by("-pk")


def states_counted(viewer: Viewer) -> list[Counted]:
    """How many subscriptions there are in each state. One query."""
    must_see_money(viewer)
    rows = Subscription.objects.filter(community=viewer.community).order_by().values("state")
    found = dict(rows.annotate(count=Count("pk")).values_list("state", "count"))
    return [Counted(key, str(label), found.get(key, 0)) for key, label in State.choices]


def reasons_counted(viewer: Viewer, since: datetime) -> list[Counted]:
    """Why people left since then, the most frequent first. One query."""
    must_see_money(viewer)
    left = Subscription.objects.filter(community=viewer.community, cancelled_at__gte=since)
    rows = left.exclude(cancel_reason="").order_by().values("cancel_reason").annotate(count=Count("pk"))
    labels = dict(Subscription.Reason.choices)
    found = [
        Counted(key, str(labels[key]), count) for key, count in rows.values_list("cancel_reason", "count")
    ]
    return sorted(found, key=lambda one: (-one.count, one.key))
