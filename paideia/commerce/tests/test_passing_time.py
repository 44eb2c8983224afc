"""Years of renewals: exactly one charge a period whatever the clock does, and access as a slow reading of the orders
alone says.

The long form renews 10,000 subscriptions for three years, most of them of a year: `--long`.
"""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from paideia.access.models import Grant, Plan
from paideia.accounts.models import User
from paideia.commerce.actions.renewing import AT_ONCE_MAX, renew_due
from paideia.commerce.actions.subscriptions import cancel, resume
from paideia.commerce.models import Offer, Order, SandboxCharge, Subscription
from paideia.commerce.periods import end_of_period
from paideia.communities.models import Community
from tests.cast import let_in, person, viewer_of

from .subscribing import Pay, at, by_hand, clock, decline, offer_of, subscribe
from .test_coupons import crowd

__all__ = ["clock"]

YEARS = 3
MONTHS = {"month": 1, "quarter": 3, "year": 12}
# Clocks that change on different days, one that does not, one beside the date line.
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Shanghai", "Pacific/Apia")


def month_later(moment: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The slow twin of the calendar: day by day from the anchor on the local clock, the last day of the month
    where the day is missing."""
    here = moment.astimezone(zone)
    year, month = here.year, here.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    day = here.day
    while True:
        try:
            local = here.replace(year=year, month=month, day=day, fold=0)
            return local.astimezone(UTC)
        except ValueError:
            day -= 1


@dataclass(frozen=True)
class Stretch:
    begins_at: datetime
    ends_at: datetime

    def holds(self, moment: datetime) -> bool:
        return self.begins_at <= moment < self.ends_at


def held_by_orders(row: Subscription, zone: ZoneInfo) -> list[Stretch]:
    """When access is held, from the orders alone: each paid period, and after each the days of grace, which end
    with the moment of cancelling where that came first."""
    orders = list(row.orders.filter(paid_at__isnull=False).order_by("period"))
    months = MONTHS[row.term]
    first = orders[0].paid_at
    assert first is not None
    edges = [month_later(first, months * n, zone) for n in range(len(orders) + 1)]
    found = [Stretch(begin, end) for begin, end in pairwise(edges)]
    for edge in edges[1:]:
        found.append(Stretch(edge, edge + timedelta(days=row.grace_days)))
    if row.cancelled_at is not None:  # the last word: no grace from then on
        paid, grace = found[: len(orders)], found[len(orders) :]
        found = paid + [Stretch(one.begins_at, min(one.ends_at, row.cancelled_at)) for one in grace]
    return found


HARD = (
    *(at(2027, 12, 31, 23, 59), at(2028, 1, 31, 12), at(2028, 2, 29, 6), at(2027, 10, 31, 1, 30)),
    *(at(2028, 3, 26, 1, 30), at(2028, 3, 12, 7, 30), at(2027, 8, 31, 0, 0), at(2028, 1, 30, 3)),
)


def offers_of(plan: Plan) -> dict[str, Offer]:
    prices = (("month", 3000), ("quarter", 8000), ("year", 30000))
    return {term: offer_of(plan, price, term=term) for term, price in prices}


def begin_all(
    community: Community, plan: Plan, count: int, rng: random.Random, clock: Any, pay: Pay
) -> list[Subscription]:
    """Subscriptions bought on days that are hard to count from."""
    offers, begun = offers_of(plan), []
    users = [let_in(community, person(f"s{number}")) for number in range(count)]
    for moment, user in sorted(((beginning(rng), user) for user in users), key=lambda pair: pair[0]):
        run_until(clock, moment, rng)
        begun.append(subscribe(user, offers[rng.choices(list(offers), [8, 1, 1])[0]], pay))
    return begun


def beginning(rng: random.Random) -> datetime:
    return rng.choice(HARD) + timedelta(seconds=rng.randrange(0, 3600))


def begin_many(community: Community, plan: Plan, count: int, rng: random.Random) -> list[Subscription]:
    """The same as their first payments would have left them, written at once."""
    offers = offers_of(plan)
    rows = []
    for user in crowd(offers["month"], count):
        offer = offers[rng.choices(list(offers), [3, 7, 990])[0]]
        row = Subscription(community=community, user=user, offer=offer, price=offer.price, currency="CNY")
        row.term, row.provider, row.mandate_id, row.period = offer.term, "sandbox", f"m{user.pk}", 1
        row.anchor_at = beginning(rng)
        row.charge_at = row.period_ends_at = end_of_period(row, 1)
        rows.append(row)
    Subscription.objects.bulk_create(rows, batch_size=2000)
    Order.objects.bulk_create([first_order(row) for row in rows], batch_size=2000)
    SandboxCharge.objects.bulk_create([first_charge(row) for row in rows], batch_size=2000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as a database that is not a minute old has done by itself
    return rows


def first_order(row: Subscription) -> Order:
    said = {"community": row.community, "buyer": row.user, "offer": row.offer, "total": row.price}
    said |= {"currency": "CNY", "term": row.term, "renewal": "automatic", "provider": "sandbox"}
    said |= {"number": f"F{row.pk}", "charge_id": f"first{row.pk}", "state": "paid", "period": 1}
    return Order(subscription=row, paid_at=row.anchor_at, expires_at=row.anchor_at, **said)


def first_charge(row: Subscription) -> SandboxCharge:
    said = {"community": row.community, "amount": row.price, "paid_amount": row.price, "currency": "CNY"}
    said |= {"token": f"first{row.pk}", "charge_id": f"first{row.pk}", "order_number": f"F{row.pk}"}
    return SandboxCharge(mandate_id=row.mandate_id, state="paid", paid_at=row.anchor_at, **said)


def run_until(clock: Any, until: datetime, rng: random.Random) -> None:
    """The job every few hours, with the clock an hour behind or ahead now and then, but not on the last day."""
    now = datetime.now(UTC)
    while now < until:
        now = min(now + timedelta(hours=rng.choice([1, 20, 23, 47])), until)
        jump = rng.choice([0, 0, 0, -1, 1]) if until - now > timedelta(days=1) else 0
        clock.move_to(now + timedelta(hours=jump))
        while renew_due() >= AT_ONCE_MAX:
            pass


def expected_charges(row: Subscription, zone: ZoneInfo, until: datetime) -> int:
    count = 1
    while month_later(row.anchor_at, MONTHS[row.term] * count, zone) <= until:
        count += 1
    return count


def each_was_charged_once(begun: list[Subscription], zone: ZoneInfo, until: datetime) -> None:
    paid = SandboxCharge.objects.filter(state="paid").values_list("mandate_id", flat=True)
    charged, periods = Counter(paid), defaultdict(list)
    for pk, period in Order.objects.order_by("period").values_list("subscription_id", "period"):
        periods[pk].append(period)
    rows = Subscription.objects.in_bulk([row.pk for row in begun])
    for row in rows.values():
        wanted = expected_charges(row, zone, until)
        assert (row.state, row.period, charged[row.mandate_id]) == ("active", wanted, wanted)
        assert periods[row.pk] == list(range(1, wanted + 1))
        assert row.period_ends_at == month_later(row.anchor_at, MONTHS[row.term] * wanted, zone)


@pytest.fixture
def zone(community: Community, request: pytest.FixtureRequest) -> ZoneInfo:
    """The community keeps a clock that is hard to follow."""
    name = random.Random(request.node.name).choice(ZONES)
    Community.objects.update(time_zone=name)
    community.refresh_from_db()
    return ZoneInfo(name)


def test_each_period_is_charged_once_through_years(
    clock: Any, community: Community, tier: Plan, zone: ZoneInfo, paid_at_the_sandbox: Pay
) -> None:
    rng = random.Random(6)
    begun = begin_all(community, tier, 6, rng, clock, paid_at_the_sandbox)
    until = at(2028, 4, 1) + timedelta(days=400)
    run_until(clock, until, rng)
    each_was_charged_once(begun, zone, until)


@pytest.mark.parametrize("size", [20, pytest.param(10_000, marks=pytest.mark.long)])
def test_of_many_subscriptions_each_is_charged_once_a_period_for_three_years(
    clock: Any, community: Community, tier: Plan, zone: ZoneInfo, size: int
) -> None:
    rng = random.Random(size)
    begun = begin_many(community, tier, size, rng)
    clock.move_to(min(HARD))
    until = at(2028, 4, 1) + timedelta(days=365 * YEARS)
    run_until(clock, until, rng)
    each_was_charged_once(begun, zone, until)


def test_a_calendar_that_forgets_its_anchor_is_found_out(
    clock: Any, community: Community, tier: Plan, zone: ZoneInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break: each month counted from the end of the one before, so that 31 January leads to
    28 March."""
    from paideia.commerce.deliveries import period

    def drifting(row: Subscription, number: int) -> datetime:
        return month_later(row.period_ends_at, MONTHS[row.term], zone)

    rng = random.Random(1)
    begun = begin_many(community, tier, 1, rng)
    anchor = at(2028, 1, 31, 5)  # the 31st on every clock of ZONES
    ends_at = month_later(anchor, 1, zone)
    Subscription.objects.update(term="month", anchor_at=anchor)
    Subscription.objects.update(period_ends_at=ends_at, charge_at=ends_at)
    monkeypatch.setattr(period, "end_of_period", drifting)
    clock.move_to(at(2028, 2, 1))
    until = at(2029, 4, 1)
    run_until(clock, until, rng)
    with pytest.raises(AssertionError):
        each_was_charged_once(begun, zone, until)


@pytest.mark.parametrize(
    "seed", [*range(4), *[pytest.param(n, marks=pytest.mark.long) for n in range(4, 60)]]
)
def test_access_is_what_the_orders_alone_say(
    clock: Any, community: Community, tier: Plan, visitor: User, paid_at_the_sandbox: Pay, seed: int
) -> None:
    rng = random.Random(seed)
    Community.objects.update(time_zone=rng.choice(ZONES))
    community.refresh_from_db()
    zone = ZoneInfo(community.time_zone)
    grace = rng.choice([0, 1, 3, 7])
    clock.move_to(rng.choice([at(2028, 1, 31, 12), at(2028, 3, 30, 22), at(2028, 10, 1, 3)]))
    row = subscribe(visitor, offer_of(tier, grace_days=grace), paid_at_the_sandbox)
    if rng.random() < 0.3:
        by_hand(row)
    viewer = viewer_of(visitor)
    for _ in range(rng.randrange(60, 160)):
        clock.move_to(datetime.now(UTC) + timedelta(hours=rng.choice([1, 6, 20, 30])))
        renew_due()
        row.refresh_from_db()
        what = rng.random()
        if what < 0.05 and row.is_live:
            decline(row, rng.choice(["decline", "silent"]))
        elif what < 0.1:
            decline(row, "pay")
        elif what < 0.12 and row.state == "active":
            cancel(viewer=viewer, subscription=row, reason="time")
            row.refresh_from_db()
            if row.state == "cancelled" and rng.random() < 0.6:
                resume(viewer=viewer, subscription=row)
        elif row.state == "ended":
            break
    row.refresh_from_db()
    stretches = held_by_orders(row, zone)
    for given in Grant.objects.filter(user=visitor, source__startswith="order:").order_by("starts_at"):
        assert Stretch(given.starts_at, given.ends_at) in stretches  # type: ignore[arg-type]
    begin = stretches[0].begins_at
    end = datetime.now(UTC)
    for _ in range(150):
        moment = begin + timedelta(seconds=rng.randrange(int((end - begin).total_seconds()) or 1))
        expected = any(one.holds(moment) for one in stretches)
        assert _held(tier, visitor, moment) == expected, (seed, moment, row.state, row.cancelled_at)


def _held(plan: Plan, user: User, moment: datetime) -> bool:
    """Whether the plan was held then, by the grants as they stood then."""
    from paideia.access.viewer import look

    return plan.pk in look(plan.community, user, at=moment).plans


def test_a_worker_that_was_away_charges_for_no_time_that_is_over(
    clock: Any, visitor: User, tier: Plan, paid_at_the_sandbox: Pay
) -> None:
    row = subscribe(visitor, offer_of(tier), paid_at_the_sandbox)
    clock.move_to(at(2026, 6, 1))
    renew_due()
    row.refresh_from_db()
    assert (row.state, Order.objects.count()) == ("ended", 1)


def test_the_calendar_agrees_with_its_slow_twin() -> None:
    from paideia.commerce.terms import end_of_term

    rng = random.Random(3)
    for _ in range(2000):
        zone = rng.choice(ZONES)
        moment = at(2024, 1, 1) + timedelta(seconds=rng.randrange(4 * 365 * 86400))
        months = rng.randrange(1, 40)
        fast = end_of_term(moment, Offer.Term.MONTH, zone, times=months)
        assert fast == month_later(moment, months, ZoneInfo(zone))
