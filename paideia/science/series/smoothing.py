"""Exponential smoothing (ETS): level, trend and season that move with what is seen."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, library
from paideia.science.errors import NotConverged
from paideia.science.series.forecast import (
    Forecast,
    bounded,
    checked_horizon,
    checked_series,
    positive_period,
    refuse,
)
from paideia.science.threads import few_threads

Trend = Literal["none", "additive", "damped"]
TRENDS: tuple[Trend, ...] = ("none", "additive", "damped")


@dataclass(frozen=True, slots=True)
class Smoothing:
    """A fitted ETS model with additive errors."""

    trend: Trend
    seasonal: bool
    period: int
    smoothing: dict[str, float]
    """How fast level, trend and season follow: 0 not at all, 1 at once; and the damping of the trend."""
    aicc: float
    log: bool
    size: int
    model: Any

    def forecast(self, horizon: int, *, level: float = 0.95, regressors: ArrayLike | None = None) -> Forecast:
        """Exact variances of the linear model (Hyndman, Koehler, Ord & Snyder 2008, table 6.1)."""
        refuse(regressors)
        steps = checked_horizon(horizon)
        ahead = self.model.get_prediction(start=self.size, end=self.size + steps - 1)
        freedom = _freedom(self.size, self.model)
        spread = np.asarray(ahead.forecast_variance, dtype=np.float64) * self.size / freedom
        middle = np.asarray(ahead.predicted_mean, dtype=np.float64)
        return bounded(middle, np.sqrt(spread), freedom=freedom, level=level, log=self.log)


def fit_ets(
    values: ArrayLike,
    *,
    period: int = 1,
    trend: Trend | None = None,
    seasonal: bool | None = None,
    log: bool = False,
) -> Smoothing:
    """Maximum likelihood over smoothing weights and initial states (Hyndman, Koehler, Snyder & Grose 2002),
    by statsmodels.

        y_t = l_{t-1} + φ·b_{t-1} + s_{t-m} + e_t;  l, b and s then move by α·e, β·e and γ·e

    `trend` and `seasonal`, where not given, are those of the least AICc. `log` fits ln y, for series that
    vary in proportion to their size. The variance is Σe²/(n - k) with k weights and states, and bounds use
    Student's t with n - k degrees, so that short series are not too sure of themselves.

    Raises `NotConverged`.
    """
    m = positive_period(period)
    y = checked_series(values, period=m, least=max(10, 2 * m), log=log)
    seasons = [seasonal] if seasonal is not None else [False, True]
    tried = [
        _fit(y, t, s, m, log)
        for s in (seasons if m > 1 else [False])
        for t in (TRENDS if trend is None else (trend,))
    ]
    usable = [model for model in tried if model is not None and np.isfinite(model.aicc)]
    if not usable:
        raise NotConverged(f"no ETS model could be fitted to {len(y)} values; give more, or a shorter period")
    return min(usable, key=lambda model: model.aicc)


def _fit(y: Floats, trend: Trend, seasonal: bool, period: int, log: bool) -> Smoothing | None:
    ets = library("statsmodels.tsa.exponential_smoothing.ets")
    model = ets.ETSModel(
        library("pandas").Series(y),
        error="add",
        trend=None if trend == "none" else "add",
        damped_trend=trend == "damped",
        seasonal="add" if seasonal else None,
        seasonal_periods=period if seasonal else None,
    )
    with warnings.catch_warnings(), few_threads():
        warnings.simplefilter("ignore")
        found = model.fit(disp=False)
    if _freedom(len(y), found) < 2:
        return None
    weights = {
        name: float(value)
        for name, value in zip(model.param_names, found.params, strict=True)
        if name.startswith(("smoothing", "damping"))
    }
    return Smoothing(trend, seasonal, period, weights, float(found.aicc), log, len(y), found)


def _freedom(size: int, found: Any) -> float:
    return float(size - len(found.params))
