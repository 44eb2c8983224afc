"""The literal growth model explodes, the well-posed one rests where it says, and planted rates are found."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paideia.science.errors import OutOfRange, ShapeMismatch, TooShort
from paideia.science.growth import (
    ONLINE_SCHOOL,
    TECH_GROUP,
    Response,
    Run,
    calibrate,
    elasticities,
    equilibria,
    literal_escape,
    literal_slope,
    outcomes,
    pareto_front,
    residual,
    retention_ceiling,
    simulate,
    simulate_many,
    slope,
    sobol_indices,
    thresholds,
    undominated,
)

SCHOOL = ONLINE_SCHOOL.rates
START = np.array([3000.0, 1000.0, 0.7, 0.8, 0.7])


def test_the_literal_slope_is_the_published_formula():
    n, a, p, c = 3000.0, 1000.0, 0.7, 0.8
    r = n * (0.5 * p + 0.2 * c) / (0.05 * n + 0.5 * p + 0.2 * c)
    expected = [
        0.5 * a + 0.3 * p + 0.2 * c - 0.05 * n,
        0.8 * r * a - 0.2 * a,
        0.6 * a * p - 0.1 * p,
        0.9 * r * c - 0.1 * c,
    ]
    assert literal_slope(np.array([n, a, p, c]), SCHOOL) == pytest.approx(expected)


@pytest.mark.parametrize("run", [ONLINE_SCHOOL, TECH_GROUP], ids=lambda run: run.name)
def test_the_literal_model_leaves_any_sensible_range_at_once(run):
    first = {name: column[0] for name, column in run.values.items()}
    start = np.array([3 * first["A"], first["A"], first["P"], first["C"]])
    escape = literal_escape(run.rates, start=start)
    assert escape.variable == "P"
    # while A barely moves, P = P0·exp((δ·A - λ)·t) reaches 10 at about ln(10/P0)/(δ·A)
    by_hand = np.log(10 / first["P"]) / (run.rates.delta * first["A"])
    assert escape.time == pytest.approx(by_hand, rel=0.2)
    assert escape.time < 0.02


def test_a_literal_model_without_feedback_does_not_escape():
    calm = replace(SCHOOL, delta=0.0, beta=0.0, epsilon=0.0)
    assert literal_escape(calm, start=np.array([3000.0, 1000, 0.7, 0.8])) is None


def test_the_well_posed_slope_is_its_formula():
    n, p, c, r = 3000.0, 0.7, 0.8, 0.7
    a = 1 / 3
    g = 0.5 * a + 0.3 * p + 0.2 * c
    ceiling = 1.05 * (0.5 * p + 0.2 * c) / (0.05 + 0.5 * p + 0.2 * c)
    expected = [
        g * n * (1 - n / 4000) - 0.05 * (n - 1000),
        (0.8 * r * (1 - a) - 0.2 - (g * (1 - n / 4000) - 0.05 * (1 - a))) * a,
        0.6 * a * p * (1 - p / 1.5) - 0.1 * p,
        0.9 * r * c * (1 - c / 2.0) - 0.1 * c,
        1.0 * r * (ceiling - r),
    ]
    assert slope(np.array([n, a, p, c, r]), SCHOOL) == pytest.approx(expected)
    assert retention_ceiling(p, c, SCHOOL) == pytest.approx(ceiling)


rate = st.floats(0.01, 3)


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(rate, min_size=10, max_size=10),
    share=st.floats(0, 1),
    levels=st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
def test_no_path_of_the_well_posed_model_leaves_its_bounds(values, share, levels):
    rates = replace(SCHOOL, **dict(zip(list(asdict(SCHOOL))[:10], values, strict=True)))
    p, c, r = np.array(levels) * [rates.p_max, rates.c_max, rates.r_max]
    start = np.array([3000.0, 3000.0 * share, p, c, r])
    states = simulate_many(asdict(rates), start=start, times=np.linspace(0, 30, 40))[0]
    assert (states >= -1e-7).all()
    assert (states <= np.array([4000, 4000, rates.p_max, rates.c_max, rates.r_max]) * (1 + 1e-6)).all()
    assert (states[:, 1] <= states[:, 0] * (1 + 1e-6) + 1e-6).all()


def test_many_runs_at_once_agree_with_one_by_one():
    factors = np.array([0.5, 1.0, 1.7])
    times = np.linspace(0, 12, 7)
    together = simulate_many(
        {**asdict(SCHOOL), "beta": SCHOOL.beta * factors}, start=START, times=times, step_max=0.02
    )
    alone = [simulate(SCHOOL.scaled(beta=f), start=START, times=times).states for f in factors]
    assert together == pytest.approx(np.array(alone), rel=1e-6)


def test_the_stable_equilibrium_is_where_long_paths_end():
    resting = equilibria(SCHOOL)
    stable = [e for e in resting if e.stable]
    assert len(stable) == 1
    end = simulate(SCHOOL, start=START, times=np.array([0.0, 400.0])).states[-1]
    assert end == pytest.approx(stable[0].state, rel=1e-6)


def test_nothing_moves_at_any_equilibrium():
    found = equilibria(SCHOOL)
    assert len(found) > 5
    assert max(residual(SCHOOL, e) for e in found) < 1e-10


def test_eigenvalues_give_the_speed_of_return():
    e = next(e for e in equilibria(SCHOOL) if e.stable)
    times = np.linspace(0, 60, 61)
    path = simulate(SCHOOL, start=e.state * [0.99, 0.985, 0.99, 0.99, 0.99], times=times).states
    distance = np.linalg.norm(path / e.state - 1, axis=1)
    speed = -np.polyfit(times[15:40], np.log(distance[15:40]), 1)[0]
    assert 1 / e.return_time == pytest.approx(speed, rel=0.02)


def test_below_the_threshold_of_activity_the_active_die_out():
    tired = replace(SCHOOL, beta=0.15)  # β·R_max < ν
    assert thresholds(tired, START).active < 0
    stable = [e for e in equilibria(tired) if e.stable]
    assert {e.active_share for e in stable} == {0.0}
    assert simulate(tired, start=START, times=np.array([0.0, 200.0])).of("A")[-1] < 1


@pytest.mark.parametrize(
    ("variable", "rates", "margin"),
    [("A", {"nu": 0.6}, "active"), ("P", {"lam": 0.5}, "precision"), ("C", {"eta": 0.9}, "climate")],
)
def test_small_quantities_grow_exactly_above_their_threshold(variable, rates, margin):
    small = (
        np.array([3000.0, 3.0, 0.001, 0.001, 0.7])
        if variable != "P"
        else np.array([3000.0, 1500, 1e-3, 0.5, 0.7])
    )
    shares = small / [1, small[0], 1, 1, 1]
    for changed in (SCHOOL, replace(SCHOOL, **rates)):
        change = slope(shares, changed)
        counted = {"A": change[1] * small[0] + shares[1] * change[0], "P": change[2], "C": change[3]}
        up = counted[variable] > 0
        assert up == (getattr(thresholds(changed, small), margin) > 0.001)


def test_elasticities_agree_with_moving_one_rate():
    found = elasticities(SCHOOL, start=START, horizon=4.0, names=["beta", "eta"])
    times = np.array([0.0, 4.0])
    more, less = (
        simulate(SCHOOL.scaled(beta=f), start=START, times=times).states[-1] for f in (1.001, 0.999)
    )
    assert found[0] == pytest.approx(np.log(more / less) / np.log(1.001 / 0.999), abs=1e-4)
    assert found[1, 3] < 0 < found[0, 1]


def test_sobol_indices_find_the_only_rate_that_matters_to_climate_alone():
    frozen = replace(SCHOOL, kappa=0.0)  # retention stays put, so climate depends on ε and η only
    indices = sobol_indices(
        frozen, start=START, horizon=2.0, names=["epsilon", "delta"], rng=np.random.default_rng(1)
    )
    assert indices.first_order[:, 3] == pytest.approx([1, 0], abs=0.01)
    assert indices.total[:, 3] == pytest.approx([1, 0], abs=0.01)


@pytest.mark.parametrize("run", [ONLINE_SCHOOL, TECH_GROUP], ids=lambda run: run.name)
def test_the_reference_runs_are_met_within_two_percent(run):
    fit = calibrate(run)
    assert {v: e < 2 for v, e in fit.percentage_errors.items()} == dict.fromkeys("ARPC", True)
    assert all(e.low < e.value < e.high for e in fit.estimates.values())


def test_planted_rates_are_found_again_inside_their_intervals():
    rng = np.random.default_rng(3)
    times = np.linspace(0, 8, 25)
    true = SCHOOL.scaled(beta=1.2, delta=0.9, epsilon=0.8)
    path = simulate(true, start=START, times=times)
    noisy = {v: path.of(v) * np.exp(rng.normal(0, 0.01, 25)) for v in "NARPC"}
    fit = calibrate(Run(times, noisy, SCHOOL), free=("beta", "delta", "epsilon"), prior_spread=np.inf)
    for name in ("beta", "delta", "epsilon"):
        assert fit.estimates[name].low < getattr(true, name) < fit.estimates[name].high
        assert fit.estimates[name].value == pytest.approx(getattr(true, name), rel=0.03)
    assert fit.noise == pytest.approx(0.01, rel=0.2)
    middle, low, high = fit.forecast([0, 4, 8, 12])
    ahead = simulate(true, start=START, times=np.array([0.0, 4, 8, 12])).states
    assert (low[1:] < ahead[1:]).mean() > 0.8 and (ahead[1:] < high[1:]).mean() > 0.8
    assert middle == pytest.approx(ahead, rel=0.05)


def test_what_the_data_cannot_tell_is_said():
    fit = calibrate(ONLINE_SCHOOL, prior_spread=0.5)
    assert fit.estimates["r_max"].learned > 0.9
    assert fit.estimates["mu"].learned < 0.1


def test_calibration_refuses_what_cannot_be_fitted():
    two = Run(np.arange(2.0), {"A": np.array([1.0, 2.0])}, SCHOOL)
    with pytest.raises(TooShort, match="2 times"):
        calibrate(two)
    with pytest.raises(TooShort, match="set a finite prior_spread"):
        calibrate(ONLINE_SCHOOL, prior_spread=np.inf, free=("beta",) * 1 + tuple(asdict(SCHOOL))[:15])
    with pytest.raises(OutOfRange, match="free names no rate: bet"):
        calibrate(ONLINE_SCHOOL, free=("bet",))
    with pytest.raises(OutOfRange, match="the smallest A"):
        Run(np.arange(3.0), {"A": np.array([1.0, 0.0, 2.0])}, SCHOOL)
    with pytest.raises(ShapeMismatch, match="A has 4 values for 3 times"):
        calibrate(Run(np.arange(3.0), {"A": np.ones(4)}, SCHOOL))


def test_no_split_on_a_fine_grid_beats_the_front():
    start, budget = START, 10_000.0
    front = pareto_front(SCHOOL, start=start, budget=budget, horizon=6.0, rng=np.random.default_rng(1))
    assert front.spends.sum(axis=1) == pytest.approx(np.full(len(front.spends), budget))
    steps = np.linspace(0, 1, 21)
    grid = np.array([(a, b, 1 - a - b) for a in steps for b in steps if a + b <= 1 + 1e-9]).clip(0)
    from paideia.science.growth import ASSUMED_RESPONSES

    reached = outcomes(grid * budget, rates=SCHOOL, start=start, horizon=6.0, responses=ASSUMED_RESPONSES)
    spread = np.ptp(reached, axis=0)
    better = (reached[:, None, :] > front.outcomes[None, :, :] + 0.02 * spread).all(axis=2)
    assert not better.any()
    assert len(front.spends) >= 40 and (front.outcomes[front.compromise()] > front.untouched).all()


def test_money_where_only_one_lever_works_goes_there():
    only = (Response("interaction", "epsilon", 0.5, 2000),)
    front = pareto_front(
        SCHOOL, start=START, budget=1000.0, horizon=6.0, responses=only, rng=np.random.default_rng(1)
    )
    best = front.outcomes[:, 3].argmax()
    assert front.spends[best, 2] > 990


def test_undominated_rows_agree_with_their_definition():
    points = np.random.default_rng(5).integers(0, 5, (60, 3)).astype(float)
    slow = {tuple(p) for p in points if not any((q >= p).all() and (q > p).any() for q in points)}
    kept = points[undominated(points)]
    assert {tuple(p) for p in kept} == slow and len(kept) == len(slow)


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (np.array([10.0, 20, 1, 1, 1]), "A at most N"),
        (np.array([np.nan, 20, 1, 1, 1]), "1 values that are NaN"),
        (np.array([10.0, 2, 1]), "it has 3 numbers"),
    ],
)
def test_impossible_starts_are_refused(start, words):
    with pytest.raises(ValueError, match=words):
        simulate(SCHOOL, start=start, times=np.array([0.0, 1.0]))
