"""What is trend, what is season, what is left: seasonal decomposition by loess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, library, varies, vector
from paideia.science.errors import OutOfRange, TooShort


@dataclass(frozen=True, slots=True)
class Decomposition:
    """values = trend + Σ seasons + remainder, exactly."""

    trend: Floats
    seasons: Floats
    """Shape (values, periods): one column for each period, in rising order."""
    remainder: Floats
    periods: tuple[int, ...]

    @property
    def adjusted(self) -> Floats:
        """The values without their seasons."""
        return self.trend + self.remainder

    @property
    def trend_strength(self) -> float:
        """max(0, 1 - var(remainder)/var(trend + remainder)) (Wang, Smith & Hyndman 2006): 0 none, 1 all."""
        return _strength(self.trend, self.remainder)

    @property
    def seasonal_strength(self) -> Floats:
        """The same for each season."""
        return np.array([_strength(season, self.remainder) for season in self.seasons.T])


def decompose(
    values: ArrayLike, *, periods: int | Sequence[int], window: int = 11, robust: bool = False
) -> Decomposition:
    """STL (Cleveland, Cleveland, McRae & Terpenning 1990); with several periods MSTL (Bandara, Hyndman &
    Bergmeir 2021), both by statsmodels.

    `values` are evenly spaced, `periods` their cycle lengths in steps (7 for weeks of days), of each of
    which two whole cycles are needed. `window`, odd and at least 7, is the number of cycles over which a
    season may change its shape: larger is stiffer. `robust` lets outliers fall into the remainder.

    Raises `OutOfRange` or `TooShort`.
    """
    cycles = tuple(sorted({int(p) for p in np.atleast_1d(np.asarray(periods))}))
    if not cycles or cycles[0] < 2:
        raise OutOfRange(f"periods must be at least 2, they are {cycles}")
    if window < 7 or window % 2 == 0:
        raise OutOfRange(f"window must be odd and at least 7, it is {window}")
    y = vector(values, "values")
    varies(y, "values")
    if len(y) < 2 * cycles[-1] + 1:
        raise TooShort(f"{len(y)} values are fewer than two whole cycles of {cycles[-1]}")
    seasonal = library("statsmodels.tsa.seasonal")
    if len(cycles) == 1:
        found = seasonal.STL(y, period=cycles[0], seasonal=window, robust=robust).fit()
    else:
        found = seasonal.MSTL(
            y, periods=cycles, windows=[window] * len(cycles), stl_kwargs={"robust": robust}
        ).fit()
    seasons = np.asarray(found.seasonal, dtype=np.float64).reshape(len(y), len(cycles))
    trend = np.asarray(found.trend, dtype=np.float64)
    return Decomposition(trend, seasons, y - trend - seasons.sum(axis=1), cycles)


def _strength(part: Floats, remainder: Floats) -> float:
    whole = float((part + remainder).var())
    return max(0.0, 1 - float(remainder.var()) / whole) if whole > 0 else 0.0
