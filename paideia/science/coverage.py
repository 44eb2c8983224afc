"""Do intervals keep their promise? Plant a truth, make data from it, and count how often it is covered.

Simulation-based calibration (Cook, Gelman & Rubin 2006; Talts et al. 2018) of intervals: over many planted
data sets a 95 % interval must hold the truth in 95 of 100.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Bools, Floats
from paideia.science.errors import EmptyInput, NotFinite, OutOfRange, ScienceError, ShapeMismatch

Intervals = tuple[ArrayLike, ArrayLike, ArrayLike]
"""Truths, low and high bounds, of one shape."""
Trial = Callable[[np.random.Generator], Intervals]
"""Draws a truth, makes data from it, and estimates it."""
ACCEPTED = (0.90, 0.98)
"""What the coverage of a 95 % interval may be: with fifty data sets, two standard errors around .95 or less."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals held the truth."""

    share: float
    error: float
    """Standard error of the share; intervals of one data set err together and count as one."""
    below: float
    """Share of truths below their interval: if it is far from `above`, the estimate is biased."""
    above: float
    intervals: int
    sets: int
    """Data sets that an answer was given for."""
    refused: int
    """Data sets for which the estimator raised a `ScienceError`."""

    def within(self, low: float = ACCEPTED[0], high: float = ACCEPTED[1]) -> bool:
        """Whether the share lies in [low, high]."""
        return low <= self.share <= high


def measure_coverage(trial: Trial, *, seeds: int = 50, repeats: int = 1, start: int = 0) -> Coverage:
    """Run `repeats` trials for each of the seeds start, start + 1, …: the same seeds give the same answer.

    Bounds belong to the interval. A `ScienceError` is counted as a refusal and gives no interval; a truth or
    bound that is NaN is an error of the trial and raises `NotFinite`. Raises `EmptyInput` if every data set
    was refused.

    Raises `OutOfRange` or `ShapeMismatch`.
    """
    if seeds < 1 or repeats < 1:
        raise OutOfRange(f"seeds and repeats must be at least 1, they are {seeds} and {repeats}")
    below: list[Bools] = []
    above: list[Bools] = []
    refused = 0
    for seed in range(start, start + seeds):
        rng = np.random.default_rng(seed)
        for _ in range(repeats):
            try:
                truth, low, high = (np.asarray(v, dtype=np.float64) for v in trial(rng))
            except ScienceError:
                refused += 1
                continue
            if not truth.shape == low.shape == high.shape:
                raise ShapeMismatch(f"truths {truth.shape}, low {low.shape} and high {high.shape} differ")
            if np.isnan([truth, low, high]).any():
                raise NotFinite("a truth or a bound is NaN")
            below.append((truth < low).ravel())
            above.append((truth > high).ravel())
    if not below:
        raise EmptyInput(f"all {refused} data sets were refused")
    return _counted(below, above, refused)


def _counted(below: list[Bools], above: list[Bools], refused: int) -> Coverage:
    """Share of all intervals; its error from the scatter of the sets' own shares."""
    sizes: Floats = np.array([len(b) for b in below], dtype=np.float64)
    held: Floats = np.array([1 - b.mean() - a.mean() for b, a in zip(below, above, strict=True)])
    share = float(np.average(held, weights=sizes))
    scatter = float((sizes**2 * (held - share) ** 2).sum()) / float(sizes.sum()) ** 2
    return Coverage(
        share,
        float(np.sqrt(scatter)),
        float(np.concatenate(below).mean()),
        float(np.concatenate(above).mean()),
        int(sizes.sum()),
        len(below),
        refused,
    )
