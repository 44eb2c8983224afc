"""Planted series and panels."""

from __future__ import annotations

from typing import Any

import numpy as np

from paideia.bench.coverage.planted import Rng, planted
from paideia.science.checks import Floats
from paideia.science.coverage import Intervals


@planted("series.fit_seasonal_naive", "two weeks ahead", repeats=20)
def _seasonal_naive(rng: Rng) -> Intervals:
    from paideia.science.series import fit_seasonal_naive

    y = np.cumsum(rng.normal(0, 1, (12, 7)), axis=0).ravel()
    ahead = fit_seasonal_naive(y[:70], period=7).forecast(14)
    return y[70:], ahead.low, ahead.high


def _smoothed(rng: Rng, size: int) -> Floats:
    """ETS(A, N, A) with planted weights."""
    alpha, gamma = rng.uniform(0.1, 0.5), rng.uniform(0.05, 0.2)
    level, season, y = 50.0, list(rng.normal(0, 3, 7)), np.empty(size)
    for t, e in enumerate(rng.normal(0, 1, size)):
        y[t] = level + season[t] + e
        level += alpha * e
        season.append(season[t] + gamma * e)
    return y


@planted("series.fit_ets", "two weeks ahead, form given", repeats=6)
def _ets(rng: Rng) -> Intervals:
    from paideia.science.series import fit_ets

    y = _smoothed(rng, 126)
    ahead = fit_ets(y[:112], period=7, trend="none", seasonal=True).forecast(14)
    return y[112:], ahead.low, ahead.high


@planted("series.fit_ets", "two weeks ahead, form chosen", repeats=4)
def _ets_chosen(rng: Rng) -> Intervals:
    from paideia.science.series import fit_ets

    y = _smoothed(rng, 126)
    ahead = fit_ets(y[:112], period=7).forecast(14)
    return y[112:], ahead.low, ahead.high


def _moved(rng: Rng, size: int) -> Floats:
    """ARMA(1, 1) around a level, or its sum."""
    shocks, y = rng.normal(0, 1, size + 51), np.zeros(size + 51)
    ar, ma = rng.uniform(0.2, 0.8), rng.uniform(-0.3, 0.5)
    for t in range(1, len(y)):
        y[t] = ar * y[t - 1] + shocks[t] + ma * shocks[t - 1]
    return 20 + (np.cumsum(y[51:]) if rng.random() < 0.5 else y[51:])


@planted("series.fit_arima", "ten days ahead, order chosen", repeats=2)
def _arima_chosen(rng: Rng) -> Intervals:
    from paideia.science.series import fit_arima

    y = _moved(rng, 110)
    ahead = fit_arima(y[:100]).forecast(10)
    return y[100:], ahead.low, ahead.high


@planted("series.fit_arima", "effect of a regressor, order given", repeats=10)
def _arima_effect(rng: Rng) -> Intervals:
    from paideia.science.series import fit_arima

    effect, x = rng.normal(0, 2), (rng.random((100, 1)) < 0.15).astype(float)
    shocks = rng.normal(0, 1, 101)
    y = np.cumsum(shocks[1:] - 0.5 * shocks[:-1]) + effect * x[:, 0]
    fit = fit_arima(y, order=(0, 1, 1), regressors=x)
    reach = 1.96 * fit.effect_errors
    return [effect], fit.effects - reach, fit.effects + reach


def _panelled(rng: Rng, effects: Any) -> Intervals:
    """Forty circles over eight months, two columns, errors that last."""
    from paideia.science.series import fit_panel

    true, own = rng.normal(0, 1, 2), rng.normal(0, 3, (40, 1))
    x, left = own[..., None] + _lasting(rng, 80, 8).reshape(2, 40, 8).transpose(1, 2, 0), _lasting(rng, 40, 8)
    y = x @ true - 2 * own + rng.normal(0, 1, 8) * (effects == "both") + left
    unit, month = np.repeat(np.arange(40), 8), np.tile(np.arange(8), 40)
    fit = fit_panel(y.ravel(), x.reshape(-1, 2), unit=unit, time=month, names=("a", "b"), effects=effects)
    return true, fit.low, fit.high


def _lasting(rng: Rng, rows: int, size: int) -> Floats:
    shocks = rng.normal(0, 1, (rows, size + 10))
    for t in range(1, size + 10):
        shocks[:, t] += 0.6 * shocks[:, t - 1]
    return shocks[:, 10:]


@planted("series.fit_panel", "coefficients, effects of units", repeats=20)
def _panel(rng: Rng) -> Intervals:
    return _panelled(rng, "unit")


@planted("series.fit_panel", "coefficients, effects of units and times", repeats=20)
def _panel_both(rng: Rng) -> Intervals:
    return _panelled(rng, "both")
