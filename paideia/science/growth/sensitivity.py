"""Which coefficient moves which outcome: local elasticities and Sobol indices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from paideia.science.checks import Floats, between, library, positive
from paideia.science.errors import OutOfRange
from paideia.science.growth.model import simulate_many
from paideia.science.growth.rates import Rates


def elasticities(rates: Rates, *, start: Floats, horizon: float, names: Sequence[str]) -> Floats:
    """d ln X(horizon) / d ln rate, shape (names, 5), columns N, A, P, C, R: percent for one percent more.

    Raises `OutOfRange`.
    """
    _known(rates, names)
    positive(horizon, "horizon")
    step = 1e-4
    factors = np.exp(step * np.vstack([np.eye(len(names)), -np.eye(len(names))]))
    ends = np.log(_ends(rates, factors, names, start, horizon))
    half = len(names)
    return (ends[:half] - ends[half:]) / (2 * step)


@dataclass(frozen=True, slots=True)
class Sobol:
    """Shares of an outcome's variance, each of shape (names, 5), columns N, A, P, C, R."""

    first_order: Floats
    """Share explained by the coefficient alone."""
    total: Floats
    """Share that would be left if all others were known: with every interaction."""


def sobol_indices(
    rates: Rates,
    *,
    start: Floats,
    horizon: float,
    names: Sequence[str],
    spread: float = 0.2,
    size: int = 1024,
    rng: np.random.Generator,
) -> Sobol:
    """Variance shares when each named rate varies by a uniform ± `spread` (a share) around its value.

    First-order and total indices of Sobol (2001) by Saltelli's estimator on a Sobol sequence
    (scipy.stats.sobol_indices), on logarithms of the state at the horizon; `size` is a power of two.

    Raises `OutOfRange`.
    """
    stats = library("scipy.stats")
    _known(rates, names)
    between(spread, "spread", 0, 1, open_ends=True)
    if size & (size - 1):
        raise OutOfRange(f"size must be a power of two, it is {size}")

    def outcome(factors: Floats) -> Floats:
        return np.log(_ends(rates, factors.T, names, start, horizon)).T

    indices = stats.sobol_indices(
        func=outcome, n=size, dists=[stats.uniform(1 - spread, 2 * spread) for _ in names], rng=rng
    )
    return Sobol(indices.first_order.T, indices.total_order.T)


def _ends(rates: Rates, factors: Floats, names: Sequence[str], start: Floats, horizon: float) -> Floats:
    coefficients = dict(asdict(rates))
    for column, name in enumerate(names):
        coefficients[name] = getattr(rates, name) * factors[:, column]
    times = np.array([0.0, horizon])
    return simulate_many(coefficients, start=np.asarray(start, dtype=float), times=times, step_max=0.1)[:, -1]


def _known(rates: Rates, names: Sequence[str]) -> None:
    unknown = [n for n in names if n not in asdict(rates)]
    if unknown or not names:
        raise OutOfRange(
            f"names must be coefficients of the model; unknown: {', '.join(unknown) or 'none given'}"
        )
