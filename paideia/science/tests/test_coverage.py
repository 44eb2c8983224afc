"""Intervals that are too narrow, too wide or to one side are found."""

from __future__ import annotations

import numpy as np
import pytest

from paideia.science.coverage import measure_coverage
from paideia.science.errors import EmptyInput, NotFinite, OutOfRange, ShapeMismatch, TooShort
from paideia.science.growth import ONLINE_SCHOOL, Run, calibrate, simulate
from paideia.science.value import BgNbd, Fit, counted


def mean_of(rng: np.random.Generator, *, width: float = 1.0, off: float = 0.0):
    """Three means of twenty normal values with known deviation, and their intervals."""
    truth = rng.normal(0, 5, 3)
    found = rng.normal(truth[:, None], 1, (3, 20)).mean(axis=1) + off
    reach = width * 1.959964 / np.sqrt(20)
    return truth, found - reach, found + reach


def test_an_interval_that_keeps_its_promise_is_within():
    found = measure_coverage(mean_of, seeds=50, repeats=10)
    assert found.within() and abs(found.share - 0.95) < 3 * found.error
    assert (found.intervals, found.sets, found.refused) == (1500, 500, 0)
    assert found.error == pytest.approx(np.sqrt(0.95 * 0.05 / 1500), rel=0.25)


@pytest.mark.parametrize(
    ("width", "share"),
    [(0.5, 0.673), (0.8, 0.883), (1.5, 0.997)],  # 2Φ(1.96·width) - 1
)
def test_intervals_too_narrow_or_too_wide_are_found(width, share):
    found = measure_coverage(lambda rng: mean_of(rng, width=width), seeds=50, repeats=10)
    assert not found.within()
    assert found.share == pytest.approx(share, abs=3 * found.error)


def test_an_estimate_to_one_side_shows_on_which():
    found = measure_coverage(lambda rng: mean_of(rng, off=0.3), seeds=50, repeats=4)
    assert not found.within() and found.below > 0.15 and found.above < 0.02
    assert found.share + found.below + found.above == pytest.approx(1)


def test_intervals_of_one_data_set_count_as_one():
    def together(rng):
        truth, low, high = mean_of(rng)
        return np.repeat(truth[:1], 100), np.repeat(low[:1], 100), np.repeat(high[:1], 100)

    found = measure_coverage(together, seeds=100)
    assert found.intervals == 10_000
    assert found.error == pytest.approx(np.sqrt(found.share * (1 - found.share) / 100))


def test_the_same_seeds_give_the_same_answer_and_others_another():
    one = measure_coverage(mean_of, seeds=20)
    assert one == measure_coverage(mean_of, seeds=20)
    assert one != measure_coverage(mean_of, seeds=20, start=20)


def test_refusals_are_counted_and_other_errors_go_through():
    def choosy(rng):
        if rng.random() < 0.5:
            raise TooShort("too few")
        return mean_of(rng)

    found = measure_coverage(choosy, seeds=40)
    assert found.refused + found.sets == 40 and 8 < found.refused < 32

    def wrong(answer):
        return lambda rng: answer

    with pytest.raises(EmptyInput, match="all 3 data sets were refused"):
        measure_coverage(lambda rng: choosy(np.random.default_rng(3)), seeds=3)
    with pytest.raises(NotFinite, match="a truth or a bound is NaN"):
        measure_coverage(wrong((1.0, np.nan, 2.0)), seeds=1)
    with pytest.raises(ShapeMismatch, match="differ"):
        measure_coverage(wrong(([1.0, 2.0], 0.0, 3.0)), seeds=1)
    with pytest.raises(OutOfRange, match="seeds and repeats"):
        measure_coverage(mean_of, seeds=0)


def test_totals_of_customers_spread_by_what_is_not_known_of_them():
    rng = np.random.default_rng(1)
    x = rng.poisson(1.5, 150)
    seen = counted(x, np.where(x > 0, rng.uniform(1, 39, 150), 0), np.full(150, 40.0))
    values = np.array([0.8, 6.0, 0.9, 2.5])
    spread = []
    for variance in (0.25, 1e-12):
        fit = Fit(("r", "alpha", "a", "b"), values, 0.0, variance * np.eye(4))
        spread.append(BgNbd(*values, fit=fit).simulate(seen, horizon=26, rng=rng).sum(axis=1).std())
    assert spread[0] > 1.5 * spread[1]


def test_a_course_is_known_where_a_rate_is_not():
    rng = np.random.default_rng(4)
    free, times = ("beta", "delta", "epsilon", "nu"), np.arange(6.0)
    path = simulate(ONLINE_SCHOOL.rates, start=np.array([3000.0, 1000, 0.7, 0.8, 0.7]), times=times)
    noisy = {v: path.of(v) * np.exp(rng.normal(0, 0.02, 6)) for v in "NARPC"}
    fit = calibrate(Run(times, noisy, ONLINE_SCHOOL.rates), free=free, prior_spread=np.inf)
    middle, low, high = fit.forecast(times)
    assert fit.estimates["nu"].high / fit.estimates["nu"].low > 2
    assert (low < middle).all() and (middle < high).all() and (high / low < 1.25).all()
    assert (low[-1] < path.states[-1]).all() and (path.states[-1] < high[-1]).all()
