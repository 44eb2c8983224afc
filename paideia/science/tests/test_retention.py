"""Cohorts and survival agree with slow twins and known libraries; classifiers are calibrated and give
reasons.
"""

from __future__ import annotations

import math
from importlib import import_module
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paideia.science import measures
from paideia.science.errors import ConstantInput, EmptyInput, OneClass, OutOfRange, ShapeMismatch, TooShort
from paideia.science.retention import (
    assess,
    cohorts,
    encoder,
    fit_classifier,
    fit_cox,
    forward_splits,
    funnel,
    group_folds,
    kaplan_meier,
    known_before,
    leave_one_group_out,
    log_rank,
    periods,
    random_folds,
    suspicious_columns,
)
from paideia.science.simulate import Parameters, Verb, simulate

events = st.lists(st.tuples(st.integers(0, 6), st.integers(3, 9)), min_size=1, max_size=40)


@given(events)
def test_cohorts_agree_with_counting_by_hand(rows):
    table = cohorts(*(np.array(c) for c in zip(*rows, strict=True)))
    first = {m: min(p for n, p in rows if n == m) for m, _ in rows}
    last = max(p for _, p in rows)
    for i, label in enumerate(table.labels):
        own = [m for m in first if first[m] == label]
        assert table.sizes[i] == len(own)
        for age in range(table.active.shape[1]):
            here = {m for m in own if (m, label + age) in rows}
            assert table.active[i, age] == len(here)
            expected = len(here) / len(own) if label + age <= last else np.nan
            assert table.share[i, age] == pytest.approx(expected, nan_ok=True)


def test_any_label_makes_a_cohort_and_gaps_in_the_numbers_do_not_matter():
    member, period = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 0, 1, 2])
    table = cohorts(member, period, label=np.array(["ad", "friend", "ad"]))
    assert table.labels.tolist() == ["ad", "friend"]
    assert table.active[:, :2].tolist() == [[2, 2], [1, 0]]
    far = cohorts(member * 10**9, period)
    near = cohorts(member, period)
    assert np.array_equal(far.active, near.active)


def test_average_retention_leaves_out_what_cannot_be_seen_yet():
    table = cohorts([0, 0, 1, 2], [0, 1, 0, 1])
    assert table.share[1, 1] != table.share[1, 1]  # the second cohort has no second period yet
    assert table.average().tolist() == [1.0, 0.5]


def test_periods_are_calendar_periods():
    times = np.array(["2024-01-31T23:59", "2024-02-01T00:00", "2025-02-01"], dtype="datetime64[m]")
    assert np.diff(periods(times, unit="M")).tolist() == [1, 12]
    assert np.diff(periods(times, unit="Y")).tolist() == [0, 1]
    with pytest.raises(OutOfRange, match="unit must be"):
        periods(times, unit="Q")


steps = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 30), st.integers(-1, 2)), min_size=1, max_size=40
)


@given(steps, st.sampled_from([5.0, np.inf]))
def test_funnels_agree_with_walking_through_each_members_events(rows, window):
    member, time, step = (np.array(c) for c in zip(*rows, strict=True))
    reached = [0, 0, 0]
    for m in set(member.tolist()):
        at, begun = -np.inf, np.inf
        for k in range(3):
            own = [t for n, t, s in rows if n == m and s == k and t >= at and (k == 0 or t <= begun + window)]
            if not own:
                break
            at = min(own)
            begun = at if k == 0 else begun
            reached[k] += 1
    if reached[0] == 0:
        with pytest.raises(EmptyInput):
            funnel(member, time, step, steps=3, window=window)
    else:
        found = funnel(member, time, step, steps=3, window=window)
        assert found.reached.tolist() == reached
        order = np.argsort(time, kind="stable")  # a log in order of time is read another way
        with mock.patch.object(import_module("paideia.science.retention.cohorts"), "BLOCK", 3):
            again = funnel(member[order], time[order], step[order], steps=3, window=window)
        assert again.reached.tolist() == reached
        assert np.array_equal(again.hours_between, found.hours_between, equal_nan=True)


def test_a_funnel_tells_conversion_and_time_between():
    found = funnel([0, 0, 1, 1, 2], [0.0, 4, 1, 7, 2], [0, 1, 0, 1, 0], steps=2)
    assert found.conversion.tolist() == [1.0, pytest.approx(2 / 3)]
    assert found.hours_between.tolist() == [0.0, 5.0]


def test_kaplan_meier_reproduces_the_published_leukaemia_table():
    """Freireich et al. 1963, the 6-MP group, as tabulated in Cox & Oakes (1984)."""
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    curve = kaplan_meier(weeks, relapse)
    steps_ = curve.left > 0
    assert curve.times[steps_].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.share[steps_].round(3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert curve.median() == 23
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    both = log_rank(weeks + placebo, relapse + [1] * 21, [0] * 21 + [1] * 21)
    assert both.statistic == pytest.approx(16.79, abs=0.01)  # published log-rank χ²


def _lives(seed: int, size: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.stack([rng.normal(size=size), rng.integers(0, 2, size)], axis=1)
    t = rng.exponential(1 / (0.02 * np.exp(0.7 * x[:, 0] - 0.5 * x[:, 1])))
    censor = rng.uniform(10, 120, size)
    return x, np.minimum(t, censor).round(1), (t <= censor).astype(int)


def test_survival_agrees_with_lifelines():
    lifelines = pytest.importorskip("lifelines")
    from lifelines.statistics import multivariate_logrank_test

    x, t, d = _lives(1)
    ours, theirs = kaplan_meier(t, d), lifelines.KaplanMeierFitter().fit(t, d)
    assert ours.at([5.0, 20, 60]) == pytest.approx(
        theirs.survival_function_at_times([5.0, 20, 60]).to_numpy()
    )
    table = theirs.confidence_interval_
    at_20 = table[table.index <= 20].iloc[-1].to_numpy()
    place = np.searchsorted(ours.times, 20, side="right") - 1
    assert [ours.low[place], ours.high[place]] == pytest.approx(at_20.tolist())
    group = np.digitize(x[:, 0], [-0.5, 0.5])
    test = multivariate_logrank_test(t, group, d)
    assert log_rank(t, d, group).statistic == pytest.approx(test.test_statistic)


def test_the_curve_says_nothing_after_the_last_observation():
    curve = kaplan_meier([1, 2, 3], [1, 1, 0])
    assert np.isnan(curve.at(9)[0]) and curve.at(0.5)[0] == 1
    assert curve.mean_until(2.0) == pytest.approx(1 + 2 / 3)


def test_cox_finds_planted_hazard_ratios_and_passes_its_own_check():
    x, t, d = _lives(2, 2000)
    model = fit_cox(x, t, d, names=("fit", "invited"))
    assert model.coefficients == pytest.approx([0.7, -0.5], abs=0.12)
    assert (model.low < [0.7, -0.5]).all() and (model.high > [0.7, -0.5]).all()
    assert (model.proportional_p > 0.01).all() and model.concordance > 0.6
    curves = model.survival(x[:3], [10.0, 30.0])
    assert curves.shape == (3, 2) and (curves[:, 0] > curves[:, 1]).all()
    assert model.hazard_ratio(x).shape == (2000,)


def test_cox_notices_a_hazard_ratio_that_changes():
    rng = np.random.default_rng(3)
    x = rng.integers(0, 2, 3000).astype(float)
    early = rng.exponential(1 / (0.05 * np.exp(1.5 * x)))  # strong at first …
    late = 10 + rng.exponential(1 / (0.05 * np.exp(-1.0 * x)))  # … reversed after time 10
    t = np.where(early < 10, early, late)
    model = fit_cox(x[:, None], t, np.ones(3000, dtype=int), names=("offer",))
    assert model.proportional_p[0] < 1e-6


def test_the_simulated_community_stays_as_its_hazards_say():
    year = simulate(Parameters(members=3000, works=20, paying_log_hazard=0.0), rng=np.random.default_rng(4))
    people = year.people[~year.people["mentor"]]
    left = people["left_second"] >= 0
    stayed = (np.where(left, people["left_second"], 365 * 86_400) - people["joined_second"]) / 86_400
    x = np.stack([people["invited"].astype(float), np.log(people["churn"])], axis=1)
    model = fit_cox(x, stayed, left, names=("invited", "log churn"))
    assert (model.low < [-0.5, 1.0]).all() and (model.high > [-0.5, 1.0]).all()


@pytest.fixture(scope="module")
def churn() -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(5)
    size = 3000
    visits = rng.poisson(8, size).astype(float)
    plan = rng.choice(["month", "year"], size)
    noise = rng.normal(size=size)
    logit = 1.0 - 0.35 * visits + np.where(plan == "month", 1.5, 0.0)
    y = (rng.random(size) < 1 / (1 + np.exp(-logit))).astype(int)
    visits[rng.random(size) < 0.05] = np.nan
    return {"visits": visits, "plan": plan, "noise": noise}, y


@pytest.mark.parametrize("kind", ["boosted", "logistic"])
def test_a_classifier_ranks_calibrates_and_says_why(churn, kind):
    columns, y = churn
    train = {name: c[:2000] for name, c in columns.items()}
    test = {name: c[2000:] for name, c in columns.items()}
    model = fit_classifier(train, y[:2000], kind=kind)
    p = model.probability(test)
    judged = assess(y[2000:], p)
    true = 1.0 - 0.35 * np.nan_to_num(test["visits"], nan=8) + 1.5 * (test["plan"] == "month")
    assert judged.auc > measures.auc(y[2000:], true) - 0.02 and judged.calibration_error < 0.05
    assert judged.auc_low < judged.auc < judged.auc_high
    silent = {"visits": np.array([1.0]), "plan": np.array(["month"]), "noise": np.array([0.0])}
    reasons = model.reasons(silent)[0]
    assert {r.column for r in reasons[:2]} == {"visits", "plan"} and reasons[1].log_odds > 0.5
    assert {r.column for r in model.reasons(test, top=2)[0]} <= {"visits", "plan", "noise"}


def test_the_logistic_model_can_be_read(churn):
    columns, y = churn
    effects = fit_classifier(columns, y, kind="logistic").effects()
    assert list(effects) == ["visits", "visits unknown", "plan = month", "plan = year", "noise"]
    assert effects["plan = month"] - effects["plan = year"] == pytest.approx(1.5, abs=0.4)
    assert effects["visits"] == pytest.approx(-0.35 * np.sqrt(8), abs=0.25)
    with pytest.raises(OutOfRange, match="ask `reasons`"):
        fit_classifier({k: v[:400] for k, v in columns.items()}, y[:400]).effects()


def test_a_category_never_seen_before_is_unknown_and_not_an_error(churn):
    columns, y = churn
    model = fit_classifier(columns, y, kind="logistic")
    strange = {"visits": [3.0], "plan": ["decade"], "noise": [0.0]}
    assert 0 < model.probability(strange)[0] < 1
    with pytest.raises(ShapeMismatch, match="columns lack plan"):
        model.probability({"visits": [1.0], "noise": [0.0]})


def test_columns_written_after_the_fact_are_noticed(churn):
    columns, y = churn
    goodbye = np.where(y == 1, "sent", "none")
    days = np.where(y == 1, 3.0, np.nan)
    found = suspicious_columns({**columns, "goodbye mail": goodbye, "exit survey day": days}, y)
    assert set(found) == {"goodbye mail", "exit survey day"}
    known_before({"visits": [1.0, 2.0]}, [2.0, 2.0])
    with pytest.raises(OutOfRange, match="visits knows the future in 1"):
        known_before({"visits": [1.0, 3.0]}, [2.0, 2.0])


def test_forward_splits_never_train_on_labels_of_the_future():
    when = np.arange(100.0)
    for train, test in forward_splits(when, cuts=[40, 60], window=10, label_delay=15):
        assert when[train].max() + 15 <= when[test].min() - 1
        assert len(test) == 10
    with pytest.raises(TooShort, match="the cut at 5"):
        list(forward_splits(when, cuts=[5], window=10, label_delay=15))


def test_folds_test_every_row_once_and_keep_groups_together():
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 30, 200)
    for splits in (random_folds(200, rng=rng, strata=groups % 2), group_folds(groups, rng=rng)):
        tested = np.concatenate([test for _, test in splits])
        assert np.array_equal(np.sort(tested), np.arange(200))
    for train, test in group_folds(groups, rng=rng):
        assert not set(groups[train]) & set(groups[test])
    assert len(leave_one_group_out(groups)) == 30


def test_measures_agree_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(6)
    y, p = rng.integers(0, 2, 500), rng.random(500).round(2)
    judged = assess(y, p)
    assert judged.auc == pytest.approx(metrics.roc_auc_score(y, p))
    assert judged.average_precision == pytest.approx(metrics.average_precision_score(y, p))
    assert judged.cross_entropy == pytest.approx(metrics.log_loss(y, np.clip(p, 1e-12, 1 - 1e-12)))
    assert judged.f1 == pytest.approx(metrics.f1_score(y, p >= 0.5))
    assert judged.brier == pytest.approx(metrics.brier_score_loss(y, p))


def test_the_auc_interval_covers():
    rng = np.random.default_rng(7)
    truth = 0.5 * (1 + math.erf(1 / 2))  # P(N(1,1) > N(0,1)) = Φ(1/√2)
    covered = 0
    for _ in range(300):
        y = np.repeat([0, 1], [60, 40])
        low, high = measures.auc_interval(y, rng.normal(y, 1.0))
        covered += low < truth < high
    assert 0.92 <= covered / 300 <= 0.98


def test_calibration_error_sees_what_it_should():
    y = np.array([0, 1] * 500)
    assert measures.calibration_error(y, np.full(1000, 0.5)) < 0.01
    assert measures.calibration_error(y, np.full(1000, 0.8)) == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: kaplan_meier([1, 2], [0, 0]), OneClass, "nobody left"),
        (lambda: kaplan_meier([1, -2], [0, 1]), OutOfRange, "at least 0"),
        (lambda: log_rank([1, 2], [1, 1], [0, 0]), OneClass, "only one group"),
        (lambda: fit_cox(np.ones((9, 1)), range(9), [1] * 9, names=("x",)), ConstantInput, "columns"),
        (lambda: encoder({}), EmptyInput, "columns is empty"),
        (lambda: encoder({"a": ["x", "x"]}), ConstantInput, "column a"),
        (lambda: fit_classifier({"a": [1.0, 2.0]}, [1, 1]), OneClass, "outcome holds only 1"),
        (lambda: fit_classifier({"a": np.arange(30.0)}, [1] + [0] * 29), TooShort, "at least 10 rows"),
        (lambda: measures.auc([0, 0], [1, 2]), OneClass, "outcome holds only 0"),
        (lambda: cohorts([], []), EmptyInput, "member is empty"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_years_of_ten_thousand_members_make_cohorts_quickly():
    year = simulate(Parameters(members=1000, works=30), rng=np.random.default_rng(9))
    visits = year.happened(Verb.VISITED)
    table = cohorts(visits["actor"], visits["second"] // (30 * 86_400))
    assert table.sizes.sum() == len(np.unique(visits["actor"]))
    assert 0.1 < table.average()[3] < 0.95
