"""Planted trends, seasons, changes and effects are found; published regressions are reproduced."""

from __future__ import annotations

import numpy as np
import pytest

from paideia.science.errors import (
    ConstantInput,
    EmptyInput,
    NotFinite,
    OneClass,
    OutOfRange,
    ShapeMismatch,
    TooShort,
)
from paideia.science.series import (
    backtest,
    change_points,
    china_days,
    decompose,
    fit_arima,
    fit_ets,
    fit_panel,
    fit_seasonal_naive,
    mase,
    smape,
)
from paideia.science.series.changes import segment_cost

WEEK = np.array([0.0, 1, 2, 3, 2, -3, -5])


def days(first: str, last: str) -> np.ndarray:
    return np.arange(first, np.datetime64(last) + 1, dtype="datetime64[D]")


def weekly(size: int, rng: np.random.Generator, *, drift: float = 0.3, noise: float = 1.0) -> np.ndarray:
    return 50 + np.cumsum(rng.normal(0, drift, size)) + np.resize(WEEK, size) + rng.normal(0, noise, size)


def test_a_planted_trend_and_week_come_apart():
    rng = np.random.default_rng(1)
    line = np.linspace(20, 40, 210)
    found = decompose(line + np.resize(WEEK, 210) + rng.normal(0, 0.5, 210), periods=7)
    assert np.abs(found.trend - line).max() < 1
    assert np.abs(found.seasons[:, 0] - np.resize(WEEK, 210)).max() < 1
    assert found.trend_strength > 0.98 and found.seasonal_strength[0] > 0.95
    noise = decompose(rng.normal(0, 1, 210), periods=7, window=51)
    assert noise.trend_strength < 0.3 and noise.seasonal_strength[0] < 0.3


def test_parts_add_up_and_two_seasons_are_told_apart():
    rng = np.random.default_rng(2)
    month = 4 * np.sin(2 * np.pi * np.arange(300) / 30)
    y = 10 + np.resize(WEEK, 300) + month + rng.normal(0, 0.3, 300)
    found = decompose(y, periods=(30, 7))
    assert found.periods == (7, 30)
    assert found.trend + found.seasons.sum(axis=1) + found.remainder == pytest.approx(y)
    assert found.adjusted == pytest.approx(y - found.seasons.sum(axis=1))
    assert np.corrcoef(found.seasons[:, 1], month)[0, 1] > 0.98


def test_robust_decomposition_leaves_an_outlier_in_the_remainder():
    y = np.linspace(0, 10, 140) + np.resize(WEEK, 140)
    y[70] += 30
    found = decompose(y, periods=7, robust=True)
    assert found.remainder[70] > 29 and np.abs(np.delete(found.remainder, 70)).max() < 1.5


def test_the_seasonal_naive_forecast_is_the_last_week_and_widens_by_the_week():
    y = np.concatenate([WEEK, WEEK + 1, WEEK + 3])
    found = fit_seasonal_naive(y, period=7).forecast(15)
    assert found.middle == pytest.approx(np.resize(WEEK + 3, 15))
    width = (found.high - found.low)[[0, 6, 7, 14]]
    assert width / width[0] == pytest.approx([1, 1, np.sqrt(2), np.sqrt(3)])
    assert (width[0] / 2) == pytest.approx(np.sqrt(2.5) * 2.1447867)  # σ² = (1 + 4)/2; t of 14 degrees


def test_exponential_smoothing_finds_season_and_level():
    rng = np.random.default_rng(3)
    y = weekly(203, rng)
    model = fit_ets(y[:182], period=7)
    ahead = model.forecast(21)
    assert model.seasonal
    assert np.abs(ahead.middle - y[182:]).mean() < 1.5
    assert (np.diff(ahead.high - ahead.low) > -1e-9).all()
    assert not fit_ets(rng.normal(5, 1, 140), period=7).seasonal


def test_exponential_smoothing_agrees_with_its_recursion():
    y = weekly(140, np.random.default_rng(4))
    model = fit_ets(y, period=1, trend="none")
    alpha, level = model.smoothing["smoothing_level"], float(model.model.params[1])
    errors = []
    for value in y:
        errors.append(value - level)
        level += alpha * errors[-1]
    variance = np.sum(np.square(errors)) / (140 - 2)
    ahead = model.forecast(3, level=0.5)
    assert ahead.middle == pytest.approx(np.full(3, level), rel=1e-6)
    reach = 0.6762677 * np.sqrt(variance * (1 + np.arange(3) * alpha**2))  # t of 138 degrees at .75
    assert ahead.high - ahead.middle == pytest.approx(reach, rel=1e-4)


def test_logarithms_keep_a_forecast_above_zero():
    rng = np.random.default_rng(5)
    y = np.exp(weekly(140, rng) / 5 - 10)
    for model in (
        fit_ets(y, period=7, trend="none", seasonal=True, log=True),
        fit_seasonal_naive(y, period=7, log=True),
    ):
        ahead = model.forecast(28)
        assert (
            (ahead.low > 0).all() and (ahead.low < ahead.middle).all() and (ahead.middle < ahead.high).all()
        )
    with pytest.raises(OutOfRange, match="the smallest value must be above zero"):
        fit_ets(y - 1, log=True)


def test_the_search_for_an_order_finds_the_differences_and_the_memory():
    rng = np.random.default_rng(6)
    shocks = rng.normal(0, 1, 300)
    walk = fit_arima(np.cumsum(shocks))
    assert walk.order[1] == 1
    memory = np.zeros(300)
    for t in range(1, 300):
        memory[t] = 0.7 * memory[t - 1] + shocks[t]
    found = fit_arima(memory + 10)
    assert found.order[1] == 0 and found.constant
    far = found.forecast(60)
    assert far.middle[-1] == pytest.approx(10, abs=1) and found.forecast(1).middle[0] == pytest.approx(
        10 + 0.7 * memory[-1], abs=0.4
    )
    assert (far.high - far.low)[-1] / 2 == pytest.approx(1.968 / np.sqrt(1 - 0.49), rel=0.15)


def test_a_search_with_a_season_differences_it():
    found = fit_arima(weekly(84, np.random.default_rng(7), noise=0.5), period=7)
    assert found.seasonal_order[1] == 1


def test_holidays_as_regressors_have_their_planted_effect_and_move_the_forecast():
    rng = np.random.default_rng(8)
    when = days("2025-01-01", "2026-02-28")
    columns, names = china_days(when).columns()
    assert names == ("holiday", "make-up day")
    y = weekly(len(when), rng, drift=0.1) - 12 * columns[:, 0] + 4 * columns[:, 1]
    cut = int(np.flatnonzero(when == np.datetime64("2026-02-10"))[0])
    model = fit_arima(
        y[:cut],
        period=7,
        order=(0, 1, 1),
        seasonal_order=(0, 1, 1),
        regressors=columns[:cut],
        names=names,
    )
    assert (np.abs(model.effects - [-12, 4]) < 3 * model.effect_errors).all()
    ahead = model.forecast(len(when) - cut, regressors=columns[cut:])
    assert np.abs(ahead.middle - y[cut:]).mean() < 1.5
    with pytest.raises(OutOfRange, match="needed for the days ahead: holiday, make-up day"):
        model.forecast(3)
    with pytest.raises(ShapeMismatch, match=r"\(3, 2\)"):
        model.forecast(3, regressors=np.ones((2, 2)))


def test_holidays_are_those_of_the_notice_for_2026():
    year = china_days(days("2026-01-01", "2026-12-31"))
    notice = [
        ("New Year's Day", "01-01", "01-03"),
        ("Spring Festival", "02-15", "02-23"),
        ("Tomb-sweeping Day", "04-04", "04-06"),
        ("Labour Day", "05-01", "05-05"),
        ("Dragon Boat Festival", "06-19", "06-21"),
        ("Mid-autumn Festival", "09-25", "09-27"),
        ("National Day", "10-01", "10-07"),
    ]
    expected = {str(d): n for n, a, b in notice for d in days(f"2026-{a}", f"2026-{b}")}
    told = zip(year.days[year.holiday], year.name[year.holiday], strict=True)
    assert {str(d): str(n) for d, n in told} == expected
    worked = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
    assert [str(d) for d in year.days[year.make_up]] == worked
    weekend = np.array([d.weekday() >= 5 for d in year.days.tolist()])
    assert np.array_equal(year.free, year.holiday | (weekend & ~year.make_up))


def test_columns_that_do_not_occur_are_left_out():
    june = china_days(days("2026-06-01", "2026-06-30"))
    values, names = june.columns(each=True)
    assert names == ("Dragon Boat Festival",) and values.sum() == 3
    assert china_days(days("2026-07-01", "2026-07-31")).columns()[0].shape == (31, 0)


def test_years_without_a_notice_are_refused():
    with pytest.raises(OutOfRange, match="holidays are known for 2004 to"):
        china_days(["2026-12-31", "2040-01-01"])


def test_a_backtest_sees_nothing_of_the_future():
    y = weekly(100, np.random.default_rng(9))
    seen = []

    def fit(past):
        seen.append(past.copy())
        return fit_seasonal_naive(past, period=7)

    result = backtest(y, fit, horizon=10, first=60, step=15, period=7)
    assert result.origins.tolist() == [60, 75, 90]
    assert all(np.array_equal(past, y[:o]) for past, o in zip(seen, result.origins, strict=True))
    assert np.array_equal(result.actual, np.stack([y[o : o + 10] for o in result.origins]))
    assert np.array_equal(result.middle, result.naive) and result.skill == 0


def test_a_model_of_the_planted_process_beats_the_naive_one_and_knows_its_limits():
    y = weekly(260, np.random.default_rng(10))
    result = backtest(
        y,
        lambda past: fit_ets(past, period=7, trend="none", seasonal=True),
        horizon=7,
        first=120,
        step=14,
        period=7,
    )
    assert result.skill > 0.1 and result.mase < result.naive_mase and result.smape < result.naive_smape
    assert 0.85 <= result.coverage <= 1


def test_a_backtest_hands_on_the_regressors_of_past_and_future():
    rng = np.random.default_rng(11)
    x = (rng.random((120, 1)) < 0.2).astype(float)
    y = rng.normal(0, 1, 120) + 6 * x[:, 0]
    result = backtest(
        y,
        lambda past, regressors: fit_arima(past, order=(0, 0, 0), regressors=regressors),
        horizon=10,
        first=80,
        step=10,
        regressors=x,
    )
    assert np.abs(result.actual - result.middle).mean() < 1.2 and result.skill > 0.4


def test_scaled_and_symmetric_errors_are_their_formulas():
    assert mase([5, 7], [4, 9], past=[1, 2, 4, 7], period=1) == pytest.approx(1.5 / 2)
    assert smape([100, 0, 50], [50, 0, 50]) == pytest.approx(200 * (50 / 150) / 3)


def test_planted_changes_are_found():
    rng = np.random.default_rng(12)
    y = np.concatenate([rng.normal(10, 1, 120), rng.normal(13, 1, 60), rng.normal(11, 1, 120)])
    found = change_points(y)
    assert np.abs(found.points - [120, 180]).max() <= 3
    assert found.levels == pytest.approx([10, 13, 11], abs=0.4)
    assert (found.gains > found.penalty).all() and len(found.fitted()) == 300
    counts = np.concatenate([rng.poisson(4, 100), rng.poisson(9, 100)])
    assert np.abs(change_points(counts, kind="rate").points - [100]).max() <= 3
    calm = np.concatenate([rng.normal(0, 1, 100), rng.normal(0, 5, 100)])
    assert np.abs(change_points(calm, kind="spread").points - [100]).max() <= 5


def test_series_without_a_change_rarely_show_one():
    rng = np.random.default_rng(13)
    shown = sum(len(change_points(rng.normal(size=200)).points) > 0 for _ in range(100))
    assert shown <= 8


@pytest.mark.parametrize("kind", ["mean", "rate", "spread"])
@pytest.mark.parametrize("least", [2, 9])
def test_pruning_loses_nothing(kind, least):
    rng = np.random.default_rng(14)
    y = np.concatenate([rng.poisson(level, 12) for level in (3, 8, 8, 2, 12)]).astype(float)
    cost = segment_cost(y, kind=kind, deviation=2.0 if kind == "mean" else None)
    for penalty in (0.5, 4.0, 12.0):
        best, before = [-penalty] + [np.inf] * len(y), [0] * (len(y) + 1)
        for end in range(least, len(y) + 1):
            for start in range(end - least + 1):
                if best[start] + (c := float(cost(np.array([start]), end)[0])) + penalty < best[end]:
                    best[end], before[end] = best[start] + c + penalty, start
        points, at = [], before[len(y)]
        while at:
            points, at = [at, *points], before[at]
        deviation = 2.0 if kind == "mean" else None
        found = change_points(y, kind=kind, penalty=penalty, deviation=deviation, least=least)
        assert found.points.tolist() == points


@pytest.fixture(scope="module")
def grunfeld():
    """Investment of ten firms over twenty years (Grunfeld 1958), as statsmodels brings it."""
    table = pytest.importorskip("statsmodels.datasets.grunfeld").load_pandas().data
    return table[table["firm"] != "American Steel"]


@pytest.mark.parametrize(
    ("effects", "cluster", "coefficients", "errors"),
    [
        # Baltagi (2021), table 2.1: within; two-way within
        ("unit", None, [0.1101, 0.3101], [0.0119, 0.0174]),
        ("both", None, [0.1177, 0.3579], [0.0138, 0.0227]),
        # pooled least squares, the same table
        ("none", None, [0.1156, 0.2307], [0.0058, 0.0255]),
    ],
)
def test_published_panel_regressions_are_reproduced(grunfeld, effects, cluster, coefficients, errors):
    found = fit_panel(
        grunfeld["invest"],
        grunfeld[["value", "capital"]],
        unit=grunfeld["firm"],
        time=grunfeld["year"],
        names=("value", "capital"),
        effects=effects,
        cluster=cluster,
    )
    assert found.coefficients == pytest.approx(coefficients, abs=6e-5)
    assert found.errors == pytest.approx(errors, abs=6e-5)


def test_clustered_errors_agree_with_dummy_variables_in_an_unbalanced_panel(grunfeld):
    sm = pytest.importorskip("statsmodels.api")
    pd = pytest.importorskip("pandas")
    part = grunfeld.drop(index=grunfeld.index[[3, 50, 51, 120]])
    ours = fit_panel(
        part["invest"],
        part[["value", "capital"]],
        unit=part["firm"],
        time=part["year"],
        names=("value", "capital"),
        effects="both",
    )
    dummies = pd.get_dummies(part[["firm", "year"]].astype(str), drop_first=True, dtype=float)
    design = sm.add_constant(pd.concat([part[["value", "capital"]], dummies], axis=1))
    codes = np.unique(part["firm"], return_inverse=True)[1]
    theirs = sm.OLS(part["invest"], design).fit(cov_type="cluster", cov_kwds={"groups": codes})
    assert ours.coefficients == pytest.approx(theirs.params[["value", "capital"]].to_numpy(), rel=1e-6)
    n, k = len(part), design.shape[1]
    nested = np.sqrt((n - k) / (n - (k - 9)))  # they count the effects of firms, which lie within clusters
    assert ours.errors == pytest.approx(theirs.bse[["value", "capital"]].to_numpy() * nested, rel=1e-6)
    assert ours.clusters == ours.units == 10


def test_a_planted_effect_is_found_where_pooling_is_fooled():
    rng = np.random.default_rng(15)
    unit = np.repeat(np.arange(60), 12)
    calling = rng.normal(0, 3, 60)[unit]
    x = calling + rng.normal(0, 1, 720)
    y = 0.5 * x - 2 * calling + rng.normal(0, 1, 720)
    within = fit_panel(y, x[:, None], unit=unit, names=("x",))
    pooled = fit_panel(y, x[:, None], unit=unit, names=("x",), effects="none")
    assert within.low[0] < 0.5 < within.high[0] and within.coefficients[0] == pytest.approx(0.5, abs=0.12)
    assert pooled.high[0] < -1


X = np.random.default_rng(16).normal(size=(12, 1))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: decompose(np.ones(30), periods=7), ConstantInput, "values does not vary"),
        (lambda: decompose(np.arange(14.0), periods=7), TooShort, "two whole cycles of 7"),
        (lambda: decompose(np.arange(30.0), periods=1), OutOfRange, "periods must be at least 2"),
        (lambda: decompose(np.arange(30.0), periods=7, window=8), OutOfRange, "window must be odd"),
        (lambda: fit_ets([]), EmptyInput, "values is empty"),
        (lambda: fit_ets([1.0, np.nan] * 9), NotFinite, "values holds 9"),
        (lambda: fit_arima(np.ones(40)), ConstantInput, "values does not vary"),
        (lambda: fit_arima(np.arange(40.0), period=0), OutOfRange, "period must be a whole number"),
        (lambda: fit_seasonal_naive([1.0, 2, 3], period=2), TooShort, "at least 4"),
        (lambda: fit_seasonal_naive([1.0, 2, 3]).forecast(0), OutOfRange, "horizon must be at least 1"),
        (
            lambda: fit_seasonal_naive([1.0, 2, 3]).forecast(1, regressors=[[1.0]]),
            OutOfRange,
            "use fit_arima",
        ),
        (
            lambda: backtest(np.arange(9.0), fit_seasonal_naive, horizon=5, first=6),
            TooShort,
            "9 values leave no 5",
        ),
        (lambda: mase([1.0], [1.0], past=[2.0, 2.0]), ConstantInput, "repeats itself exactly"),
        (lambda: change_points(np.ones(40)), ConstantInput, "values does not vary"),
        (lambda: change_points(np.arange(8.0)), TooShort, "two segments of 5"),
        (lambda: change_points(-np.arange(40.0), kind="rate"), OutOfRange, "a rate is of counts"),
        (lambda: change_points([0.0] * 30 + [1.0] * 30), ConstantInput, "most values repeat"),
        (lambda: china_days([]), EmptyInput, "days is empty"),
        (lambda: fit_panel(X[:, 0], X, unit=[1] * 12, names=("x",)), OneClass, "only one unit"),
        (
            lambda: fit_panel(
                X[:, 0], np.repeat([[1.0], [2]], 6, axis=0), unit=[1] * 6 + [2] * 6, names=("x",)
            ),
            ConstantInput,
            "x does not vary beside the effects",
        ),
        (lambda: fit_panel(X[:, 0], X, unit=range(12), names=("x", "z")), ShapeMismatch, "2 names"),
        (
            lambda: fit_panel(X[:, 0], X, unit=[1, 2] * 6, names=("x",), effects="both"),
            OutOfRange,
            "need `time`",
        ),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
