"""Shares sum to what is shared, to the last fen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paideia.partners.dividing import divide, part_of, standing

amounts = st.integers(0, 10**12)
weights = st.dictionaries(st.integers(0, 50), st.integers(0, 10**9), max_size=30)


@given(amounts, weights)
def test_parts_sum_to_the_amount_and_none_is_off_by_one(amount, weights):
    parts = divide(amount, weights)
    total = sum(weights.values())
    assert sum(parts.values()) == (amount if total else 0)
    for key, weight in weights.items():
        assert not total or abs(parts[key] * total - amount * weight) < total


@given(amounts, weights)
def test_the_same_question_has_the_same_answer(amount, weights):
    assert divide(amount, weights) == divide(amount, dict(weights))


def test_largest_remainders_get_the_rest():
    assert divide(100, {"a": 1, "b": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}
    assert divide(10, {"a": 6, "b": 3, "c": 1}) == {"a": 6, "b": 3, "c": 1}
    assert divide(7, {"a": 50, "b": 30, "c": 20}) == {"a": 4, "b": 2, "c": 1}
    assert divide(5, {"a": 0, "b": 0}) == {"a": 0, "b": 0}


def test_nothing_below_zero_is_divided():
    with pytest.raises(ValueError):
        divide(-1, {"a": 1})
    with pytest.raises(ValueError):
        divide(1, {"a": -1})


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), max_size=12), st.integers(0, 10_000))
def test_a_part_never_exceeds_what_is_kept_whatever_is_taken_back(whole, refunds, rate):
    full = part_of(whole, rate)
    assert 0 <= full <= whole
    kept = whole
    for refund in refunds:
        kept = max(kept - refund, 0)
        assert standing(full, kept, whole) <= kept
    assert standing(full, whole, whole) == full
    assert standing(full, 0, whole) == 0
