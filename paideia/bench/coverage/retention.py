"""Planted lengths of stay, and scores of who leaves."""

from __future__ import annotations

import numpy as np

from paideia.bench.coverage.planted import Rng, planted
from paideia.science.coverage import Intervals


@planted("retention.kaplan_meier", "share still there", repeats=20)
def _kaplan_meier(rng: Rng) -> Intervals:
    from paideia.science.retention import kaplan_meier

    shape, scale = rng.uniform(0.6, 1.5), rng.uniform(50, 150)
    stay, seen = scale * rng.weibull(shape, 80), rng.uniform(20, 300, 80)
    curve = kaplan_meier(np.minimum(stay, seen), (stay <= seen).astype(int))
    times = scale * (-np.log([0.85, 0.6, 0.35])) ** (1 / shape)
    place = np.searchsorted(curve.times, times, side="right") - 1
    known = (place >= 0) & (times <= curve.times[-1])
    return np.array([0.85, 0.6, 0.35])[known], curve.low[place[known]], curve.high[place[known]]


@planted("retention.fit_cox", "log hazard ratios", repeats=4)
def _cox(rng: Rng) -> Intervals:
    from paideia.science.retention import fit_cox

    effects = rng.normal(0, 0.6, 3)
    x = np.column_stack([rng.integers(0, 2, 150), rng.normal(size=150), rng.gamma(2, 0.5, 150)])
    stay, seen = rng.exponential(100 * np.exp(-x @ effects)), rng.uniform(20, 300, 150)
    fit = fit_cox(x, np.minimum(stay, seen), (stay <= seen).astype(int), names=("a", "b", "c"))
    return effects, fit.low, fit.high


@planted("measures.auc_interval", "area under the curve", repeats=20)
def _auc(rng: Rng) -> Intervals:
    from scipy.stats import norm

    from paideia.science.measures import auc_interval

    shift = rng.uniform(0, 2)
    y = np.repeat([0, 1], [80, 30])
    low, high = auc_interval(y, rng.normal(shift * y, 1))
    return norm.cdf(shift / np.sqrt(2)), low, high
