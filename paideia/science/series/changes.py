"""When did it change? Change points by pruned exact search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, positive, varies, vector
from paideia.science.errors import ConstantInput, OutOfRange, TooShort

Kind = Literal["mean", "rate", "spread"]
Cost = Callable[[Ints, int], Floats]


@dataclass(frozen=True, slots=True)
class Changes:
    """The segmentation of least cost."""

    points: Ints
    """Index of the first value of each new segment, rising; empty if nothing changed."""
    levels: Floats
    """Mean of each segment, one more than points."""
    gains: Floats
    """Of each point: by how much the cost (twice the log-likelihood) would rise without it, penalty not
    counted.
    """
    penalty: float
    size: int

    def fitted(self) -> Floats:
        """The level at each value."""
        edges = np.concatenate(([0], self.points, [self.size]))
        return np.repeat(self.levels, np.diff(edges))


def change_points(
    values: ArrayLike,
    *,
    kind: Kind = "mean",
    penalty: float | None = None,
    deviation: float | None = None,
    least: int = 5,
) -> Changes:
    """Minimise Σ cost of segments + penalty · changes, exactly, by PELT (Killick, Fearnhead & Eckley 2012,
    eq. 1 and theorem 3.1).

    Cost is -2 ln L up to a constant: "mean" of a normal series with one `deviation` σ, Σ(y - ȳ)²/σ² (σ is
    estimated from the median absolute step if not given, which a few jumps do not move); "rate" of Poisson
    counts; "spread" of a normal series whose mean and variance both change. `penalty` is 2 ln n if not
    given, 3 ln n for spread (Schwarz's criterion: a change costs its place and its new parameters), with
    which about three in a hundred series without a change show one. `least` is the shortest segment. Values
    are taken as independent: take trend and season out first (`decompose`).

    Raises `OutOfRange` or `TooShort`.
    """
    y = vector(values, "values")
    if least < (2 if kind == "spread" else 1):
        raise OutOfRange(f"least must be at least {2 if kind == 'spread' else 1}, it is {least}")
    if len(y) < 2 * least:
        raise TooShort(f"{len(y)} values, two segments of {least} are needed")
    varies(y, "values")
    toll = positive(penalty if penalty is not None else _toll(kind, len(y)), "penalty")
    cost = segment_cost(y, kind=kind, deviation=deviation)
    points = _pelt(cost, len(y), toll, least)
    edges = np.concatenate(([0], points, [len(y)]))
    levels = np.array([y[a:b].mean() for a, b in pairwise(edges)])
    gains = np.array(
        [
            float(cost(np.array([a]), c)[0] - cost(np.array([a]), b)[0] - cost(np.array([b]), c)[0])
            for a, b, c in zip(edges[:-2], edges[1:-1], edges[2:], strict=True)
        ]
    )
    return Changes(points, levels, gains, toll, len(y))


def segment_cost(values: ArrayLike, *, kind: Kind = "mean", deviation: float | None = None) -> Cost:
    """cost(starts, end): -2 ln L of values[start:end] for each start, from running sums.

    Raises `ConstantInput` or `OutOfRange`.
    """
    y = vector(values, "values")
    sums, squares = (np.concatenate(([0.0], np.cumsum(v))) for v in (y - y.mean(), (y - y.mean()) ** 2))
    if kind == "mean":
        sigma = positive(deviation if deviation is not None else _deviation(y), "deviation")

        def of_mean(s: Ints, e: int) -> Floats:
            return np.asarray((squares[e] - squares[s] - (sums[e] - sums[s]) ** 2 / (e - s)) / sigma**2)

        return of_mean
    if kind == "spread":
        floor = 1e-8 * float(y.var())

        def of_spread(s: Ints, e: int) -> Floats:
            found = (squares[e] - squares[s]) / (e - s) - ((sums[e] - sums[s]) / (e - s)) ** 2
            variance = np.maximum(found, floor)
            return np.asarray((e - s) * (np.log(variance) + found / variance))

        return of_spread
    if kind != "rate":
        raise OutOfRange(f"kind must be mean, rate or spread, it is {kind}")
    if (y < 0).any():
        raise OutOfRange("a rate is of counts: values must be at least 0")
    counts = np.concatenate(([0.0], np.cumsum(y)))

    def of_rate(s: Ints, e: int) -> Floats:
        n, total = e - s, counts[e] - counts[s]
        return np.asarray(2 * (total - total * np.log(np.where(total > 0, total / n, 1.0))))

    return of_rate


def _pelt(cost: Cost, size: int, toll: float, least: int) -> Ints:
    """F(t) = min over last changes s of F(s) + cost(s, t) + toll, t ≥ s + least.

    Once F(s) + cost(s, t) > F(t), a change at t beats one at s for every end from t + least on, so that s is
    dropped then, and not earlier.
    """
    best = np.full(size + 1, np.inf)
    best[0] = -toll
    last = np.zeros(size + 1, dtype=np.int64)
    beaten = np.full(size + 1, size + 1)
    starts = np.array([0])
    for end in range(least, size + 1):
        reach = best[starts] + cost(starts, end)
        k = int(reach.argmin())
        best[end], last[end] = reach[k] + toll, starts[k]
        worse = starts[reach > best[end]]
        beaten[worse] = np.minimum(beaten[worse], end)
        starts = starts[end + 1 < beaten[starts] + least]
        if end + 1 - least >= least:
            starts = np.append(starts, end + 1 - least)
    points = []
    at = int(last[size])
    while at > 0:
        points.append(at)
        at = int(last[at])
    return np.array(points[::-1], dtype=np.int64)


def _toll(kind: Kind, size: int) -> float:
    return float((3 if kind == "spread" else 2) * np.log(size))


def _deviation(y: Floats) -> float:
    """Median |step| / (.6745·√2): the noise, not the jumps."""
    deviation = float(np.median(np.abs(np.diff(y))) / (0.6744897501960817 * np.sqrt(2)))
    if deviation == 0:
        raise ConstantInput("most values repeat the one before: give `deviation`, or use the rate of counts")
    return deviation
