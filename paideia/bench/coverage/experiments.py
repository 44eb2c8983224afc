"""Planted effects of changes."""

from __future__ import annotations

import numpy as np

from paideia.bench.coverage.planted import Rng, planted
from paideia.science.coverage import Intervals


@planted("experiments.difference", "difference of means", repeats=20)
def _difference(rng: Rng) -> Intervals:
    from paideia.science.experiments import difference

    effect, sizes, scale = rng.normal(0, 1), rng.integers(20, 80, 2), rng.uniform(0.5, 3, 2)
    t, c = effect + rng.normal(0, scale[0], sizes[0]), rng.normal(0, scale[1], sizes[1])
    found = difference(t, c)
    return effect, found.low, found.high


@planted("experiments.cuped", "adjusted difference", repeats=20)
def _cuped(rng: Rng) -> Intervals:
    from paideia.science.experiments import cuped

    effect, slope = rng.normal(0, 1), rng.normal(0, 1)
    before = rng.gamma(2, 2, (2, 40))
    t = effect + slope * before[0] + rng.normal(0, 1, 40)
    c = slope * before[1] + rng.normal(0, 2, 40)
    found = cuped(t, c, treated_before=before[0], control_before=before[1])
    return effect, found.low, found.high


@planted("experiments.ratio_difference", "difference of ratios", repeats=20)
def _ratio(rng: Rng) -> Intervals:
    from paideia.science.experiments import ratio_difference

    rates = rng.uniform(0.1, 0.4, 2)
    sides = []
    for rate in rates:
        pages = rng.poisson(rng.gamma(2, 5, 150)) + 1
        sides += [rng.binomial(pages, rng.beta(10 * rate, 10 * (1 - rate), 150)), pages]
    found = ratio_difference(*sides)
    return rates[0] - rates[1], found.low, found.high


@planted("experiments.always_valid", "difference, at all of 2,000 looks", repeats=20)
def _always_valid(rng: Rng) -> Intervals:
    from paideia.science.experiments import always_valid

    effect, likely = rng.normal(0, 0.3), 0.3
    people = np.geomspace(1e-2, 1e6, 2000) / likely**2  # from no knowledge at all to any precision
    summed = np.cumsum(rng.normal(0, np.sqrt(np.diff(people, prepend=0.0))))
    found = always_valid(effect + summed / people, 1 / people, likely_effect=likely)
    return effect, found.low[-1], found.high[-1]


@planted("experiments.qini", "Qini coefficient", repeats=10)
def _qini(rng: Rng) -> Intervals:
    from paideia.science.experiments import qini

    slope, score = rng.uniform(0, 2), rng.random(500)
    treated = rng.integers(0, 2, 500)
    outcome = rng.normal(0, 1, 500) + treated * slope * (score - 0.3)
    found = qini(score, treated, outcome, rng=rng)
    return slope / 12, found.low, found.high  # ∫ (∫ effect of the best q) - q·(effect of all)
