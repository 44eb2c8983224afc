"""Activity: published tables to the last digit, slow twins, exact sums, and planted drivers."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paideia.science.activity import (
    change_by_factor,
    drivers,
    fit_linear,
    fit_ordinal,
    mix_and_within,
    movement,
    oaxaca_blinder,
)
from paideia.science.errors import (
    ConstantInput,
    EmptyInput,
    NotFinite,
    OneClass,
    OutOfRange,
    ShapeMismatch,
    TooShort,
)
from paideia.science.simulate import Parameters, simulate

RNG = np.random.default_rng

# Longley (1967), NIST's reference data: TOTEMP, GNPDEFL, GNP, UNEMP, ARMED, POP, YEAR
LONGLEY = np.array(
    """
    60323 83.0 234289 2356 1590 107608 1947; 61122 88.5 259426 2325 1456 108632 1948;
    60171 88.2 258054 3682 1616 109773 1949; 61187 89.5 284599 3351 1650 110929 1950;
    63221 96.2 328975 2099 3099 112075 1951; 63639 98.1 346999 1932 3594 113270 1952;
    64989 99.0 365385 1870 3547 115094 1953; 63761 100.0 363112 3578 3350 116219 1954;
    66019 101.2 397469 2904 3048 117388 1955; 67857 104.6 419180 2822 2857 118734 1956;
    68169 108.4 442769 2936 2798 120445 1957; 66513 110.8 444546 4681 2637 121950 1958;
    68655 112.6 482704 3813 2552 123366 1959; 69564 114.2 502601 3931 2514 125368 1960;
    69331 115.7 518173 4806 2572 127852 1961; 70551 116.9 554894 4007 2827 130081 1962
    """.replace(";", " ").split(),
    dtype=float,
).reshape(-1, 7)

# Swiss provinces 1888 (Mosteller & Tukey 1977): fertility, agriculture, examination, education, Catholic,
# infant mortality
SWISS = np.array(
    """
    80.2 17.0 15 12 9.96 22.2; 83.1 45.1 6 9 84.84 22.2; 92.5 39.7 5 5 93.40 20.2;
    85.8 36.5 12 7 33.77 20.3; 76.9 43.5 17 15 5.16 20.6; 76.1 35.3 9 7 90.57 26.6;
    83.8 70.2 16 7 92.85 23.6; 92.4 67.8 14 8 97.16 24.9; 82.4 53.3 12 7 97.67 21.0;
    82.9 45.2 16 13 91.38 24.4; 87.1 64.5 14 6 98.61 24.5; 64.1 62.0 21 12 8.52 16.5;
    66.9 67.5 14 7 2.27 19.1; 68.9 60.7 19 12 4.43 22.7; 61.7 69.3 22 5 2.82 18.7;
    68.3 72.6 18 2 24.20 21.2; 71.7 34.0 17 8 3.30 20.0; 55.7 19.4 26 28 12.11 20.2;
    54.3 15.2 31 20 2.15 10.8; 65.1 73.0 19 9 2.84 20.0; 65.5 59.8 22 10 5.23 18.0;
    65.0 55.1 14 3 4.52 22.4; 56.6 50.9 22 12 15.14 16.7; 57.4 54.1 20 6 4.20 15.3;
    72.5 71.2 12 1 2.40 21.0; 74.2 58.1 14 8 5.23 23.8; 72.0 63.5 6 3 2.56 18.0;
    60.5 60.8 16 10 7.72 16.3; 58.3 26.8 25 19 18.46 20.9; 65.4 49.5 15 8 6.10 22.5;
    75.5 85.9 3 2 99.71 15.1; 69.3 84.9 7 6 99.68 19.8; 77.3 89.7 5 2 100.00 18.3;
    70.5 78.2 12 6 98.96 19.4; 79.4 64.9 7 3 98.22 20.2; 65.0 75.9 9 9 99.06 17.8;
    92.2 84.6 3 3 99.46 16.3; 79.3 63.1 13 13 96.83 18.1; 70.4 38.4 26 12 5.62 20.3;
    65.7 7.7 29 11 13.79 20.5; 72.7 16.7 22 13 11.22 18.9; 64.4 17.6 35 32 16.92 23.0;
    77.6 37.6 15 7 4.97 20.0; 67.6 18.7 25 7 8.65 19.5; 35.0 1.2 37 53 42.34 18.0;
    44.7 46.6 16 29 50.43 18.2; 42.8 27.7 22 29 58.33 19.3
    """.replace(";", " ").split(),
    dtype=float,
).reshape(-1, 6)
SWISS_NAMES = ("agriculture", "examination", "education", "catholic", "infant mortality")


def named(x, names=None):
    return dict(zip(names or (f"x{k}" for k in range(x.shape[1])), x.T, strict=False))


def test_longley_is_fitted_to_the_certified_digits():
    found = fit_linear(named(LONGLEY[:, 1:]), LONGLEY[:, 0], rng=RNG(1))
    assert found.intercept == pytest.approx(-3482258.63459582, rel=1e-9)
    certified = [15.0618722713733, -0.0358191792925910, -2.02022980381683,
                 -1.03322686717359, -0.0511041056535807, 1829.15146461355]  # fmt: skip
    assert found.coefficients == pytest.approx(certified, rel=1e-8)
    errors = [84.9149257747669, 0.0334910077722432, 0.488399681651699,
              0.214274163161675, 0.226073200069370, 455.478499142212]  # fmt: skip
    reach = 2.2621571627409915  # Student's t of 9 at .975
    assert (found.high - found.low) / 2 / reach == pytest.approx(errors, rel=1e-8)
    assert found.r_squared == pytest.approx(0.995479004577296, rel=1e-10)


def test_longley_is_known_for_its_collinearity():
    found = fit_linear(named(LONGLEY[:, 1:]), LONGLEY[:, 0], rng=RNG(1))
    assert found.vif == pytest.approx([135.53, 1788.51, 33.62, 3.59, 399.15, 758.98], abs=0.006)
    assert found.condition == pytest.approx(43275, abs=0.5)  # Belsley, Kuh & Welsch
    assert found.collinear and found.entangled == ("x0", "x1", "x2", "x4", "x5")


def test_robust_intervals_are_those_of_statsmodels():
    api = pytest.importorskip("statsmodels.api")
    rng = RNG(2)
    x = rng.gamma(2, 1, (120, 3))
    y = x @ [1, 2, 0] + rng.normal(size=120) * x[:, 0]
    for intercept in (True, False):
        found = fit_linear(named(x), y, intercept=intercept, rng=rng)
        design = api.add_constant(x) if intercept else x
        other = api.OLS(y, design).fit()
        own = slice(1, None) if intercept else slice(None)
        for robust, low, high in (
            (False, found.low, found.high),
            (True, found.robust_low, found.robust_high),
        ):
            table = other.get_robustcov_results("HC3", use_t=True) if robust else other
            assert np.allclose(table.conf_int()[own], np.stack([low, high], axis=1))


def test_planted_weights_of_activity_come_out_and_hc3_keeps_its_promise_where_classical_does_not():
    rng = RNG(3)
    inside = {"classical": 0, "robust": 0}
    for _ in range(300):
        parts = {name: rng.gamma(1.5, scale, 200) for name, scale in (("interactions", 4), ("visits", 10))}
        noise = rng.normal(size=200) * parts["interactions"]
        activity = 3 * parts["interactions"] + 0.5 * parts["visits"] + noise
        found = fit_linear(parts, activity, rng=rng)
        inside["classical"] += found.low[0] <= 3 <= found.high[0]
        inside["robust"] += found.robust_low[0] <= 3 <= found.robust_high[0]
    assert inside["robust"] / 300 > 0.91 > 0.88 > inside["classical"] / 300


def test_noise_explains_nothing_outside():
    rng = RNG(4)
    found = fit_linear(named(rng.normal(size=(60, 15))), rng.normal(size=60), rng=rng)
    assert found.r_squared > 0.1 and found.r_squared_outside < 0 and not found.collinear


def test_prediction_is_the_formula_in_any_order_of_columns():
    rng = RNG(5)
    found = fit_linear({"a": rng.random(30), "b": rng.random(30)}, rng.random(30), rng=rng)
    by_hand = found.intercept + found.coefficients @ [2.0, 5.0]
    assert found.predict({"b": [5.0], "a": [2.0]}).tolist() == [pytest.approx(by_hand)]
    with pytest.raises(ShapeMismatch, match="columns lack b"):
        found.predict({"a": [1.0]})


def test_regressions_without_an_answer_are_refused():
    rng, x = RNG(6), RNG(6).random(20)
    with pytest.raises(EmptyInput, match="columns is empty"):
        fit_linear({}, x, rng=rng)
    with pytest.raises(ConstantInput, match="outcome does not vary"):
        fit_linear({"a": x}, np.ones(20), rng=rng)
    with pytest.raises(ConstantInput, match=r"columns that do not vary: \[0\]"):
        fit_linear({"a": np.ones(20)}, x, rng=rng)
    with pytest.raises(OutOfRange, match="combination of the others"):
        fit_linear({"a": x, "b": 2 * x + 1}, RNG(1).random(20), rng=rng)
    with pytest.raises(OutOfRange, match="row 7 alone decides"):
        fit_linear({"a": np.arange(20) == 7}, x, rng=rng)
    with pytest.raises(NotFinite, match="a holds 1"):
        fit_linear({"a": np.where(np.arange(20) == 3, np.nan, x)}, x, rng=rng)
    with pytest.raises(TooShort, match="too few for 2 coefficients"):
        fit_linear({"a": x[:3]}, x[:3] ** 2, rng=rng)
    with pytest.raises(TooShort, match="too few for 1 columns"):
        drivers({"a": x[:3]}, x[:3], rng=rng)
    with pytest.raises(OutOfRange, match="11 columns are too many"):
        drivers(named(rng.random((20, 11))), x, rng=rng)
    with pytest.raises(OneClass, match="answer holds only 3"):
        fit_ordinal({"a": x}, np.full(20, 3))


def test_shares_are_the_published_ones_of_the_swiss_provinces():
    """Grömping (2006), Journal of Statistical Software 17(1): relaimpo's lmg on the same data."""
    found = drivers(named(SWISS[:, 1:], SWISS_NAMES), SWISS[:, 0], resamples=100, rng=RNG(7))
    assert found.share == pytest.approx(
        [0.05709122, 0.17117303, 0.26013468, 0.10557015, 0.11276592], abs=5e-9
    )
    assert found.ranked == ["education", "examination", "infant mortality", "catholic", "agriculture"]
    assert found.r_squared == pytest.approx(0.7067, abs=5e-5)


def test_shares_are_the_mean_step_over_all_orders():
    rng = RNG(8)
    x = rng.normal(size=(80, 4)) @ rng.normal(size=(4, 4))
    y = x @ [1, 0.5, 0, -1] + rng.normal(size=80)

    def explained(columns):
        design = np.hstack([np.ones((80, 1)), x[:, columns]])
        error = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        return 1 - error @ error / ((y - y.mean()) ** 2).sum()

    steps = np.zeros(4)
    for order in permutations(range(4)):
        for k, column in enumerate(order):
            steps[column] += explained(list(order[: k + 1])) - explained(list(order[:k]))
    found = drivers(named(x), y, resamples=20, rng=rng)
    assert found.share == pytest.approx(steps / 24)
    assert found.share.sum() == pytest.approx(explained([0, 1, 2, 3]))


def test_planted_drivers_of_satisfaction_are_ranked_even_when_they_go_together():
    rng = RNG(9)
    quality = rng.normal(size=800)
    interaction = 0.6 * quality + 0.8 * rng.normal(size=800)
    columns = {"incentives": rng.normal(size=800), "interaction": interaction, "quality": quality}
    satisfied = quality + 0.5 * interaction + 0.2 * columns["incentives"] + rng.normal(size=800)
    found = drivers(columns, satisfied, resamples=200, rng=rng)
    assert found.ranked == ["quality", "interaction", "incentives"]
    assert found.first[2] > 0.99
    assert ((found.low <= found.share) & (found.share <= found.high)).all()
    deviation = satisfied.std()
    assert found.standardised * deviation == pytest.approx([0.2, 0.5, 1.0], abs=0.12)


def test_stars_in_order_give_back_their_planted_odds():
    rng = RNG(10)
    columns = {"quality": rng.normal(size=1500), "waited": rng.exponential(3, 1500)}
    logistic = np.log(1 / rng.random(1500) - 1)
    felt = 1.2 * columns["quality"] - 0.4 * columns["waited"] + logistic
    stars = 1 + np.searchsorted([-3, -1.5, 0, 1], felt)
    found = fit_ordinal(columns, stars)
    assert found.levels.tolist() == [1, 2, 3, 4, 5]
    assert found.log_odds == pytest.approx([1.2, -0.4], abs=0.12)
    assert ((found.low < [1.2, -0.4]) & (found.high > [1.2, -0.4])).all()
    assert found.thresholds == pytest.approx([-3, -1.5, 0, 1], abs=0.3)
    chance = found.probability(columns)
    assert np.allclose(chance.sum(axis=1), 1)
    said = chance[np.arange(1500), stars - 1]
    assert np.log(said).sum() == pytest.approx(found.log_likelihood)


spells = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-3, 12), st.integers(0, 9)), min_size=1, max_size=14
)


@given(spells)
def test_members_move_as_counted_one_by_one(rows):
    member, start, length = (np.array(column) for column in zip(*rows, strict=True))
    edges, label = [0, 3, 4, 9], np.array(["a", "b", "a", "b", "c", "a"])
    found = movement(member, start, start + length, edges=edges, label=label)

    def present(who, t):
        return any(w == who and s <= t < s + n for w, s, n in rows)

    for k in range(3):
        for row, name in enumerate(found.labels):
            own = [who for who in set(member.tolist()) if label[who] == name]
            here = [who for who in own if present(who, edges[k])]
            there = [who for who in own if present(who, edges[k + 1])]
            new = [who for who in there if who not in here]
            ever = [who for who in new if min(s for w, s, _ in rows if w == who) <= edges[k]]
            assert found.opening[row, k] == len(here) and found.closing[row, k] == len(there)
            assert found.retained[row, k] == len(set(here) & set(there))
            assert found.churned[row, k] == len(set(here) - set(there))
            assert found.returned[row, k] == len(ever) and found.joined[row, k] == len(new) - len(ever)
    whole = found.total()
    assert np.array_equal(whole.closing[0, :-1], whole.opening[0, 1:])
    assert np.allclose(whole.growth, whole.joining - whole.churn, equal_nan=True)


def test_the_simulated_year_closes_its_books():
    year = simulate(Parameters(members=500, works=30), rng=RNG(11))
    people, day = year.people, 86_400
    left = np.where(people["left_second"] >= 0, people["left_second"], np.inf)
    back = people["returned_second"] >= 0
    again = np.where(people["left_again_second"] >= 0, people["left_again_second"], np.inf)
    members = np.arange(500)
    found = movement(
        np.concatenate([members, members[back]]),
        np.concatenate([people["joined_second"], people["returned_second"][back]]),
        np.concatenate([left, again[back]]),
        edges=np.arange(0, 365, 30) * day,
        label=people["invited"],
    )
    end = 360 * day
    away = (left <= end) & ~(back & (people["returned_second"] <= end) & (again > end))
    present = (people["joined_second"] <= end) & ~away
    assert found.labels.tolist() == [False, True]
    assert found.closing[:, -1].tolist() == [
        int(present[~people["invited"]].sum()),
        int(present[people["invited"]].sum()),
    ]
    assert found.returned.sum() > 0


def test_memberships_without_an_answer_are_refused():
    with pytest.raises(TooShort, match="edges needs"):
        movement([1], [0], [1], edges=[0])
    with pytest.raises(OutOfRange, match="edges must rise"):
        movement([1], [0], [1], edges=[1, 0])
    with pytest.raises(OutOfRange, match="start at most end"):
        movement([1], [2], [1], edges=[0, 1])
    with pytest.raises(OutOfRange, match="there is a member 3"):
        movement([3], [0], [1], edges=[0, 1], label=["a"])
    with pytest.raises(EmptyInput, match="member is empty"):
        movement([], [], [], edges=[0, 1])


# Das Gupta (1993), example 5.1: household headship in the United States by age, 1970 and 1985
SIZE_1970 = [12.9, 10.9, 9.5, 8.0, 7.8, 8.4, 8.6, 7.8, 7.0, 5.9, 4.7, 3.6, 4.9]
SIZE_1985 = [10.1, 11.2, 11.6, 10.9, 9.4, 7.7, 6.3, 6.0, 6.3, 5.9, 5.1, 4.0, 5.5]
RATE_1970 = [1.9, 25.8, 45.7, 49.6, 51.2, 51.6, 51.8, 54.9, 58.7, 60.4, 62.8, 66.6, 66.8]
RATE_1985 = [2.2, 24.3, 45.8, 52.5, 56.1, 55.6, 56.0, 57.4, 57.2, 61.2, 63.9, 68.6, 72.2]


def test_the_change_of_household_headship_splits_as_published():
    found = mix_and_within(SIZE_1970, RATE_1970, SIZE_1985, RATE_1985)
    assert (found.before, found.after) == pytest.approx((44.7268, 47.6940), abs=5e-5)
    assert (found.mix.sum(), found.within.sum()) == pytest.approx((1.2269, 1.7403), abs=5e-5)
    assert found.mix[0] > 0  # fewer of the young, who head households least


def test_four_factors_of_births_outside_marriage_contribute_as_published():
    """Das Gupta (1993), example 4.4: births outside marriage by age, 1963 and 1983."""
    before = {
        "a": [0.200, 0.163, 0.146, 0.154, 0.168, 0.169], "b": [0.866, 0.325, 0.119, 0.099, 0.099, 0.121],
        "c": [0.007, 0.021, 0.023, 0.015, 0.008, 0.002], "d": [0.454, 0.326, 0.195, 0.107, 0.051, 0.015],
    }  # fmt: skip
    after = {
        "a": [0.169, 0.195, 0.190, 0.174, 0.150, 0.122], "b": [0.931, 0.563, 0.311, 0.216, 0.199, 0.191],
        "c": [0.018, 0.026, 0.023, 0.016, 0.008, 0.002], "d": [0.380, 0.201, 0.149, 0.079, 0.025, 0.006],
    }  # fmt: skip

    def share(a, b, c, d):
        outside = (a * b * c).sum()
        return outside / (outside + (a * (1 - b) * d).sum())

    arrays = [{name: np.array(values) for name, values in year.items()} for year in (before, after)]
    found = change_by_factor(share, *arrays)
    assert list(found.values()) == pytest.approx([-0.00620498, 0.04866154, 0.02705922, 0.02470928], abs=5e-9)
    assert sum(found.values()) == pytest.approx(0.09422505, abs=5e-9)


def test_a_product_of_four_contributes_as_published():
    """Das Gupta (1993), example 2.5: births to young women, 1971 and 1979."""
    names = ("births", "pregnancies", "active", "women")
    found = change_by_factor(
        lambda births, pregnancies, active, women: births * pregnancies * active * women,
        dict(zip(names, (25.3, 0.214, 0.279, 0.949), strict=True)),
        dict(zip(names, (32.7, 0.290, 0.473, 0.986), strict=True)),
    )
    assert list(found.values()) == pytest.approx([0.6889411, 0.8125381, 1.3829055, 0.1047547], abs=5e-8)


def test_two_factors_of_shapley_are_kitagawas_parts():
    def rate(size, rates):
        return size @ rates / size.sum()

    arrays = [np.array(column) for column in (SIZE_1970, RATE_1970, SIZE_1985, RATE_1985)]
    found = change_by_factor(
        rate, {"size": arrays[0], "rates": arrays[1]}, {"size": arrays[2], "rates": arrays[3]}
    )
    parts = mix_and_within(*arrays)
    assert found == pytest.approx({"size": parts.mix.sum(), "rates": parts.within.sum()})


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.floats(0, 1), st.integers(0, 9), st.floats(0, 1)),
        min_size=1,
        max_size=8,
    )
)
def test_mix_and_within_always_sum_to_the_change(rows):
    size, rate, size_after, rate_after = (np.array(column) for column in zip(*rows, strict=True))
    size[0], size_after[0] = size[0] + 1, size_after[0] + 1
    found = mix_and_within(size, rate, size_after, rate_after)
    assert found.mix.sum() + found.within.sum() == pytest.approx(found.after - found.before, abs=1e-12)
    assert found.before == pytest.approx(np.average(rate, weights=size))


def test_a_group_that_was_not_there_brings_only_mix():
    found = mix_and_within([50, 50, 0], [0.2, 0.4, np.nan], [50, 50, 100], [0.2, 0.4, 0.9])
    assert found.within.tolist() == [0, 0, 0] and found.mix.sum() == pytest.approx(0.3)
    with pytest.raises(NotFinite, match="rate_after holds 1"):
        mix_and_within([1], [0.5], [1], [np.nan])
    with pytest.raises(OutOfRange, match="sum above 0"):
        mix_and_within([0], [0.5], [1], [0.5])
    with pytest.raises(ShapeMismatch, match="same factors"):
        change_by_factor(lambda a: a, {"a": 1}, {"b": 1})


def test_the_gap_between_owners_and_renters_splits_as_published():
    """Greene's credit cards, as statsmodels states it: explained 130.80954, unexplained 27.94091."""
    cards = pytest.importorskip("statsmodels.datasets").ccard.load().data
    spent, owner = cards.pop("AVGEXP"), cards.pop("OWNRENT").to_numpy() == 1
    found = oaxaca_blinder(cards[owner], spent[owner], cards[~owner], spent[~owner])
    assert found.gap == pytest.approx(158.75044, abs=5e-6)
    assert found.explained.sum() == pytest.approx(130.80954, abs=5e-6)
    assert found.unexplained.sum() + found.unexplained_intercept == pytest.approx(27.94091, abs=5e-6)
    three = (found.endowments, found.coefficients, found.interaction)
    assert three == pytest.approx((321.74824, 75.45371, -238.45151), abs=5e-6)


def test_on_groups_alone_the_average_reference_is_kitagawas_split():
    rng = RNG(12)
    groups = [rng.choice(3, 400, p=p) for p in ((0.5, 0.3, 0.2), (0.2, 0.3, 0.5))]
    kept = [
        rng.random(400) < np.array(p)[g]
        for g, p in zip(groups, ((0.4, 0.6, 0.9), (0.5, 0.5, 0.8)), strict=True)
    ]
    columns = [{"one": (g == 1).astype(float), "two": (g == 2).astype(float)} for g in groups]
    split = oaxaca_blinder(
        columns[1], kept[1].astype(float), columns[0], kept[0].astype(float), reference="average"
    )
    sizes = [np.bincount(g, minlength=3) for g in groups]
    rates = [np.bincount(g, k, minlength=3) / n for g, k, n in zip(groups, kept, sizes, strict=True)]
    parts = mix_and_within(sizes[0], rates[0], sizes[1], rates[1])
    assert split.explained.sum() == pytest.approx(parts.mix.sum())
    assert split.unexplained.sum() + split.unexplained_intercept == pytest.approx(parts.within.sum())
    with pytest.raises(OutOfRange, match="in a a column is constant"):
        oaxaca_blinder({"x": np.ones(9)}, rng.random(9), {"x": rng.random(9)}, rng.random(9))
