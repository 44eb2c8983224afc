"""What recurs: the stored waterfall is that of the terms that were paid."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction

from paideia.books.actions import read_day
from paideia.books.jobs import read_statement, read_statements, reckon, reckon_revenue, statements_due
from paideia.books.models import Difference, RevenueMonth, StatementLine
from paideia.books.terms import terms_of
from paideia.commerce.actions import place_order, refund_order
from paideia.commerce.models import Offer
from paideia.commerce.tests.subscribing import offer_of, pass_time, subscribe
from tests.cast import let_in, person, viewer_of

pytestmark = pytest.mark.django_db
MOVES = (
    "opening",
    "new",
    "returned",
    "expansion",
    "contraction",
    "churn",
    "closing",
    "payers_opening",
    "payers_lost",
)


@pytest.fixture
def clock():
    with time_machine.travel(datetime(2026, 1, 10, 12, tzinfo=UTC), tick=False) as travelling:
        yield travelling


def months():
    return {
        row.month.month: tuple(getattr(row, name) for name in MOVES) for row in RevenueMonth.objects.all()
    }


def buy(user, offer, pay):
    return pay(place_order(viewer=viewer_of(user), offer=offer, provider="sandbox"))


def test_a_year_bought_in_advance_counts_a_twelfth_a_month(
    community, visitor, tier, paid_at_the_sandbox, clock
):
    year = offer_of(tier, 12000, term="year", renewal="none")
    buy(visitor, year, paid_at_the_sandbox)
    clock.move_to(datetime(2026, 3, 5, tzinfo=UTC))
    reckon(community)
    assert months() == {
        1: (0, 1000, 0, 0, 0, 0, 1000, 0, 0),
        2: (1000, 0, 0, 0, 0, 0, 1000, 1, 0),
        3: (1000, 0, 0, 0, 0, 0, 1000, 1, 0),
    }


def test_a_subscription_counts_until_it_ends_and_anew_when_it_returns(
    community, visitor, tier, paid_at_the_sandbox, clock
):
    month = offer_of(tier, 3000, renewal="none")
    buy(visitor, month, paid_at_the_sandbox)  # 10 January to 10 February
    clock.move_to(datetime(2026, 3, 10, tzinfo=UTC))
    buy(visitor, month, paid_at_the_sandbox)
    clock.move_to(datetime(2026, 3, 20, tzinfo=UTC))
    reckon(community)
    assert months() == {
        1: (0, 3000, 0, 0, 0, 0, 3000, 0, 0),
        2: (3000, 0, 0, 0, 0, 3000, 0, 1, 1),
        3: (0, 0, 3000, 0, 0, 0, 3000, 0, 0),
    }


def test_renewals_go_on_without_a_gap(community, visitor, tier, paid_at_the_sandbox, clock):
    subscribe(visitor, offer_of(tier), paid_at_the_sandbox)
    pass_time(clock, datetime(2026, 4, 2, tzinfo=UTC), timedelta(days=1))
    reckon(community)
    assert [row[6] for row in months().values()] == [3000, 3000, 3000, 3000]
    assert [row[5] for row in months().values()] == [0, 0, 0, 0]


def test_a_refund_ends_a_term_and_its_revenue(community, visitor, tier, paid_at_the_sandbox, clock):
    order = buy(visitor, offer_of(tier, 12000, term="year", renewal="none"), paid_at_the_sandbox)
    clock.move_to(datetime(2026, 2, 5, tzinfo=UTC))
    refund_order(viewer=None, order=order, reason="asked")
    clock.move_to(datetime(2026, 3, 5, tzinfo=UTC))
    reckon(community)
    assert (months()[2], months()[3]) == ((1000, 0, 0, 0, 0, 1000, 0, 1, 1), (0, 0, 0, 0, 0, 0, 0, 0, 0))


def test_what_is_for_good_and_instalments_do_not_recur(
    community, visitor, tier, paid_at_the_sandbox, clock, lifetime
):
    buy(visitor, lifetime, paid_at_the_sandbox)
    other = let_in(community, person("ines"))
    buy(other, offer_of(tier, 3000, renewal="instalments", instalments=3), paid_at_the_sandbox)
    assert list(terms_of(community)) == []
    reckon(community)
    assert RevenueMonth.objects.count() == 0


def test_reckoning_again_stores_the_same(community, visitor, tier, paid_at_the_sandbox, clock):
    buy(visitor, offer_of(tier), paid_at_the_sandbox)
    clock.move_to(datetime(2026, 2, 5, tzinfo=UTC))
    reckon_revenue(timestamp=0)
    first = months()
    reckon_revenue(timestamp=0)
    assert (months(), len(first)) == (first, 2)


def test_months_are_kept_apart_by_currency_and_community(
    community, visitor, tier, paid_at_the_sandbox, clock
):
    buy(visitor, offer_of(tier, 3000), paid_at_the_sandbox)
    other = let_in(community, person("ines"))
    buy(other, offer_of(tier, 900, currency="USD"), paid_at_the_sandbox)
    reckon(community)
    assert sorted(RevenueMonth.objects.values_list("currency", "closing")) == [("CNY", 3000), ("USD", 900)]


@pytest.mark.parametrize(
    "wrong",
    [{"closing": 1}, {"month": date(2026, 1, 2)}, {"currency": "cny"}, {"payers_lost": 2}],
)
def test_the_database_refuses_a_month_that_cannot_be(community, wrong):
    row = dict.fromkeys(MOVES, 0) | {
        "month": date(2026, 1, 1),
        "currency": "CNY",
        "until": datetime(2026, 2, 1, tzinfo=UTC),
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        RevenueMonth.objects.create(community=community, **{**row, **wrong})


def test_each_statement_that_is_due_is_read_by_a_job_of_its_own(community, order, paid_at_the_sandbox, clock):
    from procrastinate.contrib.django.models import ProcrastinateJob

    paid_at_the_sandbox(order)
    clock.move_to(datetime(2026, 1, 12, 4, 20, tzinfo=UTC))
    for _time in range(2):
        read_statements(timestamp=int(datetime(2026, 1, 12, 4, 20, tzinfo=UTC).timestamp()))
    jobs = ProcrastinateJob.objects.filter(task_name="books.read_statement").order_by("args__day")
    days = [f"2026-01-{day:02}" for day in range(5, 12)]
    assert [(job.args["community_id"], job.args["provider"], job.args["day"]) for job in jobs] == [
        (community.pk, "sandbox", day) for day in days
    ]
    for day in days:
        read_statement(community.pk, "sandbox", day)
    assert (StatementLine.objects.get().entry, Difference.objects.count()) == (f"order:{order.pk}:sale", 0)


def test_statements_are_due_for_the_last_week_of_communities_that_sold(
    community, visitor, monthly, order, clock
):
    clock.move_to(datetime(2026, 1, 15, 12, tzinfo=UTC))
    due = statements_due(date(2026, 1, 20))
    assert [(one[1], one[2]) for one in due] == [("sandbox", date(2026, 1, day)) for day in range(13, 20)]
    read_day(community, "sandbox", date(2026, 1, 15))
    assert len(statements_due(date(2026, 1, 20))) == 7  # that day was not over
    clock.move_to(datetime(2026, 1, 20, tzinfo=UTC))
    read_day(community, "sandbox", date(2026, 1, 15))
    assert len(statements_due(date(2026, 1, 20))) == 6
    assert Offer.objects.count() == 1
