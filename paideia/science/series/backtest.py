"""Would it have worked? Forecasts from rolling origins, beside the seasonal naive one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, matrix, same_length, vector
from paideia.science.errors import ConstantInput, OutOfRange, TooShort
from paideia.science.series.forecast import (
    Forecaster,
    checked_horizon,
    fit_seasonal_naive,
    positive_period,
)


@dataclass(frozen=True, slots=True)
class Backtest:
    """Forecasts of the past, each made from nothing but what came before it; arrays are (origins, horizon)."""

    origins: Ints
    """Index of the first value that was not yet known."""
    actual: Floats
    middle: Floats
    low: Floats
    high: Floats
    naive: Floats
    scale: Floats
    """Of each origin: the mean absolute change from cycle to cycle before it."""

    @property
    def mase(self) -> float:
        """Mean |error| over the scale (Hyndman & Koehler 2006): below 1 better than last cycle's value was,
        one step ahead, on the past.
        """
        return float((np.abs(self.actual - self.middle) / self.scale[:, None]).mean())

    @property
    def naive_mase(self) -> float:
        """The same of the seasonal naive forecast from the same origins: what is to be beaten."""
        return float((np.abs(self.actual - self.naive) / self.scale[:, None]).mean())

    @property
    def smape(self) -> float:
        """Symmetric mean absolute percentage error, 0 … 200."""
        return smape(self.actual.ravel(), self.middle.ravel())

    @property
    def naive_smape(self) -> float:
        """The same of the seasonal naive forecast."""
        return smape(self.actual.ravel(), self.naive.ravel())

    @property
    def coverage(self) -> float:
        """Share of values that lay within their bounds: near the level if the model knows its limits."""
        return float(((self.low <= self.actual) & (self.actual <= self.high)).mean())

    @property
    def skill(self) -> float:
        """Share of the naive forecast's absolute error that the model saves; below 0 take the naive one."""
        return 1 - self.mase / self.naive_mase


def backtest(
    values: ArrayLike,
    fit: Callable[..., Forecaster],
    *,
    horizon: int,
    first: int,
    step: int = 1,
    period: int = 1,
    regressors: ArrayLike | None = None,
    level: float = 0.95,
) -> Backtest:
    """Fit on values[:origin], forecast the next `horizon`, for origins first, first + step, … (Tashman 2000).

    `fit(past)` returns a fitted model; with `regressors` (values, columns) it is called as `fit(past,
    regressors=...)`, and the forecast is given the columns of the days ahead. `period` is the cycle of the
    naive forecast and of the scale.

    Raises `ConstantInput`, `OutOfRange` or `TooShort`.
    """
    y, m, h = vector(values, "values"), positive_period(period), checked_horizon(horizon)
    columns = None if regressors is None else matrix(regressors, "regressors")
    if columns is not None:
        same_length(values=y, regressors=columns)
    if step < 1 or first < 2 * m:
        raise OutOfRange(f"step must be at least 1 and first at least two cycles, {2 * m}")
    origins = np.arange(first, len(y) - h + 1, step)
    if not len(origins):
        raise TooShort(f"{len(y)} values leave no {h} to forecast after the first {first}")
    rows: list[tuple[Floats, Floats, Floats, Floats]] = []
    for origin in origins:
        past, after = slice(0, origin), slice(origin, origin + h)
        if columns is None:
            ahead = fit(y[past]).forecast(h, level=level)
        else:
            model = fit(y[past], regressors=columns[past])
            ahead = model.forecast(h, level=level, regressors=columns[after])
        naive = fit_seasonal_naive(y[past], period=m).forecast(h).middle
        rows.append((ahead.middle, ahead.low, ahead.high, naive))
    middle, low, high, plain = (np.stack(column) for column in zip(*rows, strict=True))
    actual = np.stack([y[origin : origin + h] for origin in origins])
    scale = np.array([_scale(y[:origin], m) for origin in origins])
    return Backtest(origins, actual, middle, low, high, plain, scale)


def mase(actual: ArrayLike, forecast: ArrayLike, *, past: ArrayLike, period: int = 1) -> float:
    """Mean absolute scaled error: mean |a - f| / mean |y_t - y_{t-period}| over the past (Hyndman & Koehler
    2006).

    Raises `ConstantInput` or `TooShort`.
    """
    a, f, y = vector(actual, "actual"), vector(forecast, "forecast"), vector(past, "past")
    same_length(actual=a, forecast=f)
    return float(np.abs(a - f).mean()) / _scale(y, positive_period(period))


def smape(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Mean 200·|a - f|/(|a| + |f|), 0 … 200, with 0 where both are 0 (Makridakis & Hibon 2000)."""
    a, f = vector(actual, "actual"), vector(forecast, "forecast")
    same_length(actual=a, forecast=f)
    size = np.abs(a) + np.abs(f)
    return float((200 * np.abs(a - f) / np.where(size > 0, size, 1)).mean())


def _scale(past: Floats, period: int) -> float:
    if len(past) <= period:
        raise TooShort(f"past has {len(past)} values, more than a period of {period} are needed")
    scale = float(np.abs(past[period:] - past[:-period]).mean())
    if scale == 0:
        raise ConstantInput("past repeats itself exactly: there is no scale to measure errors by")
    return scale
