"""ARIMA with seasons and regressors, its order found by a short search."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, library, matrix, same_length, varies
from paideia.science.errors import NotConverged, OutOfRange, ShapeMismatch
from paideia.science.series.decomposition import decompose
from paideia.science.series.forecast import (
    Forecast,
    bounded,
    checked_horizon,
    checked_series,
    positive_period,
)
from paideia.science.threads import few_threads

Order = tuple[int, int, int]
Shape = tuple[int, int, int, int, bool]
"""p, q, P, Q and whether there is a constant."""
ORDER_MAX = (3, 3, 1, 1)


@dataclass(frozen=True, slots=True)
class Arima:
    """A fitted ARIMA(p, d, q)(P, D, Q)[period] with regression on columns known in advance."""

    order: Order
    seasonal_order: Order
    period: int
    constant: bool
    names: tuple[str, ...]
    """Of the regressors."""
    effects: Floats
    """One coefficient for each regressor."""
    effect_errors: Floats
    """Their standard errors."""
    aicc: float
    log: bool
    size: int
    model: Any

    def forecast(self, horizon: int, *, level: float = 0.95, regressors: ArrayLike | None = None) -> Forecast:
        """From the state-space form; `regressors` (horizon, names) are what is known of the days ahead.

        Raises `OutOfRange` or `ShapeMismatch`.
        """
        steps = checked_horizon(horizon)
        columns = self._ahead(steps, regressors)
        with warnings.catch_warnings(), few_threads():
            warnings.simplefilter("ignore")
            ahead = self.model.get_forecast(steps, exog=columns)
        freedom = float(self.size - len(self.model.params))
        deviation = np.asarray(ahead.se_mean, dtype=np.float64) * np.sqrt(self.size / freedom)
        middle = np.asarray(ahead.predicted_mean, dtype=np.float64)
        return bounded(middle, deviation, freedom=freedom, level=level, log=self.log)

    def _ahead(self, steps: int, regressors: ArrayLike | None) -> Floats | None:
        if not self.names:
            if regressors is not None:
                raise OutOfRange("this model was fitted without regressors")
            return None
        if regressors is None:
            raise OutOfRange(f"regressors are needed for the days ahead: {', '.join(self.names)}")
        columns = matrix(regressors, "regressors")
        if columns.shape != (steps, len(self.names)):
            raise ShapeMismatch(f"regressors must be ({steps}, {len(self.names)}), they are {columns.shape}")
        return columns


def fit_arima(
    values: ArrayLike,
    *,
    period: int = 1,
    order: Order | None = None,
    seasonal_order: Order | None = None,
    constant: bool | None = None,
    regressors: ArrayLike | None = None,
    names: tuple[str, ...] = (),
    log: bool = False,
) -> Arima:
    """Exact maximum likelihood in state-space form, by statsmodels.

    Without `order` the search of Hyndman & Khandakar (2008): d by repeated KPSS tests at 5 %, D = 1 where
    the season's strength is above .64, then steps from four simple models to the neighbour of least AICc
    (p, q up to 3; P, Q up to 1). `regressors` (values, columns) shift the series by effect · column, and
    what is left is ARIMA. The variance is that of maximum likelihood times n/(n - k), with bounds of
    Student's t, so that short series are not too sure of themselves.

    Raises `NotConverged` or `ShapeMismatch`.
    """
    m = positive_period(period)
    y = checked_series(values, period=m, least=max(10, 2 * m + 1), log=log)
    columns, called = _columns(y, regressors, names)
    if order is not None:
        seasons = seasonal_order or (0, 0, 0)
        drift = constant if constant is not None else order[1] + seasons[1] == 0
        shape = (order[0], order[2], seasons[0], seasons[2], drift)
        found = _fit(y, columns, called, order[1], seasons[1], shape, m, log)
    else:
        found = _search(y, columns, called, m, log)
    if found is None:
        raise NotConverged(f"ARIMA found no optimum for these {len(y)} values; give a simpler order")
    return found


def _search(
    y: Floats, columns: Floats | None, names: tuple[str, ...], period: int, log: bool
) -> Arima | None:
    """Hyndman & Khandakar (2008), §3.2: move to the best neighbour until none is better."""
    plain = y if columns is None else _residual(y, columns)
    seasonal_d = _seasonal_differences(plain, period)
    d = _differences(plain[period:] - plain[:-period] if seasonal_d else plain)
    tried: dict[Shape, Arima | None] = {}

    def best(shapes: list[Shape]) -> Arima | None:
        for shape in shapes:
            if shape not in tried:
                tried[shape] = _fit(y, columns, names, d, seasonal_d, shape, period, log)
        usable = [model for model in tried.values() if model is not None]
        return min(usable, key=lambda model: model.aicc, default=None)

    s, drift = int(period > 1), d + seasonal_d < 2
    best([(2, 2, s, s, drift), (0, 0, 0, 0, drift), (1, 0, s, 0, drift), (0, 1, 0, s, drift)])
    while True:
        before = best([])
        if before is None:
            return None
        now = best(list(_neighbours(_shape(before), d + seasonal_d, period)))
        if now is before:
            return now


def _neighbours(shape: Shape, differences: int, period: int) -> Iterator[Shape]:
    p, q, sp, sq, constant = shape
    steps = [(1, 0, 0, 0), (-1, 0, 0, 0), (0, 1, 0, 0), (0, -1, 0, 0), (1, 1, 0, 0), (-1, -1, 0, 0)]
    if period > 1:
        steps += [(0, 0, 1, 0), (0, 0, -1, 0), (0, 0, 0, 1), (0, 0, 0, -1)]
    for step in steps:
        moved = tuple(a + b for a, b in zip((p, q, sp, sq), step, strict=True))
        if all(0 <= v <= top for v, top in zip(moved, ORDER_MAX, strict=True)):
            yield (*moved, constant)  # type: ignore[misc]
    if differences < 2:
        yield (p, q, sp, sq, not constant)


def _shape(model: Arima) -> Shape:
    return (
        model.order[0],
        model.order[2],
        model.seasonal_order[0],
        model.seasonal_order[2],
        model.constant,
    )


def _fit(
    y: Floats,
    columns: Floats | None,
    names: tuple[str, ...],
    d: int,
    seasonal_d: int,
    shape: Shape,
    period: int,
    log: bool,
) -> Arima | None:
    p, q, sp, sq, constant = shape
    sarimax = library("statsmodels.tsa.statespace.sarimax")
    seasons = (sp, seasonal_d, sq)
    model = sarimax.SARIMAX(
        y,
        exog=columns,
        order=(p, d, q),
        seasonal_order=(*seasons, period if any(seasons) else 0),
        trend="c" if constant else "n",
        concentrate_scale=bool(p or q or sp or sq or constant or names),  # it cannot search over nothing
    )
    with warnings.catch_warnings(), few_threads():
        warnings.simplefilter("ignore")
        try:
            found = model.fit(disp=False, maxiter=100)
            aicc = float(found.aicc)
            errors = np.asarray(found.bse, dtype=np.float64)
        except np.linalg.LinAlgError:
            return None
    if not np.isfinite(aicc) or len(y) - len(found.params) < 2:
        return None
    at = [model.param_names.index(name) for name in (model.exog_names if names else ())]
    effects = np.asarray(found.params, dtype=np.float64)[at]
    return Arima((p, d, q), seasons, period, constant, names, effects, errors[at], aicc, log, len(y), found)


def _columns(
    y: Floats, regressors: ArrayLike | None, names: tuple[str, ...]
) -> tuple[Floats | None, tuple[str, ...]]:
    if regressors is None:
        return None, ()
    columns = matrix(regressors, "regressors")
    same_length(values=y, regressors=columns)
    varies(columns, "regressors")
    called = names or tuple(f"x{k + 1}" for k in range(columns.shape[1]))
    if len(called) != columns.shape[1]:
        raise ShapeMismatch(f"{len(called)} names for {columns.shape[1]} regressors")
    return columns, called


def _residual(y: Floats, columns: Floats) -> Floats:
    design = np.column_stack([np.ones(len(y)), columns])
    residual: Floats = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return residual


def _seasonal_differences(y: Floats, period: int) -> int:
    if period < 2 or len(y) < 3 * period:
        return 0
    return int(decompose(y, periods=period).seasonal_strength[0] > 0.64)


def _differences(y: Floats) -> int:
    """Times to difference until KPSS (1992) no longer refuses a level, at most twice; with few lags, as more
    would let too many random walks pass for level.
    """
    kpss = library("statsmodels.tsa.stattools").kpss
    for d in range(2):
        if np.ptp(y) == 0:
            return d
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if kpss(y, nlags=int(3 * np.sqrt(len(y)) / 13))[1] >= 0.05:
                return d
        y = np.diff(y)
    return 2
