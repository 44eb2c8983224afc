"""L6: what a provider's statement and our books do not say alike is found, all of it and nothing else."""

import random
import time
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from django.db import connection
from django.utils import timezone

from paideia.books import comparing
from paideia.books.actions import keep_statement, read_day, reconcile, resolve_difference, save_fee_terms
from paideia.books.models import Difference, ProviderStatement, StatementLine
from paideia.books.refusals import NotOpen, NotPermitted
from paideia.books.tests.conftest import sell
from paideia.commerce import books
from paideia.commerce.actions import refund_order, send_refund
from paideia.commerce.models import Offer, Order, Refund
from paideia.commerce.providers import LineKind
from paideia.commerce.providers import StatementLine as Told
from paideia.communities.actions import create_community
from paideia.ledger.actions import Move, account, post
from paideia.ledger.queries import balance
from paideia.lib.refusal import Invalid
from tests.cast import viewer_of

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 3, 10, tzinfo=UTC)
Kind, State = Difference.Kind, Difference.State


def line_of(order: Order, **other: object) -> Told:
    said = {
        "kind": LineKind.CHARGE,
        "line_id": f"txn_{order.charge_id}",
        "charge_id": order.charge_id,
        "order_number": order.number,
        "amount": order.total,
        "currency": order.currency,
        "at": order.paid_at,
        **other,
    }
    return Told(**said)  # type: ignore[arg-type]


def statement(community, since=DAY, until=None, *, provider="sandbox", mark="a", source="file"):
    return ProviderStatement(
        community=community,
        provider=provider,
        source=source,
        name=mark,
        digest="" if source == "api" else mark,
        covers_from=since,
        covers_until=until or since + timedelta(days=1),
    )


def read(community, lines, **how):
    return keep_statement(statement(community, **how), lines)


def differences():
    return sorted(Difference.objects.values_list("kind", "state", "explanation"))


@pytest.fixture
def orders(community, visitor, monthly):
    return sell(community, visitor, monthly, [DAY + timedelta(hours=hour) for hour in range(2, 22, 2)])


def test_a_clean_statement_has_no_difference(community, orders):
    kept = read(community, [line_of(one) for one in orders])
    assert (kept.lines_new, differences()) == (10, [])
    paired = StatementLine.objects.order_by("pk").values_list("entry", flat=True)
    assert list(paired) == [f"order:{one.pk}:sale" for one in orders]


def test_planted_discrepancies_are_all_found_and_nothing_else(community, owner, visitor, monthly):
    found, planted, seconds = plant_and_read(community, owner, visitor, monthly, clean=900, each=2)
    assert found == planted
    assert seconds < 30


@pytest.mark.long
def test_fifty_planted_discrepancies_among_ten_thousand_lines(community, owner, visitor, monthly):
    found, planted, seconds = plant_and_read(community, owner, visitor, monthly, clean=10_000, each=5)
    assert len(planted) == 50
    assert found == planted
    assert seconds < 60


def test_a_comparison_that_looks_at_no_times_is_found_out(community, owner, visitor, monthly, monkeypatch):
    """The control that must break."""
    monkeypatch.setattr(comparing, "_times", lambda line, entry: [])
    found, planted, _seconds = plant_and_read(community, owner, visitor, monthly, clean=60, each=1)
    assert {kind for kind, _subject in planted - found} == {"late", "clock"}


def plant_and_read(community, owner, visitor, monthly, *, clean, each):
    """Ten kinds of discrepancy, `each` of them, among clean lines of ten days. What was found and what was planted:
    pairs of a kind and the id on whichever side has one."""
    rng = random.Random(7)
    other = create_community(by=owner, slug="other", name="Other", tagline="", language="en", time_zone="UTC")
    offer = Offer.objects.create(community=other, name="Theirs", price=3000, currency="CNY")
    save_fee_terms(
        viewer=viewer_of(owner), provider="sandbox", currency="CNY", share_millionths=6000, fixed=0
    )
    moments = sorted(
        DAY + timedelta(seconds=rng.randrange(3600, 10 * 86400 - 3600)) for _ in range(clean + 8 * each)
    )
    orders = sell(community, visitor, monthly, moments)
    theirs = sell(other, visitor, offer, [DAY + timedelta(days=n + 1) for n in range(each)], mark="other")
    rest = iter(orders)
    refunded = list(islice(rest, clean // 20))
    fee = 18  # 0.6 % of 30.00
    lines = [line_of(one, fee=fee) for one in refunded]
    lines += [refund_line(refund_there(one, n)) for n, one in enumerate(refunded)]
    planted: set[tuple[str, str]] = set()

    def take(kind):
        for one in islice(rest, each):
            planted.add((str(kind), f"txn_{one.charge_id}"))
            yield one

    for one in take(Kind.MISSING_THERE):
        planted ^= {
            (Kind.MISSING_THERE, f"txn_{one.charge_id}"),
            (Kind.MISSING_THERE, f"order:{one.pk}:sale"),
        }
    for one in take(Kind.DOUBLE):
        later = one.paid_at + timedelta(seconds=1)
        lines += [line_of(one, fee=fee), line_of(one, fee=fee, line_id=f"again_{one.charge_id}", at=later)]
        planted ^= {(Kind.DOUBLE, f"txn_{one.charge_id}"), (Kind.DOUBLE, f"again_{one.charge_id}")}
    lines += [line_of(one, fee=fee, amount=one.total - 1) for one in take(Kind.AMOUNT)]
    lines += [line_of(one, fee=fee, currency="USD") for one in take(Kind.CURRENCY)]
    lines += [line_of(one, fee=fee + 7) for one in take(Kind.FEE)]
    for one in unpaid_orders(community, visitor, offer=monthly, count=each):
        planted.add((str(Kind.STATUS), f"txn_{one.number}"))
        said = {"charge_id": f"new_{one.number}", "at": one.created_at, "line_id": f"txn_{one.number}"}
        lines.append(line_of(one, fee=fee, **said))
    lines += [line_of(one, fee=fee, at=one.paid_at - timedelta(days=3)) for one in take(Kind.LATE)]
    lines += [line_of(one, fee=fee, at=one.paid_at + timedelta(hours=8)) for one in take(Kind.CLOCK)]
    for one, foreign in zip(take(Kind.OTHER_COMMUNITY), theirs, strict=True):
        lines.append(line_of(one, fee=fee, order_number=foreign.number))
    for n in range(each):
        planted.add((str(Kind.ORPHAN_REFUND), f"re_orphan_{n}"))
        said = {
            "kind": LineKind.REFUND,
            "line_id": f"re_orphan_{n}",
            "charge_id": f"gone_{n}",
            "order_number": "",
        }
        lines.append(line_of(orders[0], **said, fee=0))
    lines += [line_of(one, fee=fee) for one in rest]
    rng.shuffle(lines)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as a database that is not a minute old has done by itself
    begun = time.perf_counter()
    keep_statement(statement(community, DAY - timedelta(days=4), DAY + timedelta(days=11)), lines)
    seconds = time.perf_counter() - begun
    rows = Difference.objects.filter(state=State.OPEN).select_related("line")
    return {(row.kind, row.line.line_id if row.line else row.entry) for row in rows}, planted, seconds


def refund_there(order: Order, n: int) -> Refund:
    at = order.paid_at + timedelta(minutes=30)
    refund = Refund.objects.create(
        order=order,
        key=f"key{n}",
        amount=100,
        currency="CNY",
        reason="-",
        state="done",
        created_at=at,
        done_at=at,
    )
    way, outside = books.on_its_way(order, "CNY"), books.charges_of(order, "CNY")
    sales = account(order.community, "house", "sales", "CNY")
    post(
        [
            Move(sales, way, 100, f"refund:{refund.pk}:agreed"),
            Move(way, outside, 100, f"refund:{refund.pk}:done", {}, at),
        ]
    )
    return refund


def refund_line(refund: Refund) -> Told:
    said = {"kind": LineKind.REFUND, "line_id": f"re_{refund.pk}", "amount": 100, "refund_key": refund.key}
    return line_of(refund.order, **said, at=refund.done_at)


def unpaid_orders(community, visitor, *, offer, count):
    return [
        Order.objects.create(
            community=community,
            buyer=visitor,
            offer=offer,
            number=f"P-unpaid-{n}",
            total=offer.price,
            currency="CNY",
            term="month",
            state="expired",
            provider="sandbox",
            created_at=DAY + timedelta(days=2),
            expires_at=DAY + timedelta(days=2, hours=1),
        )
        for n in range(count)
    ]


def test_a_charge_at_midnight_waits_for_the_next_days_statement(community, visitor, monthly):
    (one,) = sell(community, visitor, monthly, [DAY + timedelta(hours=23, minutes=58)])
    read(community, [], source="api")
    assert differences() == [("missing_there", "explained", "timing")]
    late = line_of(one, at=DAY + timedelta(days=1, minutes=1))
    read(community, [late], since=DAY + timedelta(days=1), source="api")
    assert differences() == [("missing_there", "explained", "agreed_later")]


def test_a_charge_at_midnight_is_missing_where_the_next_day_has_it_not_either(community, visitor, monthly):
    (one,) = sell(community, visitor, monthly, [DAY + timedelta(hours=23, minutes=58)])
    read(community, [], source="api")
    read(community, [], since=DAY + timedelta(days=1), source="api")
    row = Difference.objects.get()
    assert (row.kind, row.state, row.entry, row.order) == (
        "missing_there",
        "open",
        f"order:{one.pk}:sale",
        one,
    )


def test_what_lies_outside_of_every_statement_is_not_missing(community, orders):
    read(community, [], since=DAY + timedelta(days=2))
    assert differences() == []


def test_a_line_that_comes_late_explains_what_was_missing(community, orders):
    read(community, [line_of(one) for one in orders[1:]], source="api")
    assert differences() == [("missing_there", "open", "")]
    read(community, [line_of(orders[0])], source="api")
    assert differences() == [("missing_there", "explained", "agreed_later")]


def test_a_refund_in_flight_is_explained_until_it_should_have_been_confirmed(
    community, order, paid_at_the_sandbox, time_machine
):
    time_machine.move_to(DAY + timedelta(hours=8), tick=False)
    done = paid_at_the_sandbox(order)
    Order.objects.filter(pk=done.pk).update(paid_at=DAY)
    refund = refund_order(viewer=None, order=done, reason="asked")
    there = line_of(
        done, kind=LineKind.REFUND, line_id="re_1", refund_key=refund.key, at=DAY + timedelta(hours=9)
    )
    charge = line_of(done, at=DAY + timedelta(hours=8))
    time_machine.move_to(DAY + timedelta(days=1), tick=False)
    read(community, [charge, there])
    assert differences() == [("status", "explained", "in_flight")]
    time_machine.move_to(DAY + timedelta(days=5), tick=False)
    reconcile(community, "sandbox", DAY, DAY + timedelta(days=1))
    assert differences() == [("status", "open", "")]
    send_refund(refund.pk)
    reconcile(community, "sandbox", DAY, DAY + timedelta(days=1))
    assert differences() == [("status", "explained", "agreed_later")]


def test_the_sandbox_agrees_with_the_books_about_payment_refund_and_part(
    community, order, paid_at_the_sandbox
):
    done = paid_at_the_sandbox(order)
    for amount in (500, 700):
        refund = refund_order(viewer=None, order=done, reason="asked", amount=amount)
        send_refund(refund.pk)
    today = timezone.now().astimezone(UTC).date()
    for day in (today - timedelta(days=1), today):
        read_day(community, "sandbox", day)
    assert (StatementLine.objects.count(), StatementLine.objects.filter(entry="").count()) == (3, 0)
    assert differences() == []


def test_an_amount_without_the_fee_is_explained(community, orders):
    read(community, [line_of(one, amount=one.total - 18, fee=18) for one in orders])
    assert differences() == [("amount", "explained", "net")] * 10


def test_fees_are_booked_once_and_given_back_when_the_statement_says_so(community, orders):
    lines = [line_of(one, fee=18) for one in orders]
    account_fee = line_of(
        orders[0], kind=LineKind.FEE, line_id="fee_1", charge_id="", order_number="", amount=200
    )
    back = line_of(
        orders[0], kind=LineKind.DISPUTE_WON, line_id="dp_1", charge_id="", order_number="", fee=-1500
    )
    for mark in ("a", "b"):
        read(community, [*lines, account_fee], mark=mark)
    assert balance(community, "world:sandbox", "fees", "CNY") == 10 * 18 + 200
    assert balance(community, "house", "sales", "CNY") == 10 * 3000 - 380
    read(community, [back], mark="c")
    assert (
        balance(community, "world:sandbox", "fees", "CNY") == 380
    )  # about nothing of ours: listed, not booked
    assert differences() == [("missing_here", "open", "")]


def test_fees_of_sales_that_were_passed_on_are_put_in_by_the_owners(community, orders):
    sales = account(community, "house", "sales", "CNY")
    post([Move(sales, account(community, "user:1", "earnings", "CNY"), 30000, "share:1")])
    read(community, [line_of(one, fee=18) for one in orders])
    assert balance(community, "world:owners", "advances", "CNY") == -180
    assert balance(community, "world:sandbox", "fees", "CNY") == 180


def test_the_same_file_twice_changes_nothing(community, orders):
    lines = [line_of(one, fee=18) for one in orders[1:]]
    assert read(community, lines).is_new
    from paideia.activity.models import Fact
    from paideia.ledger.models import Transfer

    counts = [
        model.objects.count() for model in (StatementLine, Difference, Transfer, Fact, ProviderStatement)
    ]
    assert not read(community, lines).is_new
    assert [
        model.objects.count() for model in (StatementLine, Difference, Transfer, Fact, ProviderStatement)
    ] == counts


def test_a_statement_that_overlaps_another_keeps_each_line_once(community, orders):
    read(community, [line_of(one) for one in orders[:6]], mark="a", until=orders[6].paid_at)
    kept = read(community, [line_of(one) for one in orders[4:]], mark="b")
    assert (kept.lines_new, StatementLine.objects.count(), differences()) == (4, 10, [])


def test_a_line_that_stands_twice_in_one_statement_is_a_double(community, orders):
    read(community, [*[line_of(one) for one in orders], line_of(orders[3])])
    assert Difference.objects.values_list("kind", "line__occurrence").get() == ("double", 2)


def test_a_line_that_says_otherwise_later_is_listed(community, orders):
    read(community, [line_of(one) for one in orders], mark="a")
    read(community, [line_of(orders[0], amount=2999)], mark="b")
    row = Difference.objects.get()
    assert (row.kind, row.ours_amount, row.theirs_amount, row.state) == ("changed", 3000, 2999, "open")
    assert StatementLine.objects.get(line_id=f"txn_{orders[0].charge_id}").amount == 3000


def test_lines_of_other_communities_orders_are_left_out(community, owner, visitor, orders):
    other = create_community(by=owner, slug="other", name="Other", tagline="", language="en", time_zone="UTC")
    offer = Offer.objects.create(community=other, name="Theirs", price=3000, currency="CNY")
    (theirs,) = sell(other, visitor, offer, [DAY + timedelta(hours=3)], mark="other")
    lines = [line_of(one) for one in orders]
    read(community, [*lines, line_of(theirs), line_of(theirs, order_number="", line_id="x")])
    assert (StatementLine.objects.count(), differences()) == (10, [])


def test_a_fee_of_the_account_is_taken_by_one_community(community, owner, orders):
    other = create_community(by=owner, slug="other", name="Other", tagline="", language="en", time_zone="UTC")
    fee = line_of(orders[0], kind=LineKind.FEE, line_id="fee_1", charge_id="", order_number="", amount=200)
    for place in (community, other):
        read(place, [fee])
    assert balance(community, "world:sandbox", "fees", "CNY") == 200
    assert balance(other, "world:sandbox", "fees", "CNY") == 0


def test_a_difference_is_resolved_by_who_may_once_with_a_note(community, owner, moderator, orders):
    read(community, [line_of(one) for one in orders[1:]])
    row = Difference.objects.get()
    with pytest.raises(NotPermitted):
        resolve_difference(viewer=viewer_of(moderator), difference=row, resolution="asked")
    with pytest.raises(Invalid):
        resolve_difference(viewer=viewer_of(owner), difference=row, resolution="  ")
    resolve_difference(viewer=viewer_of(owner), difference=row, resolution="The bank says it arrives.")
    with pytest.raises(NotOpen):
        resolve_difference(viewer=viewer_of(owner), difference=row, resolution="again")
    row.refresh_from_db()
    assert (row.state, row.resolved_by, row.resolution) == ("resolved", owner, "The bank says it arrives.")
    reconcile(community, "sandbox", DAY, DAY + timedelta(days=1))
    row.refresh_from_db()
    assert row.state == State.RESOLVED
