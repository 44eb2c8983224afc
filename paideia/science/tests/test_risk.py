"""Risk: slow twins, published numbers, planted rings, and the handbook's payments."""

from __future__ import annotations

import time
import tracemalloc
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paideia.science.errors import (
    ConstantInput,
    EmptyInput,
    NotFinite,
    OneClass,
    OutOfRange,
    ShapeMismatch,
    TooShort,
)
from paideia.science.measures import auc
from paideia.science.risk import (
    alerts,
    circles,
    core,
    delayed_split,
    dense_blocks,
    detect,
    fit_classifier,
    fit_isolation_forest,
    great_circle_km,
    impossible_journeys,
    most_unusual,
    parallel_sessions,
    trailing,
    typical_depth,
    velocity,
)
from paideia.science.simulate import Kind, Parameters, Verb, simulate

DAY = 86_400


def slow_trailing(key, second, value, windows, delay):
    """The definition, row by row."""
    count, total = np.zeros((len(key), len(windows)), dtype=int), np.zeros((len(key), len(windows)))
    for i in range(len(key)):
        for k, window in enumerate(windows):
            for j in range(len(key)):
                earlier = second[j] < second[i] or (second[j] == second[i] and j <= i)
                age = second[i] - second[j]
                if key[j] == key[i] and (earlier or delay) and delay <= age < delay + window:
                    count[i, k] += 1
                    total[i, k] += value[j]
    return count, total


@given(
    st.lists(st.tuples(st.integers(-2, 3), st.integers(-40, 40), st.integers(0, 9)), min_size=1, max_size=40),
    st.sampled_from([0, 1, 7]),
)
def test_trailing_windows_are_their_definition_row_by_row(rows, delay):
    key, second, value = (np.array(column) for column in zip(*rows, strict=True))
    fast = trailing(key, second, value, windows=(1, 5, 30), delay=delay)
    count, total = slow_trailing(key, second, value, (1, 5, 30), delay)
    assert np.array_equal(fast.count, count) and np.array_equal(fast.total, total)


def test_velocity_is_what_the_handbook_does_with_pandas_payment_by_payment():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(1)
    size = 600
    second = np.sort(rng.choice(60 * DAY, size, replace=False)) + 17_000 * DAY
    customer, terminal = rng.integers(0, 12, size), rng.integers(0, 9, size)
    amount, fraud = rng.gamma(2, 20, size).round(2), (rng.random(size) < 0.1).astype(int)
    made = velocity(customer, terminal, second, amount, fraud, days=(1, 7), delay_days=7)
    frame = pandas.DataFrame({"amount": amount, "fraud": fraud}, index=pandas.to_datetime(second, unit="s"))
    columns = made.columns()
    for who in np.unique(customer):
        rows = np.flatnonzero(customer == who)
        for d in (1, 7):
            rolled = frame.iloc[rows].amount.rolling(f"{d}d")
            assert np.array_equal(columns[f"customer_count_{d}d"][rows], rolled.count())
            assert np.allclose(columns[f"customer_mean_{d}d"][rows], rolled.mean())
    for where in np.unique(terminal):
        rows = np.flatnonzero(terminal == where)
        label = frame.iloc[rows].fraud
        for d in (1, 7):
            late, all_ = label.rolling("7d"), label.rolling(f"{7 + d}d")
            count = (all_.count() - late.count()).to_numpy()
            bad = (all_.sum() - late.sum()).to_numpy()
            assert np.array_equal(columns[f"terminal_count_{d}d"][rows], count)
            assert np.allclose(columns[f"terminal_risk_{d}d"][rows], bad / np.maximum(count, 1))
    calendar = frame.index
    assert np.array_equal(columns["weekend"], calendar.weekday >= 5)
    assert np.array_equal(columns["night"], calendar.hour <= 6)


def test_the_newest_labels_never_reach_a_feature():
    rng = np.random.default_rng(2)
    size = 500
    second = np.sort(rng.integers(0, 30 * DAY, size))
    customer, terminal, amount = rng.integers(0, 9, size), rng.integers(0, 9, size), rng.gamma(2, 9, size)
    fraud = (rng.random(size) < 0.2).astype(int)
    unknown = second > second[-1] - 7 * DAY
    told = velocity(customer, terminal, second, amount, fraud)
    untold = velocity(customer, terminal, second, amount, np.where(unknown, 0, fraud))
    assert np.array_equal(told.rows, untold.rows)


def _payments(size, customers, days, rng):
    second = np.sort(rng.integers(0, days * DAY, size))
    return rng.integers(0, customers, size), rng.integers(0, 2 * customers, size), second


def test_the_time_grows_with_the_payments():
    def seconds(size):
        rng = np.random.default_rng(3)
        customer, terminal, second = _payments(size, size // 40, 60, rng)
        amount, fraud = rng.gamma(2, 20, size), rng.random(size) < 0.01
        started = time.process_time()
        assert velocity(customer, terminal, second, amount, fraud).rows.shape == (size, 18)
        return time.process_time() - started

    assert min(seconds(200_000) for _ in range(2)) < 16 * min(seconds(25_000) for _ in range(3))


def test_payments_without_an_answer_are_refused():
    with pytest.raises(EmptyInput, match="key is empty"):
        trailing([], [], [], windows=[1])
    with pytest.raises(EmptyInput, match="windows is empty"):
        trailing([1], [1], [1], windows=[])
    with pytest.raises(OutOfRange, match="at least 1 second"):
        trailing([1], [1], [1], windows=[0])
    with pytest.raises(OutOfRange, match="whole numbers"):
        trailing([1], [1.5], [1], windows=[1])
    with pytest.raises(NotFinite, match="value holds 1"):
        trailing([1], [1], [np.nan], windows=[1])
    with pytest.raises(ShapeMismatch, match="same length"):
        trailing([1, 2], [1], [1], windows=[1])
    with pytest.raises(OutOfRange, match="fraud must hold only 0 and 1"):
        velocity([1], [1], [1], [1.0], [2])


def test_training_waits_for_its_labels_and_blocked_customers_are_not_found_again():
    day = np.repeat(np.arange(10), 3)
    customer = np.tile([1, 2, 3], 10)
    fraud = ((customer == 1) & (day == 1)) | ((customer == 2) & (day == 5))
    split = delayed_split(day, customer, fraud, start=0, train_days=3, delay_days=2, test_days=4)
    assert day[split.train].tolist() == np.repeat([0, 1, 2], 3).tolist()
    # 1 is known from day 4 on; 2 was caught on day 5 and is known after day 7
    assert list(zip(day[split.test].tolist(), customer[split.test].tolist(), strict=True)) == [
        (5, 2), (5, 3), (6, 2), (6, 3), (7, 2), (7, 3), (8, 3),
    ]  # fmt: skip
    with pytest.raises(TooShort, match="from day 9"):
        delayed_split(day, customer, fraud, start=9)
    with pytest.raises(OneClass):
        delayed_split(day, customer, 0 * day, start=0)


def test_cards_are_counted_once_a_day_and_a_found_card_is_gone():
    day = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    customer = np.array([1, 1, 2, 3, 1, 2, 3, 4])
    fraud = np.array([0, 1, 0, 0, 1, 0, 0, 1])
    score = np.array([0.1, 0.9, 0.8, 0.2, 0.9, 0.3, 0.2, 0.4])
    found = detect(score, day, customer, fraud, cards=2)
    assert found.by_day.tolist() == [0.5, 0.5]  # cards 1 and 2, then 4 and 2: 1 is blocked
    assert found.best_by_day.tolist() == [0.5, 0.5]
    assert alerts(score, customer, cards=3).tolist() == [1, 2, 4]


def test_the_handbooks_payments_are_found_as_well_as_the_handbook_says(data):
    """Quick part: the readable model. Published for the same shape, logistic: AUC .871, AP .606, CP .291."""
    second, customer, terminal, amount, fraud, day = _handbook(data, (6, 7))
    made = velocity(customer, terminal, second, amount, fraud)
    split = delayed_split(day, customer, fraud, start=int(day.max()) - 20)
    model = fit_classifier(
        made.columns(split.train), fraud[split.train], kind="logistic", groups=customer[split.train]
    )
    found = detect(
        model.probability(made.columns(split.test)), day[split.test], customer[split.test], fraud[split.test]
    )
    assert found.auc > 0.85 and found.average_precision > 0.6
    assert found.card_precision > 0.6 * found.best_by_day.mean()


@pytest.mark.long
def test_boosted_trees_find_more_of_the_handbooks_fraud(data):
    """Published for its own three weeks, boosted: AUC .862, average precision .639, card precision .273."""
    second, customer, terminal, amount, fraud, day = _handbook(data, (4, 5, 6, 7))
    made = velocity(customer, terminal, second, amount, fraud)
    split = delayed_split(day, customer, fraud, start=int(day.max()) - 20)
    model = fit_classifier(made.columns(split.train), fraud[split.train], groups=customer[split.train])
    found = detect(
        model.probability(made.columns(split.test)), day[split.test], customer[split.test], fraud[split.test]
    )
    assert found.auc > 0.87 and found.average_precision > 0.65 and found.card_precision > 0.26


@pytest.mark.long
def test_millions_of_payments_take_seconds_and_bounded_memory():
    rng = np.random.default_rng(3)
    size = 1_700_000
    customer, terminal, second = _payments(size, 5000, 180, rng)
    amount, fraud = rng.gamma(2, 20, size), rng.random(size) < 0.01
    tracemalloc.start()
    started = time.perf_counter()
    made = velocity(customer, terminal, second, amount, fraud)
    taken, peak = time.perf_counter() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < 20 and peak < 3 * made.rows.nbytes


def _handbook(data, months):
    pandas = pytest.importorskip("pandas")
    names = ["TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD", "TX_TIME_DAYS"]
    files = [data(f"fraud-fdh/transactions-2018-{month:02}.csv.xz") for month in months]
    frame = pandas.concat([pandas.read_csv(file, usecols=names) for file in files])
    second = frame["TX_DATETIME"].to_numpy().astype("datetime64[s]").astype(np.int64)
    return second, *(frame[name].to_numpy() for name in names[1:])


def test_a_forests_score_is_two_to_the_minus_mean_depth_walked_by_hand():
    x = np.random.default_rng(4).normal(size=(300, 3))
    fitted = fit_isolation_forest(x, trees=20, sample=64)

    def depth(tree, row):
        node, steps = 0, 0
        while tree.children_left[node] != -1:
            left = np.float32(row[tree.feature[node]]) <= tree.threshold[node]
            node, steps = (tree.children_left if left else tree.children_right)[node], steps + 1
        return steps + typical_depth(tree.n_node_samples[node])

    depths = np.array([[depth(t.tree_, row) for t in fitted.model.estimators_] for row in x[:40]])
    by_hand = 2 ** (-depths.mean(axis=1) / typical_depth(64))
    assert np.allclose(fitted.score(x[:40]), by_hand)
    assert [typical_depth(n) for n in (1, 2)] == [0.0, 1.0]
    assert typical_depth(256) == pytest.approx(10.2448, abs=1e-4)  # what the paper's ψ = 256 comes to


def test_planted_strangers_stand_out_and_their_column_is_named():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(1000, 4))
    x[:10, 2] += rng.choice([-7, 7], 10)
    fitted = fit_isolation_forest(x, seed=1)
    score = fitted.score(x)
    assert auc(np.arange(1000) < 10, score) > 0.97
    assert sum(row < 10 for row in most_unusual(score, count=10)) >= 6
    assert (fitted.moves(x[:10]).argmax(axis=1) == 2).mean() >= 0.8


def test_rows_that_do_not_differ_are_refused():
    with pytest.raises(ConstantInput, match=r"columns that do not vary: \[1\]"):
        fit_isolation_forest(np.stack([np.arange(9.0), np.ones(9)], axis=1))
    with pytest.raises(TooShort):
        fit_isolation_forest(np.eye(3))
    with pytest.raises(ShapeMismatch, match="the forest knows 2"):
        fit_isolation_forest(np.random.default_rng(1).normal(size=(20, 2))).score(np.ones((2, 3)))


def slow_density(accounts, objects, ties, degree):
    inside = sum(1 / np.log(degree[o] + 5) for a, o in ties if a in accounts and o in objects)
    return inside / (len(accounts) + len(objects))


def slow_greedy(ties):
    """FRAUDAR without a heap: at each step look through everything for the node whose loss costs least."""
    degree = {o: sum(p == o for _, p in ties) for _, o in ties}
    weight = {(a, o): 1 / np.log(degree[o] + 5) for a, o in ties}
    left = {(0, a) for a, _ in ties} | {(1, o) for _, o in ties}
    best = 0.0
    while left:
        best = max(best, sum(weight.values()) / len(left))
        loss = {
            (side, n): round(sum(w for tie, w in weight.items() if tie[side] == n), 9) for side, n in left
        }
        lightest = min(sorted(left), key=lambda node: loss[node])
        left.remove(lightest)
        weight = {tie: w for tie, w in weight.items() if tie[lightest[0]] != lightest[1]}
    return best


@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=18))
def test_a_dense_block_has_at_least_half_of_the_best_density_there_is(ties):
    a, o = np.array(sorted(ties)).T
    block = dense_blocks(a, o)[0]
    degree = {k: int((o == k).sum()) for k in set(o.tolist())}
    here = slow_density(set(block.accounts.tolist()), set(block.objects.tolist()), ties, degree)
    assert block.density == pytest.approx(here)
    sides = [[c for n in range(1, 6) for c in combinations(sorted(set(s.tolist())), n)] for s in (a, o)]
    best = max(slow_density(set(x), set(y), ties, degree) for x in sides[0] for y in sides[1])
    assert best / 2 - 1e-9 <= block.density <= best + 1e-9


def test_the_heap_takes_what_the_slow_greedy_takes():
    rng = np.random.default_rng(6)
    for _ in range(5):
        ties = {(int(a), int(o)) for a, o in rng.integers(0, 14, (60, 2))}
        a, o = np.array(sorted(ties)).T
        assert dense_blocks(a, o)[0].density == pytest.approx(slow_greedy(ties))


def _with_ring(rng, camouflage=0):
    popular = 1 / np.arange(1, 401)
    a, o = rng.integers(0, 1000, 8000), rng.choice(400, 8000, p=popular / popular.sum())
    ring = [(i, j) for i in range(40, 55) for j in range(300, 312) if rng.random() < 0.8]
    hidden = [(i, int(o[rng.integers(8000)])) for i in range(40, 55) for _ in range(camouflage)]
    i, j = np.array(ring + hidden).T
    return np.append(a, i), np.append(o, j)


@pytest.mark.parametrize("camouflage", [0, 10])
def test_a_planted_ring_is_found_even_behind_popular_objects(camouflage):
    a, o = _with_ring(np.random.default_rng(7), camouflage)
    block = dense_blocks(a, o, rng=np.random.default_rng(1), shuffles=3)[0]
    assert set(range(40, 55)) <= set(block.accounts.tolist())
    assert set(range(300, 312)) <= set(block.objects.tolist())
    assert len(block.accounts) <= 20 and len(block.objects) <= 16 and block.suspicious


def test_without_a_ring_the_densest_block_is_nothing_special():
    rng = np.random.default_rng(8)
    block = dense_blocks(rng.integers(0, 300, 1500), rng.integers(0, 200, 1500), rng=rng, shuffles=10)[0]
    assert block.density < 1.03 * block.by_chance


def test_a_core_keeps_complete_blocks_and_drops_the_rest():
    a = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 4]
    o = [0, 1, 2, 0, 1, 2, 0, 1, 2, 2, 9]
    accounts, objects = core(a, o, objects_min=3, accounts_min=3)
    assert accounts.tolist() == [0, 1, 2] and objects.tolist() == [0, 1, 2]
    assert [len(part) for part in core(a, o, objects_min=4, accounts_min=1)] == [0, 0]


def test_money_that_goes_round_is_found_where_nobody_pays_back():
    rng = np.random.default_rng(9)
    popular = rng.gamma(0.6, 1, 300)
    giver, receiver = rng.integers(0, 300, 4000), rng.choice(300, 4000, p=popular / popular.sum())
    round_ = [(10, 20), (20, 30), (30, 40), (40, 10)] * 12
    found = circles(np.append(giver, [a for a, _ in round_]), np.append(receiver, [b for _, b in round_]))
    assert [circle.cycle for circle in found] == [(10, 20, 30, 40)]
    assert found[0].inside > 0.3
    assert circles(giver, receiver) == []


def test_the_simulated_rings_of_praise_go_round():
    busy = Parameters(members=400, works=60, ring_reactions_per_day=0.3, sessions_per_day=0.8, churn=1e-4)
    year = simulate(busy, rng=np.random.default_rng(10))
    praised = year.happened(Verb.REACTED)
    praised = praised[praised["kind"] == Kind.COMMENT]
    found = circles(praised["actor"], year.comments["author"][praised["object"]])
    planted = set(np.flatnonzero(year.people["ring"] >= 0).tolist())
    caught = {member for circle in found for member in circle.members}
    assert len(caught & planted) > 0.6 * len(planted)
    assert len(caught - planted) <= 0.1 * len(caught)


def test_great_circles_have_their_published_length():
    # Nashville to Los Angeles: 2887.26 km on a sphere of 6372.8 km
    length = great_circle_km(36.12, -86.67, 33.94, -118.40)
    assert length == pytest.approx(2887.2599506 * 6371.0088 / 6372.8, rel=1e-9)
    assert great_circle_km(0, 0, 0, 180) == pytest.approx(np.pi * 6371.0088)
    assert great_circle_km(10, 179.5, 10, -179.5) < 120


def test_nobody_is_in_two_cities_within_the_hour():
    account = [1, 1, 1, 2, 2, 3, 3]
    second = [0, 3600, 12 * 3600, 0, 3600, 50, 50]
    north = [39.9, 31.2, 39.9, 39.9, 39.95, 39.9, 31.2]  # Peking, Shanghai
    east = [116.4, 121.5, 116.4, 116.4, 116.5, 116.4, 121.5]
    found = impossible_journeys(account, second, north, east)
    assert found.account.tolist() == [3, 1]
    assert (found.before.tolist(), found.after.tolist()) == ([5, 0], [6, 1])
    assert found.speed_kmh[0] == np.inf and found.speed_kmh[1] == pytest.approx(1069, abs=3)
    with pytest.raises(OutOfRange, match="latitude"):
        impossible_journeys([1], [0], [91], [0])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20), st.integers(0, 8)), min_size=1, max_size=15))
def test_parallel_time_is_what_a_clock_would_count(sessions):
    account, start, length = (np.array(column) for column in zip(*sessions, strict=True))
    found = parallel_sessions(account, start, start + length)
    for row, name in enumerate(found.account):
        own = account == name
        running = [int(((start[own] <= t) & (t < (start + length)[own])).sum()) for t in range(30)]
        assert found.most[row] == max(running)
        assert found.parallel_seconds[row] == sum(n >= 2 for n in running)
        assert found.used_seconds[row] == sum(n >= 1 for n in running)


def test_a_shared_account_stands_out():
    rng = np.random.default_rng(11)
    account = np.repeat(np.arange(50), 20)
    start = np.tile(np.arange(20) * DAY, 50) + rng.integers(0, DAY // 2, 1000)
    second_device = np.arange(20) * DAY + rng.integers(0, DAY // 2, 20)
    found = parallel_sessions(
        np.append(account, np.full(20, 7)),
        np.append(start, second_device),
        np.append(start, second_device) + 7200,
    )
    assert int(found.share.argmax()) == 7 and (np.delete(found.share, 7) == 0).all()
    with pytest.raises(OutOfRange, match="end must not lie before start"):
        parallel_sessions([1], [2], [1])
