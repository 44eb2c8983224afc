"""Numbers over time: trend and season, forecasts and their test, changes, holidays, panels."""

from paideia.science.series.arima import Arima, fit_arima
from paideia.science.series.backtest import Backtest, backtest, mase, smape
from paideia.science.series.changes import Changes, change_points
from paideia.science.series.decomposition import Decomposition, decompose
from paideia.science.series.forecast import Forecast, Forecaster, SeasonalNaive, fit_seasonal_naive
from paideia.science.series.holidays import ChinaDays, china_days
from paideia.science.series.panel import Panel, fit_panel
from paideia.science.series.smoothing import Smoothing, fit_ets

__all__ = [
    "Arima",
    "Backtest",
    "Changes",
    "ChinaDays",
    "Decomposition",
    "Forecast",
    "Forecaster",
    "Panel",
    "SeasonalNaive",
    "Smoothing",
    "backtest",
    "change_points",
    "china_days",
    "decompose",
    "fit_arima",
    "fit_ets",
    "fit_panel",
    "fit_seasonal_naive",
    "mase",
    "smape",
]
