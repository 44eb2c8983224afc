"""Pairs of lines and entries, without a database: each rule where it begins and where it ends."""

from datetime import UTC, datetime, timedelta

import pytest

from paideia.books.comparing import Entry, Line, Rate, compare, merged

DAY = datetime(2026, 3, 10, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)
COVERED = [(DAY, DAY + timedelta(days=1))]


def line(**other):
    fields = {
        "pk": 1, "kind": "charge", "line_id": "t1", "occurrence": 1, "charge_id": "ch1", "order_number": "P1",
        "refund_key": "", "amount": 3000, "fee": 0, "currency": "CNY", "at": NOON,
    }  # fmt: skip
    return Line(**{**fields, **other})


def entry(**other):
    fields = {
        "kind": "charge", "key": "order:1:sale", "charge_id": "ch1", "order_number": "P1", "refund_key": "",
        "provider_id": "", "amount": 3000, "currency": "CNY", "since": NOON, "until": NOON,
    }  # fmt: skip
    return Entry(**{**fields, **other})


def refund(**other):
    later = {"since": NOON, "until": NOON + timedelta(hours=2)}
    return entry(**{"kind": "refund", "key": "refund:1:done", "refund_key": "k1", **later, **other})


def found(lines, entries, *, covered=COVERED, rates=None, now=NOON + timedelta(days=30)):
    result = compare(lines, entries, covered=covered, rates=rates or {}, now=now)
    return [(str(one.kind), str(one.explanation)) for one in result.found]


@pytest.mark.parametrize(
    ("apart", "kinds"),
    [
        (timedelta(minutes=15), []),
        (timedelta(minutes=-15), []),
        (timedelta(minutes=15, seconds=1), [("clock", "")]),
        (-timedelta(minutes=15, seconds=1), [("clock", "")]),
        (timedelta(hours=23, minutes=59), [("clock", "")]),
        (timedelta(days=1), [("late", "")]),
        (timedelta(days=-1), [("late", "")]),
    ],
)
def test_clocks_may_differ_by_a_quarter_of_an_hour(apart, kinds):
    assert found([line(at=NOON + apart)], [entry()]) == kinds


@pytest.mark.parametrize(
    ("at", "kinds"),
    [
        (NOON - timedelta(days=5), []),  # it arrived before we heard of it
        (NOON + timedelta(hours=2), []),
        (NOON + timedelta(hours=3), [("clock", "")]),
        (NOON + timedelta(days=2), [("late", "")]),
    ],
)
def test_a_refund_may_arrive_any_time_before_it_is_known(at, kinds):
    assert found([line(kind="refund", refund_key="k1", at=at)], [refund()]) == kinds


@pytest.mark.parametrize(
    ("fee", "kinds"),
    [(18, []), (17, []), (19, []), (20, [("fee", "")]), (0, [("fee", "")]), (-1, [("fee", "")])],
)
def test_an_agreed_fee_may_differ_by_rounding(fee, kinds):
    assert found([line(fee=fee)], [entry()], rates={"CNY": Rate(6000, 0)}) == kinds


def test_no_fee_is_wrong_where_none_was_agreed_but_one_above_the_amount():
    assert found([line(fee=2999)], [entry()]) == []
    assert found([line(fee=3001)], [entry()]) == [("fee", "")]


def test_a_second_charge_for_a_paid_order_is_a_double():
    lines = [line(), line(pk=2, line_id="t2", charge_id="ch2", at=NOON + timedelta(hours=1))]
    assert found(lines, [entry()]) == [("double", "")]


def test_another_charge_that_we_know_of_is_none():
    lines = [line(), line(pk=2, line_id="t2", charge_id="ch2", amount=2999)]
    stray = entry(key="charge:sandbox:ch2:unmatched", charge_id="ch2", amount=2999)
    assert found(lines, [entry(), stray]) == []


def test_refunds_of_one_charge_are_told_apart_by_amount():
    ours = [refund(amount=500), refund(key="refund:2:done", refund_key="k2", amount=700)]
    lines = [
        line(kind="refund", line_id="r1", amount=700),
        line(pk=2, kind="refund", line_id="r2", amount=500),
    ]
    result = compare(lines, ours, covered=COVERED, rates={}, now=NOON)
    assert (result.pairs, result.found) == ({1: "refund:2:done", 2: "refund:1:done"}, [])


def test_a_refund_that_names_another_key_is_nobodys():
    lines = [line(kind="refund", refund_key="k9", amount=3000)]
    assert found(lines, [refund()]) == [("orphan_refund", ""), ("missing_there", "")]


def test_a_refund_that_failed_here_and_arrived_there():
    assert found([line(kind="refund", refund_key="k1")], [refund(state="failed")]) == [("status", "")]
    assert found([line(kind="refund", refund_key="k1")], [refund(state="bounced")]) == [("status", "bounced")]
    came_back = line(pk=2, kind="refund_failed", line_id="r1f", refund_key="k1")
    assert found([came_back], [refund(state="bounced")]) == []
    assert found([came_back], [refund()]) == [("status", ""), ("missing_there", "")]


def test_disputes_are_paired_by_their_charge_and_expected_only_of_who_tells_them():
    ours = entry(kind="dispute", key="dispute:1:opened", provider_id="dp_1")
    assert found([line(kind="dispute", line_id="txn_9")], [ours]) == []
    assert found([], [ours]) == [("missing_there", "")]
    assert found([], [entry(kind="dispute", key="dispute:1:opened", must_be_told=False)]) == []


@pytest.mark.parametrize(
    ("covered", "kinds"),
    [
        (COVERED, [("missing_there", "")]),
        ([(DAY, NOON)], [("missing_there", "timing")]),
        ([(NOON + timedelta(minutes=10), NOON + timedelta(days=1))], [("missing_there", "timing")]),
        ([(DAY - timedelta(days=1), DAY)], []),
        ([], []),
    ],
)
def test_what_is_missing_depends_on_what_was_read(covered, kinds):
    assert found([], [entry()], covered=covered) == kinds


def test_spans_that_touch_are_one():
    hours = [DAY + timedelta(hours=n) for n in range(6)]
    spans = [(hours[2], hours[3]), (hours[0], hours[1]), (hours[1], hours[2]), (hours[4], hours[5])]
    assert merged(spans) == [(hours[0], hours[3]), (hours[4], hours[5])]
