"""What comes next, and how sure that is: the form of a forecast, and the one every other must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, between, library, positive, varies, vector
from paideia.science.errors import OutOfRange, TooShort


@dataclass(frozen=True, slots=True)
class Forecast:
    """The next values; each future value lies within its bounds with probability `level`."""

    middle: Floats
    """Median: the mean too, unless the model is of logarithms."""
    low: Floats
    high: Floats
    level: float


class Forecaster(Protocol):
    """A fitted model of a series: `SeasonalNaive`, `Smoothing` or `Arima`."""

    def forecast(self, horizon: int, *, level: float = 0.95, regressors: ArrayLike | None = None) -> Forecast:
        """The `horizon` values after the last one fitted."""


@dataclass(frozen=True, slots=True)
class SeasonalNaive:
    """The next cycle will be like the last (period 1: the next value like the last)."""

    cycle: Floats
    """The last whole cycle."""
    deviation: float
    """Of the changes from one cycle to the next, around zero."""
    freedom: int
    log: bool

    def forecast(self, horizon: int, *, level: float = 0.95, regressors: ArrayLike | None = None) -> Forecast:
        """ŷ(n + h) is the value of the last cycle; its deviation grows with √(cycles ahead)."""
        refuse(regressors)
        h = np.arange(checked_horizon(horizon))
        ahead = h // len(self.cycle) + 1
        middle = self.cycle[h % len(self.cycle)]
        return bounded(
            middle, self.deviation * np.sqrt(ahead), freedom=self.freedom, level=level, log=self.log
        )


def fit_seasonal_naive(values: ArrayLike, *, period: int = 1, log: bool = False) -> SeasonalNaive:
    """The benchmark (Hyndman & Athanasopoulos 2021, §5.2 and §5.5): σ² is the mean of (y_t - y_{t-period})²."""
    y = checked_series(values, period=period, least=2 * positive_period(period), log=log)
    changes = y[period:] - y[:-period]
    return SeasonalNaive(y[-period:].copy(), float(np.sqrt((changes**2).mean())), len(changes), log)


def bounded(middle: Floats, deviation: Floats, *, freedom: float, level: float, log: bool) -> Forecast:
    """middle ± t·deviation with `freedom` degrees, taken out of logarithms with `log`."""
    between(level, "level", 0, 1, open_ends=True)
    reach = library("scipy.stats").t.ppf((1 + level) / 2, freedom) * deviation
    if log:
        return Forecast(np.exp(middle), np.exp(middle - reach), np.exp(middle + reach), level)
    return Forecast(middle, middle - reach, middle + reach, level)


def checked_series(values: ArrayLike, *, period: int, least: int, log: bool) -> Floats:
    """Finite, varying and long enough, as logarithms if asked; two cycles are needed of a period above 1.

    Raises `TooShort`.
    """
    y = vector(values, "values")
    if len(y) < least:
        raise TooShort(f"values has {len(y)} values, at least {least} are needed for a period of {period}")
    varies(y, "values")
    if not log:
        return y
    positive(float(y.min()), "the smallest value")
    return np.log(y)


def checked_horizon(horizon: int) -> int:
    """A horizon of at least one step. Raises `OutOfRange`."""
    if horizon < 1:
        raise OutOfRange(f"horizon must be at least 1, it is {horizon}")
    return int(horizon)


def positive_period(period: int) -> int:
    """A period of at least one step. Raises `OutOfRange`."""
    if period < 1 or period != int(period):
        raise OutOfRange(f"period must be a whole number of at least 1, it is {period}")
    return int(period)


def refuse(regressors: ArrayLike | None) -> None:
    """For models that know none. Raises `OutOfRange`."""
    if regressors is not None:
        raise OutOfRange("this model was fitted without regressors; use fit_arima to have some")
