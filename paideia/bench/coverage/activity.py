"""Planted activity and satisfaction."""

from __future__ import annotations

import numpy as np

from paideia.bench.coverage.planted import Rng, planted
from paideia.science.checks import Floats
from paideia.science.coverage import Intervals


@planted("activity.fit_linear", "coefficients, even noise", repeats=10)
def _linear(rng: Rng) -> Intervals:
    from paideia.science.activity import fit_linear

    x, effects = _columns(rng, 60), rng.normal(0, 1, 3)
    fit = fit_linear(_named(x), x @ effects + rng.normal(0, 2, 60), rng=rng)
    return effects, fit.low, fit.high


@planted("activity.fit_linear", "coefficients, noise that grows with a column", repeats=10)
def _robust(rng: Rng) -> Intervals:
    from paideia.science.activity import fit_linear

    x, effects = _columns(rng, 100), rng.normal(0, 1, 3)
    fit = fit_linear(_named(x), x @ effects + (0.5 + np.abs(x[:, 0])) * rng.normal(0, 1, 100), rng=rng)
    return effects, fit.robust_low, fit.robust_high


@planted("activity.drivers", "shares of the variance", repeats=4)
def _drivers(rng: Rng) -> Intervals:
    from paideia.science.activity import drivers

    mixed, effects = rng.normal(0, 1, (3, 3)) / 3 + np.eye(3), rng.uniform(0.2, 1, 3)
    x = rng.normal(0, 1, (200, 3)) @ mixed
    found = drivers(_named(x), x @ effects + rng.normal(0, 1.5, 200), resamples=300, rng=rng)
    # the same of a population: columns and noise that are orthonormal to the last digit
    exact, _ = np.linalg.qr(np.column_stack([np.ones(50), rng.normal(0, 1, (50, 4))]))
    population = exact[:, 1:4] @ mixed
    true = drivers(_named(population), population @ effects + 1.5 * exact[:, 4], resamples=1, rng=rng)
    return true.share, found.low, found.high


@planted("activity.fit_ordinal", "log-odds", repeats=4)
def _ordinal(rng: Rng) -> Intervals:
    from paideia.science.activity import fit_ordinal

    x, effects = _columns(rng, 200), rng.normal(0, 0.7, 3)
    latent = x @ effects + rng.logistic(0, 1, 200)
    fit = fit_ordinal(_named(x), np.digitize(latent, [-2.0, -0.5, 1.0, 2.5]) + 1)
    return effects, fit.low, fit.high


def _columns(rng: Rng, rows: int) -> Floats:
    """Three columns that go together a little."""
    return rng.normal(0, 1, (rows, 3)) + 0.5 * rng.normal(0, 1, (rows, 1))


def _named(x: Floats) -> dict[str, Floats]:
    return {f"x{k}": column for k, column in enumerate(x.T)}
