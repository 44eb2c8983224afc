"""Value: the published parameters of CDNOW come out, simulations agree with formulas, and money adds up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from paideia.science.errors import EmptyInput, NotConverged, OutOfRange, TooShort
from paideia.science.simulate import Parameters, Verb, simulate
from paideia.science.value import (
    BgNbd,
    Fit,
    GammaGamma,
    ParetoNbd,
    Purchases,
    count_purchases,
    counted,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_pareto_nbd,
    lifetime_value,
    mrr_waterfall,
    rfm,
    value_follows_frequency,
)


def _fit(*values: float) -> Fit:
    return Fit(tuple("abcd"[: len(values)]), np.array(values), 0.0, np.zeros((len(values), len(values))))


CDNOW_BG = BgNbd(0.243, 4.414, 0.793, 2.426, _fit(0.243, 4.414, 0.793, 2.426))
CDNOW_PARETO = ParetoNbd(0.553, 10.578, 0.606, 11.669, _fit(0.553, 10.578, 0.606, 11.669))


@pytest.fixture(scope="module")
def cdnow(data):
    rows = [line.split() for line in data("cdnow/CDNOW_sample.txt").read_text().splitlines()]
    dates = np.array([f"{r[2][:4]}-{r[2][4:6]}-{r[2][6:]}" for r in rows], dtype="datetime64[D]")
    day = (dates - np.datetime64("1997-01-01")).astype(int)
    return count_purchases([int(r[1]) for r in rows], day, [float(r[4]) for r in rows], end=272)


def test_cdnow_is_counted_as_published(cdnow):
    assert len(cdnow.customer) == 2357 and (cdnow.repeats > 0).sum() == 946


def test_bg_nbd_finds_the_published_parameters(cdnow):
    model = fit_bg_nbd(cdnow)
    found = [model.r, model.alpha, model.a, model.b]
    assert [round(v, 3) for v in found] == [0.243, 4.414, 0.793, 2.426]
    assert round(model.fit.log_likelihood, 1) == -9582.4
    low, high = model.fit.interval("r")
    assert low < 0.243 < high


def test_pareto_nbd_finds_the_published_parameters(cdnow):
    model = fit_pareto_nbd(cdnow)
    found = [model.r, model.alpha, model.s, model.beta]
    assert found == pytest.approx([0.553, 10.578, 0.606, 11.669], abs=0.001)
    assert round(model.fit.log_likelihood, 1) == -9595.0


def test_gamma_gamma_finds_the_published_parameters(cdnow):
    model = fit_gamma_gamma(cdnow)
    assert [model.p, model.q, model.gamma] == pytest.approx([6.25, 3.74, 15.44], abs=0.01)


def test_both_models_foresee_the_purchases_of_the_next_39_weeks(cdnow, data):
    rows = [line.split() for line in data("cdnow/CDNOW_sample.txt").read_text().splitlines()]
    later = {(r[1], r[2]) for r in rows if r[2] > "19970930"}
    for model in (fit_bg_nbd(cdnow), fit_pareto_nbd(cdnow)):
        total = cdnow.repeats.sum() + model.expected(cdnow, horizon=39).sum()
        assert total == pytest.approx(cdnow.repeats.sum() + len(later), rel=0.06)  # published: 4 % below


def test_the_published_customer_is_expected_to_buy_as_published():
    # Fader & Hardie, "Implementing the BG/NBD Model in Excel": x = 2, t_x = 30.43, T = 38.86, 39 weeks ahead
    customer = counted([2], [30.43], [38.86])
    assert CDNOW_BG.expected(customer, horizon=39)[0] == pytest.approx(1.226, abs=0.001)


def _panel(seed: int, size: int, model: str) -> tuple[Purchases, np.ndarray]:
    """Customers simulated purchase by purchase: what is seen by their age, and what follows within 30."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(20, 40, size)
    rate = rng.gamma(0.8, 1 / 6.0, size)
    x, recency, future = np.zeros(size, dtype=int), np.zeros(size), np.zeros(size)
    for i in range(size):
        t = 0.0
        death = rng.exponential(1 / rng.gamma(1.2, 1 / 30.0)) if model == "pareto" else np.inf
        p = rng.beta(1.5, 4.0)
        while True:
            t += rng.exponential(1 / rate[i])
            if t > min(age[i] + 30, death):
                break
            if t <= age[i]:
                x[i], recency[i] = x[i] + 1, t
            else:
                future[i] += 1
            if model == "bg" and rng.random() < p:
                break
    return counted(x, recency, age), future


def test_bg_nbd_agrees_with_customers_simulated_one_purchase_at_a_time():
    panel, future = _panel(1, 6000, "bg")
    model = fit_bg_nbd(panel)
    for value, name in ((0.8, "r"), (6.0, "alpha"), (1.5, "a"), (4.0, "b")):
        low, high = model.fit.interval(name, level=0.99)
        assert low < value < high
    expected = model.expected(panel, horizon=30)
    for group in (panel.repeats == 0, panel.repeats == 3, panel.repeats > 8):
        assert expected[group].mean() == pytest.approx(future[group].mean(), rel=0.15)
    drawn = model.simulate(panel, horizon=30, rng=np.random.default_rng(1), draws=200)
    assert drawn.mean(axis=0)[panel.repeats > 8].mean() == pytest.approx(
        expected[panel.repeats > 8].mean(), rel=0.02
    )
    low, high = np.percentile(drawn.sum(axis=1), [0.5, 99.5])
    assert low < future.sum() * 1.03 and future.sum() * 0.97 < high


def test_pareto_nbd_agrees_with_customers_simulated_one_purchase_at_a_time():
    panel, future = _panel(2, 6000, "pareto")
    model = fit_pareto_nbd(panel)
    for value, name in ((0.8, "r"), (6.0, "alpha"), (1.2, "s"), (30.0, "beta")):
        low, high = model.fit.interval(name, level=0.99)
        assert low < value < high
    expected = model.expected(panel, horizon=30)
    for group in (panel.repeats == 0, panel.repeats == 3, panel.repeats > 8):
        assert expected[group].mean() == pytest.approx(future[group].mean(), rel=0.15)


@pytest.mark.parametrize(("alpha", "beta"), [(10.578, 11.669), (14.0, 3.0)])
def test_pareto_alive_agrees_with_the_integral_over_the_hidden_rates(alpha, beta):
    r, s, x, recency, age = 0.553, 0.606, 3, 12.0, 30.0
    model = ParetoNbd(r, alpha, s, beta, _fit(r, alpha, s, beta))

    shares = (np.arange(3000) + 0.5) / 3000
    lam = stats.gamma(r, scale=1 / alpha).ppf(shares)[:, None]
    mu = stats.gamma(s, scale=1 / beta).ppf(shares)[None, :]
    alive = (lam**x * np.exp(-(lam + mu) * age)).mean()
    silence = np.exp(-(lam + mu) * recency) - np.exp(-(lam + mu) * age)
    gone = (mu * lam**x / (lam + mu) * silence).mean()
    assert model.alive(counted([x], [recency], [age]))[0] == pytest.approx(alive / (alive + gone), rel=2e-3)


def test_expected_of_new_customers_is_the_mean_over_simulated_ones():
    rng = np.random.default_rng(3)
    size = 40_000
    rate, p = rng.gamma(0.243, 1 / 4.414, size), rng.beta(0.793, 2.426, size)
    bought = np.minimum(rng.poisson(rate * 52), rng.geometric(p))
    assert CDNOW_BG.expected_of_new([52.0])[0] == pytest.approx(bought.mean(), rel=0.03)


def test_who_bought_once_is_alive_and_long_silence_tells():
    people = counted([0, 5, 5], [0.0, 38.0, 5.0], [40.0, 40.0, 40.0])
    alive = CDNOW_BG.alive(people)
    assert alive[0] == 1 and alive[1] > 0.85 > 0.2 > alive[2]
    pareto = CDNOW_PARETO.alive(people)
    assert pareto[1] > pareto[0] > pareto[2]


def test_formulas_hold_at_the_removable_singularity_and_for_heavy_buyers():
    at_one = BgNbd(0.243, 4.414, 1.0, 2.426, _fit(0.243, 4.414, 1.0, 2.426))
    near = BgNbd(0.243, 4.414, 1.0001, 2.426, _fit(0.243, 4.414, 1.0001, 2.426))
    people = counted([2, 400], [30.0, 39.99], [40.0, 40.0])
    assert at_one.expected(people, horizon=20) == pytest.approx(near.expected(people, horizon=20), rel=1e-3)
    heavy = CDNOW_BG.expected(people, horizon=4)[1]
    assert 30 < heavy < 40.0 * 400.243 / 44.414 and np.isfinite(heavy)


def test_gamma_gamma_finds_planted_parameters_and_shrinks_towards_everybody():
    rng = np.random.default_rng(4)
    x = rng.poisson(3, 4000) + 1
    scale = rng.gamma(4.0, 1 / 20.0, 4000)
    mean = rng.gamma(6.0 * x, 1 / scale) / x
    people = counted(x, np.ones(4000), np.full(4000, 2.0), mean)
    model = fit_gamma_gamma(people)
    for value, name in ((6.0, "p"), (4.0, "q"), (20.0, "gamma")):
        low, high = model.fit.interval(name, level=0.99)
        assert low < value < high
    everybody = model.p * model.gamma / (model.q - 1)
    few, many = model.expected_value(counted([1, 50], [1.0, 1], [2.0, 2], [100.0, 100.0]))
    assert everybody < few < many < 100
    low, high = model.expected_value_interval(people, rng=rng, draws=50)
    assert (low < model.expected_value(people)).all() and (model.expected_value(people) < high).all()
    assert abs(value_follows_frequency(people)) < 0.05


def test_lifetime_value_is_purchases_times_value_discounted():
    people = counted([2, 7], [30.0, 35.0], [40.0, 40.0], [20.0, 50.0])
    spend = GammaGamma(6.25, 3.74, 15.44, _fit(6.25, 3.74, 15.44))
    plain = lifetime_value(CDNOW_BG, spend, people, horizon=52, margin=0.5)
    assert plain == pytest.approx(0.5 * CDNOW_BG.expected(people, horizon=52) * spend.expected_value(people))
    assert (lifetime_value(CDNOW_BG, spend, people, horizon=52, margin=0.5, discount=0.002) < plain).all()


def test_a_simulated_community_renews_as_its_members_differ():
    """Monthly plan payments read as purchases: the models run on the library's own year."""
    year = simulate(Parameters(members=2000), rng=np.random.default_rng(5))
    paid = year.happened(Verb.BOUGHT)
    people = count_purchases(paid["actor"], paid["second"] / 86_400, paid["value"], end=270)
    model = fit_bg_nbd(people)
    later = paid["second"] / 86_400 >= 271
    known = np.isin(paid["actor"], people.customer)
    assert model.expected(people, horizon=94 / 7).sum() == pytest.approx((later & known).sum(), rel=0.5)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: fit_bg_nbd(counted([0, 0], [0, 0], [3, 4])), OutOfRange, "nobody bought twice"),
        (lambda: counted([1], [5], [3]), OutOfRange, "recency at most age"),
        (lambda: count_purchases([], [], [], end=1), EmptyInput, "customer is empty"),
        (lambda: count_purchases([1], [9], [1], end=1), OutOfRange, "no purchase lies"),
        (lambda: fit_gamma_gamma(counted([1] * 5, [1] * 5, [2] * 5, [9] * 5)), TooShort, "at least 10"),
        (lambda: fit_bg_nbd(counted([3] * 40, [9.9] * 40, [10] * 40)), NotConverged, "likelihood"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_payments_within_one_day_count_once_and_add_up():
    people = count_purchases([7, 7, 7, 9], [0.1, 0.9, 14.2, 3.0], [10, 5, 30, 8], end=20)
    assert people.customer.tolist() == [7, 9]
    assert people.repeats.tolist() == [1, 0]
    assert people.recency.tolist() == [2.0, 0.0]
    assert people.age == pytest.approx([20 / 7, 17 / 7])
    assert people.repeat_value.tolist() == [30.0, 0.0]


def test_rfm_scores_are_fifths_and_equal_customers_score_alike():
    since = np.arange(100)
    scores = rfm(since, 100 - since, np.r_[np.zeros(60), np.arange(1, 41)])
    assert np.bincount(scores.recency)[1:].tolist() == [20] * 5
    assert scores.recency[0] == 5 and scores.recency[-1] == 1
    assert set(scores.monetary[:60]) == {2}  # sixty equal customers in the middle of the lowest three fifths
    assert scores.segment[0] == "champions" and scores.segment[-1] == "asleep"


def test_a_best_customer_who_fell_silent_must_not_be_lost():
    scores = rfm([300, 1, 2, 3, 4], [50, 1, 1, 1, 1], [9, 1, 1, 1, 1])
    assert scores.segment[0] == "must not lose"


def test_every_movement_of_the_waterfall_in_one_table():
    rows = [  # member, start, end, monthly; months begin at 0, 30, 60, 90
        (1, -10, np.inf, 100),  # stays
        (2, 5, 70, 50),  # new in month 1, churns in month 3
        (3, -10, 20, 80), (3, 65, np.inf, 80),  # churns in 1, returns in 3
        (4, -10, 40, 100), (4, 40, np.inf, 300),  # upgrades in month 2
        (5, -10, 65, 300), (5, 65, np.inf, 100),  # downgrades in month 3
        (6, 2, 28, 999),  # came and went between two edges
    ]  # fmt: skip
    w = mrr_waterfall(*map(np.array, zip(*rows, strict=True)), edges=[0, 30, 60, 90])
    assert w.opening.tolist() == [580, 550, 750]
    assert w.new.tolist() == [50, 0, 0]
    assert w.returned.tolist() == [0, 0, 80]
    assert w.expansion.tolist() == [0, 200, 0]
    assert w.contraction.tolist() == [0, 0, 200]
    assert w.churn.tolist() == [80, 0, 50]
    assert w.closing.tolist() == [550, 750, 580]
    assert w.payers_lost.tolist() == [1, 0, 1] and w.payers_opening.tolist() == [4, 4, 4]
    assert w.gross_retention[2] == pytest.approx(500 / 750)


subscription = st.tuples(st.integers(0, 6), st.integers(0, 100), st.integers(0, 60), st.integers(0, 500))


@given(st.lists(subscription, max_size=25))
def test_the_waterfall_always_adds_up_and_agrees_with_a_slow_twin(rows):
    member, start, length, money = (
        (np.array(c, dtype=float) for c in zip(*rows, strict=True)) if rows else ([],) * 4
    )
    end = np.asarray(start) + np.asarray(length)
    edges = [10, 40, 70, 100]
    w = mrr_waterfall(member, start, end, money, edges=edges)
    assert w.closing[:-1].tolist() == w.opening[1:].tolist()
    for k, edge in enumerate(edges[:-1]):
        paid = sum(m for s, e, m in zip(start, end, money, strict=True) if s <= edge < e)
        assert w.opening[k] == paid
    assert w.closing[-1] == sum(m for s, e, m in zip(start, end, money, strict=True) if s <= 100 < e)
