"""Assignment is fair and stable, intervals cover, repeated looks do not cheat, uplift is found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from paideia.science.errors import ConstantInput, EmptyInput, NotFinite, OneClass, OutOfRange, TooShort
from paideia.science.experiments import (
    always_valid,
    assign,
    bucket,
    cuped,
    detectable,
    difference,
    guard,
    people_needed,
    qini,
    ratio_difference,
    sample_ratio,
    transformed_outcome,
    two_model,
)


def test_the_same_unit_gets_the_same_variant_and_salts_are_independent():
    first = [bucket(n, salt="price") for n in range(20_000)]
    assert first == [bucket(n, salt="price") for n in range(20_000)]
    assert stats.kstest(first, "uniform").pvalue > 0.01
    other = [bucket(n, salt="cover") for n in range(20_000)]
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.03
    assert all(0 <= b < 1 for b in first)


def test_shares_are_kept_and_growing_a_variant_moves_nobody_out_of_it():
    small = assign(range(20_000), salt="s", shares={"new": 0.1, "old": 0.9})
    large = assign(range(20_000), salt="s", shares={"new": 0.3, "old": 0.7})
    assert small.count("new") / 20_000 == pytest.approx(0.1, abs=0.007)
    assert [b for a, b in zip(small, large, strict=True) if a == "new"] == ["new"] * small.count("new")


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}])
def test_impossible_shares_are_refused(shares):
    with pytest.raises((EmptyInput, OutOfRange)):
        assign([1], salt="s", shares=shares)


def test_a_broken_split_is_noticed_and_a_fair_one_is_not():
    fair, broken = sample_ratio([5040, 4960], [0.5, 0.5]), sample_ratio([5300, 4700], [0.5, 0.5])
    assert (fair.suspicious, broken.suspicious) == (False, True)
    assert fair.p_value == pytest.approx(stats.chisquare([5040, 4960]).pvalue)


def test_looking_at_the_split_every_day_raises_few_false_alarms():
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(200):
        counts = np.cumsum(rng.multinomial(100, [0.5, 0.5], size=60), axis=0)
        alarms += any(sample_ratio(c, [0.5, 0.5], level=0.05).always_valid_p < 0.05 for c in counts)
    assert alarms <= 200 * 0.05


def test_welch_agrees_with_scipy():
    rng = np.random.default_rng(2)
    t, c = rng.normal(1, 2, 80), rng.normal(0.5, 1, 120)
    ours, theirs = difference(t, c), stats.ttest_ind(t, c, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    assert (ours.p_value, ours.low, ours.high) == pytest.approx((theirs.pvalue, interval.low, interval.high))


def test_cuped_keeps_the_effect_and_sheds_the_explained_variance():
    rng = np.random.default_rng(3)
    effects, left = [], []
    for _ in range(200):
        before = rng.normal(10, 3, 400)
        y = before + rng.normal(0, 3, 400)
        y[:200] += 1
        adjusted = cuped(y[:200], y[200:], treated_before=before[:200], control_before=before[200:])
        effects.append(adjusted.difference)
        left.append(adjusted.variance_left)
    assert np.mean(effects) == pytest.approx(1, abs=0.06)
    assert np.mean(left) == pytest.approx(0.5, abs=0.03)  # ρ² = ½
    assert np.std(effects) == pytest.approx(3 * np.sqrt(2 / 200), rel=0.15)


def test_cuped_refuses_a_constant_past():
    with pytest.raises(ConstantInput, match="what happened before"):
        cuped([1, 2, 3], [1, 2, 4], treated_before=[1, 1, 1], control_before=[1, 1, 1])


def test_the_ratio_interval_covers_where_people_differ_in_size():
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(300):
        pages = rng.poisson(rng.gamma(1, 10, 400)) + 1
        clicks = rng.binomial(pages, rng.beta(2, 8, 400))
        effect = ratio_difference(clicks[:200], pages[:200], clicks[200:], pages[200:])
        covered += effect.low < 0 < effect.high
    assert 0.92 <= covered / 300 <= 0.98


def test_power_is_what_was_asked_for():
    n = people_needed(0.3, deviation=1.0, power=0.9)
    assert detectable(n, deviation=1.0, power=0.9) == pytest.approx(0.3, rel=0.01)
    rng = np.random.default_rng(5)
    found = [
        difference(rng.normal(0.3, 1, n // 2), rng.normal(0, 1, n // 2)).p_value < 0.05 for _ in range(400)
    ]
    assert np.mean(found) == pytest.approx(0.9, abs=0.04)


def test_people_needed_for_a_proportion_is_the_textbook_number():
    p = 0.10  # from 10 % to 12 %, 80 % power, 5 %: about 3,530 a group with the control's variance
    assert people_needed(0.02, deviation=np.sqrt(p * (1 - p))) == pytest.approx(2 * 3532, abs=10)


def _watch(rng: np.random.Generator, effect: float) -> tuple[np.ndarray, np.ndarray]:
    t, c = rng.normal(effect, 1, (50, 20)), rng.normal(0, 1, (50, 20))
    n = 20 * np.arange(1, 51)
    means = (np.cumsum(t.sum(axis=1)) - np.cumsum(c.sum(axis=1))) / n
    return means, np.full(50, 2.0) / n


def test_fifty_looks_at_no_effect_cross_rarely_where_a_plain_test_often_would():
    rng = np.random.default_rng(6)
    valid = plain = 0
    for _ in range(400):
        d, v = _watch(rng, 0.0)
        sequence = always_valid(d, v, likely_effect=0.2)
        crossed = (sequence.low > 0) | (sequence.high < 0)
        assert crossed.any() == bool((sequence.p_values < 0.05).any())
        valid += crossed.any()
        plain += (np.abs(d) / np.sqrt(v) > 1.96).any()
    assert valid / 400 <= 0.05 < 0.2 < plain / 400


def test_an_always_valid_interval_agrees_with_its_formula_at_one_look():
    d, v, tau, alpha = 0.3, 0.01, 0.04, 0.05
    grid = np.linspace(-1, 1, 400_001)
    mixture = np.sqrt(v / (v + tau)) * np.exp(tau * (d - grid) ** 2 / (2 * v * (v + tau)))
    inside = grid[mixture < 1 / alpha]
    found = always_valid([d], [v], likely_effect=0.2)
    assert (found.low[0], found.high[0]) == pytest.approx((inside.min(), inside.max()), abs=1e-4)


def test_guards_tell_harm_from_safety_from_ignorance():
    n = np.arange(100, 5001, 100)
    looks = {
        "renewals": (np.full(50, -0.2), 2.0 / n),
        "answers": (np.full(50, 0.01), 2.0 / n),
        "reports": (np.full(2, 0.0), np.array([0.5, 0.4])),
    }
    same = dict.fromkeys(looks, 0.1)
    verdicts = guard(looks, margins=same, likely_effects=same)
    assert {name: g.verdict for name, g in verdicts.items()} == {
        "renewals": "harmed",
        "answers": "safe",
        "reports": "undecided",
    }


@pytest.fixture(scope="module")
def campaign() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """8,000 people; treatment helps those with a high first feature and hurts those with a low one."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(8000, 4))
    t = rng.integers(0, 2, 8000)
    uplift = 0.25 * np.tanh(2 * x[:, 0])
    y = (rng.random(8000) < 0.4 + 0.1 * np.tanh(x[:, 1]) + t * uplift).astype(float)
    return x, t, y, uplift


@pytest.mark.parametrize("fit", [two_model, transformed_outcome])
def test_planted_uplift_is_found(campaign, fit):
    x, t, y, uplift = campaign
    model = fit(x[:5000], t[:5000], y[:5000])
    predicted = model.uplift(x[5000:])
    assert np.corrcoef(predicted, uplift[5000:])[0, 1] > 0.8
    curve = qini(predicted, t[5000:], y[5000:], rng=np.random.default_rng(1), resamples=100)
    assert 0 < curve.low < curve.coefficient < curve.high
    at_random = qini(x[5000:, 3], t[5000:], y[5000:], rng=np.random.default_rng(1), resamples=100)
    assert at_random.low < 0 < at_random.high


def test_the_qini_curve_ends_at_the_average_effect(campaign):
    _, t, y, uplift = campaign
    curve = qini(uplift, t, y, rng=np.random.default_rng(1), resamples=20)
    assert curve.gained[-1] == pytest.approx(y[t == 1].mean() - y[t == 0].mean())


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: difference([], [1, 2]), EmptyInput, "treated is empty"),
        (lambda: difference([1], [1, 2]), TooShort, "treated has 1 values"),
        (lambda: difference([1, np.nan], [1, 2]), NotFinite, "treated holds 1"),
        (lambda: always_valid([1], [0], likely_effect=1), OutOfRange, "wait until both groups"),
        (lambda: two_model(np.ones((30, 1)), np.ones(30), np.ones(30)), OneClass, "treated holds only 1"),
        (lambda: people_needed(0, deviation=1), OutOfRange, "no number of people"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
