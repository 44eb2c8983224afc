"""Whatever happens in whatever order: money is conserved, no wallet is below zero, and everybody has what a slow
reader of the story says."""

from datetime import timedelta
from itertools import count

import pytest
import time_machine
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paideia.activity.readers import run_once
from paideia.commerce.actions import refund_order
from paideia.ledger.models import Account
from paideia.ledger.queries import audit
from paideia.lib.refusal import Refused
from paideia.partners.actions import (
    Destination,
    approve_payout,
    ask_for_payout,
    become_affiliate,
    pay_payout,
    refuse_payout,
    release_commissions,
)
from paideia.partners.models import Payout
from tests.cast import let_in, person, viewer_of

pytestmark = pytest.mark.django_db
numbers = count(1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sell"), st.integers(0, 2)),
        st.tuples(st.just("refund"), st.integers(0, 5), st.integers(1, 10_000)),
        st.tuples(st.just("release")),
        st.tuples(st.just("ask"), st.integers(0, 1), st.integers(1, 4000)),
        st.tuples(st.just("pay"), st.integers(0, 3)),
        st.tuples(st.just("refuse"), st.integers(0, 3)),
    ),
    min_size=4,
    max_size=14,
)


class Twin:
    """What each person has, told by hand: a list of commissions and two numbers a person."""

    def __init__(self):
        self.orders = []  # [value, refunded, [[person, full, now, released]]]
        self.earnings, self.debt, self.paying = {0: 0, 1: 0}, {0: 0, 1: 0}, []

    def sell(self, level_one):
        parts = [[0, 2000, 2000, False]] if level_one == 0 else [[1, 2000, 2000, False], [0, 500, 500, False]]
        self.orders.append([10_000, 0, parts if level_one < 2 else []])

    def refund(self, index, amount):
        order = self.orders[index]
        order[1] += amount
        for part in order[2]:
            now = part[1] * (order[0] - order[1]) // order[0]
            back, part[2] = part[2] - now, now
            if part[3]:
                self.take(part[0], back)

    def take(self, who, amount):
        there = min(self.earnings[who], amount)
        self.earnings[who] -= there
        self.debt[who] += amount - there

    def give(self, who, amount):
        paid = min(self.debt[who], amount)
        self.debt[who] -= paid
        self.earnings[who] += amount - paid

    def release(self):
        for _value, _refunded, parts in self.orders:
            for part in parts:
                if not part[3]:
                    part[3] = True
                    self.give(part[0], part[2])

    def held(self, who):
        return sum(part[2] for order in self.orders for part in order[2] if part[0] == who and not part[3])

    def commissions(self):
        return sum(part[2] for order in self.orders for part in order[2])

    def sales(self):
        return sum(order[0] - order[1] for order in self.orders)


@given(STEPS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_story_of_sales_refunds_and_payouts_ends_as_the_twin_tells_it(
    community, owner, programme, offer, sell, holds, steps
):
    run_story(community, owner, offer, sell, holds, steps)


@pytest.mark.long
@given(STEPS)
@settings(
    max_examples=2000, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_many_stories_end_as_the_twin_tells_them(community, owner, programme, offer, sell, holds, steps):
    run_story(community, owner, offer, sell, holds, steps)


def run_story(community, owner, offer, sell, holds, steps):
    number = next(numbers)
    people = [let_in(community, person(f"p{number}-{index}")) for index in range(2)]
    above = become_affiliate(viewer=viewer_of(people[0]))
    below = become_affiliate(viewer=viewer_of(people[1]), brought_by=above.code)
    codes = [above.code, below.code, ""]
    twin, orders, buyers = Twin(), [], count(1)
    for step, *given_ in steps:
        if step == "sell":
            buyer = let_in(community, person(f"b{number}-{next(buyers)}"))
            orders.append(sell(offer, buyer, codes[given_[0]]))
            twin.sell(given_[0])
        elif step == "refund" and orders:
            index, amount = given_[0] % len(orders), given_[1]
            amount = min(amount, 10_000 - twin.orders[index][1])
            if amount:
                refund_order(viewer=viewer_of(owner), order=orders[index], reason="-", amount=amount)
                run_once("partners.commissions")
                twin.refund(index, amount)
        elif step == "release":
            with time_machine.travel(timezone.now() + timedelta(days=31)):
                release_commissions()
            twin.release()
        elif step == "ask":
            ask(people, twin, *given_)
        elif step in ("pay", "refuse") and twin.paying:
            decide(owner, twin, step, *given_)
        check(people, twin, holds)
    assert audit() == []


def ask(people, twin, who, amount):
    to = Destination("alipay", "Name", "someone@example.org")
    try:
        row = ask_for_payout(viewer=viewer_of(people[who]), amount=amount, currency="CNY", to=to)
    except Refused:
        assert twin.earnings[who] < amount
        return
    assert twin.earnings[who] >= amount
    twin.earnings[who] -= amount
    twin.paying.append((row, who))


def decide(owner, twin, step, index):
    row, who = twin.paying.pop(index % len(twin.paying))
    if step == "pay":
        approve_payout(viewer=viewer_of(owner), payout=row)
        pay_payout(viewer=viewer_of(owner), payout=row, reference="1")
    else:
        refuse_payout(viewer=viewer_of(owner), payout=row, reason="no")
        twin.give(who, row.amount)


def check(people, twin, holds):
    for who, user in enumerate(people):
        assert holds(user, "commission_held") == twin.held(who)
        assert holds(user, "earnings") == twin.earnings[who]
        assert -holds(user, "debt", owner=f"world:user:{user.pk}") == twin.debt[who]
        assert holds(user, "payout") == sum(row.amount for row, whose in twin.paying if whose == who)
    assert twin.commissions() <= twin.sales()
    assert not Account.objects.filter(balance__lt=0).exclude(owner__startswith="world:").exists()
    assert holds(people[0], "receivable", owner="house") >= sum(twin.debt.values())
    assert Payout.objects.filter(tax__gt=0).count() == 0
