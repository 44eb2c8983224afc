"""Recommenders agree with their formulas written slowly, find planted tastes, and are measured honestly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paideia.science.errors import EmptyInput, OutOfRange, ShapeMismatch, TooShort
from paideia.science.ranking import (
    Histories,
    Popularity,
    Ranks,
    calibrated,
    dpp,
    fit_als,
    fit_blend,
    fit_content,
    fit_ease,
    fit_graph_walk,
    fit_item_neighbours,
    fit_markov,
    fit_member_neighbours,
    fit_next_item,
    fit_popularity,
    fit_sequence,
    histories,
    histories_from_events,
    judge_lists,
    leave_one_out,
    lin_ucb,
    miscalibration,
    mmr,
    off_policy,
    rank_next,
    rare_first,
    recommend,
    split_in_time,
    thompson,
)
from paideia.science.ranking.factors import half_step
from paideia.science.simulate import Parameters, Verb, simulate

TINY = histories([[0, 1, 2], [1, 2, 3], [0, 2], [3]], catalogue=5)


@pytest.fixture(scope="module")
def tastes() -> Histories:
    """600 members, 60 items in four topics; members read mostly one topic."""
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(600):
        topic = rng.integers(4)
        own = 15 * topic + rng.permutation(15)[: rng.integers(4, 9)]
        rows.append(rng.permutation(np.append(own, rng.integers(60))))
    return histories(rows, catalogue=60)


@pytest.fixture(scope="module")
def chains() -> Histories:
    """500 members who read series in order: after item i comes i + 1, with some noise."""
    rng = np.random.default_rng(2)
    rows = []
    for _ in range(500):
        start = rng.integers(0, 40)
        row = [start + k for k in range(rng.integers(3, 8)) if start + k < 45]
        rows.append([int(i) if rng.random() > 0.1 else int(rng.integers(45)) for i in row])
    return histories([r for r in rows if len(r) > 1], catalogue=45)


def test_histories_know_their_parts():
    assert [TINY.of(u).tolist() for u in range(4)] == [[0, 1, 2], [1, 2, 3], [0, 2], [3]]
    assert TINY.ages.tolist() == [2, 1, 0, 2, 1, 0, 1, 0, 0]
    past, targets, tested = TINY.hold_out_last()
    assert [past.of(u).tolist() for u in range(4)] == [[0, 1], [1, 2], [0], [3]]
    assert targets.tolist() == [2, 3, 2] and tested.tolist() == [0, 1, 2]
    assert TINY.choose([2, 0]).of(1).tolist() == [0, 1, 2]
    assert TINY.matrix(fading=0.5).toarray()[0].tolist() == [0.25, 0.5, 1, 0, 0]
    assert TINY.matrix(window=1).toarray()[0].tolist() == [0, 0, 1, 0, 0]


def test_an_event_log_in_any_order_makes_the_same_histories():
    built = histories_from_events([0, 1, 0, 0], [2, 3, 0, 1], [3.0, 1.0, 1.0, 2.0])
    assert [built.of(u).tolist() for u in range(2)] == [[0, 1, 2], [3]]
    assert [built.before(2.5).of(u).tolist() for u in range(2)] == [[0, 1], [3]]


def test_popularity_fades():
    log = histories_from_events([0, 0, 1], [0, 1, 1], [0.0, 10.0, 0.0])
    model = fit_popularity(log, now=10.0, half_life=10.0)
    assert model.counts.tolist() == [0.5, 1.5]
    with pytest.raises(OutOfRange, match="half-life needs"):
        fit_popularity(TINY, half_life=1.0)


def test_recommendations_leave_out_what_was_read_and_fill_up_with_nothing():
    lists = recommend(fit_popularity(TINY), TINY, k=5)
    assert lists[0].tolist() == [3, 4, -1, -1, -1]
    assert recommend(fit_popularity(TINY), TINY, k=2, again=True)[0].tolist() == [2, 0]


def test_item_neighbours_are_cosines():
    x = TINY.seen().toarray()
    norm = np.linalg.norm(x, axis=0)
    cosine = (x.T @ x) / np.maximum(np.outer(norm, norm), 1e-12)
    np.fill_diagonal(cosine, 0)
    model = fit_item_neighbours(TINY)
    assert model.similarity.toarray() == pytest.approx(cosine)
    assert model.scores(TINY) == pytest.approx(x @ cosine)
    assert (np.diff(fit_item_neighbours(TINY, k=1).similarity.indptr) <= 1).all()


def test_member_neighbours_are_cosines_of_members():
    x = TINY.seen().toarray()
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    assert fit_member_neighbours(TINY).scores(TINY) == pytest.approx(unit @ unit.T @ x)


def test_ease_solves_its_constrained_regression():
    """Column j of W is the ridge regression of item j on all others (Steck 2019, eq. 3)."""
    rng = np.random.default_rng(3)
    data = histories([rng.permutation(12)[: rng.integers(2, 7)] for _ in range(80)], catalogue=12)
    weights = fit_ease(data, penalty=5.0, single=False).weights
    x = data.seen().toarray()
    for j in range(12):
        others = np.delete(np.arange(12), j)
        ridge = np.linalg.solve(x[:, others].T @ x[:, others] + 5 * np.eye(11), x[:, others].T @ x[:, j])
        assert weights[others, j] == pytest.approx(ridge)
    assert not np.diag(weights).any()
    assert fit_ease(data, penalty=5.0).weights == pytest.approx(weights, abs=1e-5)


def test_next_item_regression_solves_its_normal_equations():
    rng = np.random.default_rng(4)
    rows = [rng.integers(0, 8, rng.integers(1, 6)) for _ in range(60)]
    weights = fit_next_item(
        histories(rows, catalogue=8), penalty=2.0, fading=0.6, ahead=0.5, single=False
    ).weights
    gram, cross = 2.0 * np.eye(8), np.zeros((8, 8))
    for row in rows:
        for t in range(len(row) - 1):
            source, target = np.zeros(8), np.zeros(8)
            for j in range(t + 1):
                source[row[j]] += 0.6 ** (t - j)
            for j in range(t + 1, len(row)):
                target[row[j]] += 0.5 ** (j - t - 1)
            gram += np.outer(source, source)
            cross += np.outer(source, target)
    assert weights == pytest.approx(np.linalg.solve(gram, cross))


def test_an_als_half_step_agrees_with_solving_each_member_alone(tastes):
    rng = np.random.default_rng(5)
    matrix = tastes.seen().astype(np.float32) * 7
    y = rng.normal(size=(60, 6)).astype(np.float32)
    found = half_step(matrix, np.zeros((600, 6), dtype=np.float32), y, penalty=0.5, steps=12)
    for u in range(0, 600, 60):
        c = 7 * tastes.seen()[u].toarray().ravel()
        system = (y * (1 + c)[:, None]).T @ y + 0.5 * np.eye(6)
        assert found[u] == pytest.approx(
            np.linalg.solve(system, y.T @ ((1 + c) * (c > 0))), rel=1e-3, abs=1e-4
        )


def test_als_falls_towards_its_own_optimum(tastes):
    def loss(model):
        c = 20 * tastes.seen().toarray()
        error = (1 + c) * ((c > 0) - model.members @ model.items.T) ** 2
        return error.sum() + model.penalty * ((model.members**2).sum() + (model.items**2).sum())

    losses = [loss(fit_als(tastes, factors=8, rounds=n, rng=np.random.default_rng(1))) for n in (1, 3, 9)]
    assert losses[0] > losses[1] > losses[2]


MODELS = {
    "items": lambda h: fit_item_neighbours(h),
    "items bm25": lambda h: fit_item_neighbours(h, weighting="bm25", fading=0.9),
    "members": lambda h: fit_member_neighbours(h),
    "ease": lambda h: fit_ease(h, penalty=20.0),
    "als": lambda h: fit_als(h, factors=8, rng=np.random.default_rng(1)),
    "walk": lambda h: fit_graph_walk(h),
}


@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_finds_the_planted_tastes(tastes, name):
    """Eight items in nine are of one's own topic, so a perfect model hits about .9 · 10/11 at 10."""
    ranks = leave_one_out(MODELS[name], tastes)
    chance = leave_one_out(fit_popularity, tastes)
    assert ranks.hit_rate(10) > 0.6 > 0.3 > chance.hit_rate(10)


@pytest.mark.parametrize(
    "fit", [fit_markov, lambda h: fit_next_item(h, penalty=5.0)], ids=["markov", "next item"]
)
def test_models_of_order_find_the_next_of_a_series_where_ease_cannot_tell_direction(chains, fit):
    assert leave_one_out(fit, chains).hit_rate(1) > 0.6
    assert leave_one_out(lambda h: fit_ease(h, penalty=5.0), chains).hit_rate(1) < 0.6


@pytest.mark.parametrize("kind", ["gru", "attention"])
def test_sequence_networks_learn_the_series(chains, kind):
    pytest.importorskip("torch", reason="the extra `torch` is not installed")
    heard = []

    def fit(data):
        return fit_sequence(
            data, kind=kind, width=32, epochs=25, dropout=0.1, batch=64, rate=5e-3, seed=1,
            tell=lambda epoch, loss: heard.append(epoch),
        )  # fmt: skip

    model = fit(chains.hold_out_last()[0])
    assert model.losses[-1] < 0.6 * model.losses[0] and heard == list(range(25))
    past, targets, tested = chains.hold_out_last()
    assert rank_next(model, past.choose(tested), targets).hit_rate(1) > 0.6


def test_without_torch_the_message_names_the_extra(chains, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(ImportError, match="paideia\\[torch\\]"):
        fit_sequence(chains, seed=1)


def test_content_serves_items_nobody_has_read():
    features = np.array([[1.0, 0], [1, 0.1], [0, 1], [0.9, 0]])
    data = histories([[0], [2]], catalogue=4)
    scores = fit_content(features, dimensions=None).scores(data)
    assert scores[0].argsort()[::-1].tolist()[-1] == 2 and scores[0, 3] > 0.99
    rare = rare_first(np.array([[1, 1, 0], [1, 0, 1], [1, 0, 0]])).toarray()
    assert rare[0, 1] > rare[0, 0] and np.linalg.norm(rare, axis=1) == pytest.approx([1, 1, 1])


def test_a_blend_is_at_least_as_good_as_its_best_part(tastes, chains):
    for data in (tastes, chains):
        past, targets, tested = data.hold_out_last()
        before, earlier, known = past.hold_out_last()
        fits = [fit_popularity, lambda h: fit_ease(h, penalty=20.0), fit_markov]
        blend = fit_blend([f(before) for f in fits], before.choose(known), earlier)
        refitted = blend.with_models([f(past) for f in fits])
        own = [rank_next(m, past.choose(tested), targets).ndcg(10) for m in refitted.models]
        assert rank_next(refitted, past.choose(tested), targets).ndcg(10) > max(own) - 0.02


def test_ranks_are_over_all_unread_items_with_ties_in_the_middle():
    flat = Popularity(np.ones(5))
    ranks = rank_next(flat, TINY.choose([2]), [4])
    assert ranks.ranks.tolist() == [2.0]  # three items are left, all equal
    read = rank_next(flat, TINY.choose([2]), [0])
    assert read.ranks.tolist() == [5.0]  # already read: it cannot be recommended


@given(st.lists(st.integers(1, 30), min_size=1, max_size=30), st.integers(1, 12))
def test_rank_measures_agree_with_their_definitions(values, k):
    ranks = Ranks(np.array(values, dtype=float))
    hits = [r for r in values if r <= k]
    assert ranks.hit_rate(k) == pytest.approx(len(hits) / len(values))
    assert ranks.ndcg(k) == pytest.approx(sum(1 / np.log2(1 + r) for r in hits) / len(values))
    assert ranks.mrr(k) == pytest.approx(sum(1 / r for r in hits) / len(values))


def test_bootstrap_intervals_cover_the_true_hit_rate():
    rng = np.random.default_rng(6)
    covered = 0
    for _ in range(200):
        ranks = Ranks(rng.geometric(0.1, 150).astype(float))
        low, high = ranks.interval("hit_rate", 5, rng=rng, resamples=200)
        covered += low <= 1 - 0.9**5 <= high
    assert 0.9 <= covered / 200 <= 0.99
    with pytest.raises(OutOfRange, match="measure must be"):
        Ranks(np.ones(3)).interval("recall", 5, rng=rng)


def test_splitting_in_time_tests_only_what_comes_after():
    log = histories_from_events([0, 0, 0, 1, 1, 2], [0, 1, 2, 0, 1, 3], [0.0, 1, 5, 0, 1, 6])
    seen = []

    def fit(past):
        seen.extend(past.items.tolist())
        return fit_popularity(past)

    ranks = split_in_time(fit, log, cut=4.0)
    assert len(ranks.ranks) == 1 and sorted(seen) == [0, 0, 1, 1]


def test_lists_are_judged_on_every_side():
    data = histories([[0, 1], [0, 2], [0, 3]], catalogue=6)
    vectors = np.eye(6)
    good = judge_lists([[4, 5], [4, 1], [5, 1]], [[4], [4], [9]], data, vectors=vectors)
    assert good.recall == pytest.approx(2 / 3) and good.precision == pytest.approx(2 / 6)
    assert good.coverage == 0.5 and good.diversity == 1.0
    assert good.novelty > judge_lists([[0, 1]] * 3, [[4]] * 3, data).novelty
    assert judge_lists([[0]] * 3, [[4]] * 3, data).popularity_bias > 1 > good.popularity_bias
    assert judge_lists([[0, 1]] * 3, [[4]] * 3, data).concentration > good.concentration


def test_mmr_takes_the_best_first_and_then_something_else():
    vectors = np.array([[1.0, 0], [1, 0.01], [0, 1]])
    assert mmr([1.0, 0.99, 0.5], vectors, k=2, trade=0.5).tolist() == [0, 2]
    assert mmr([1.0, 0.99, 0.5], vectors, k=2, trade=1.0).tolist() == [0, 1]


def test_greedy_dpp_agrees_with_computing_each_determinant():
    rng = np.random.default_rng(7)
    vectors, relevance = rng.normal(size=(9, 5)), rng.random(9)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    q = np.exp(0.7 / 0.6 * (relevance - relevance.max()))
    kernel = q[:, None] * (unit @ unit.T) * q[None, :]
    taken: list[int] = []
    for _ in range(4):
        rest = [i for i in range(9) if i not in taken]
        taken.append(max(rest, key=lambda i: np.linalg.det(kernel[np.ix_([*taken, i], [*taken, i])])))
    assert dpp(relevance, vectors, k=4).tolist() == taken
    assert len(dpp(relevance, np.ones((9, 2)), k=4)) == 1  # one direction holds one item


def test_calibrated_lists_keep_the_proportions_of_taste():
    topics = np.repeat(np.eye(2), 10, axis=0)
    relevance = np.r_[np.linspace(1, 0.9, 10), np.linspace(0.6, 0.5, 10)]
    plain = np.argsort(-relevance)[:10]
    fair = calibrated(relevance, topics, [0.7, 0.3], k=10, trade=0.99)
    assert (fair >= 10).sum() == 3
    assert miscalibration(topics[fair], [0.7, 0.3]) < 0.01 < miscalibration(topics[plain], [0.7, 0.3])


def test_thompson_sampling_finds_the_best_arm_and_loses_little():
    rng = np.random.default_rng(8)
    chances = np.array([0.05, 0.06, 0.12])
    state = thompson(3)
    regret = 0.0
    for _ in range(300):
        arms = state.choose(rng=rng, size=20)
        state = state.learn(arms, rng.random(20) < chances[arms])
        regret += (chances.max() - chances[arms]).sum()
    assert state.chance_best(rng=rng).argmax() == 2
    assert regret / 6000 < 0.3 * (chances.max() - chances.mean())


def test_lin_ucb_learns_which_arm_suits_which_context():
    rng = np.random.default_rng(9)
    theta = np.array([[1.0, 0], [0, 1.0]])
    state = lin_ucb(2, 2, width=0.5)
    for _ in range(200):
        x = rng.random((10, 2))
        arms = state.choose(x)
        rewards = (x * theta[arms]).sum(axis=1) + rng.normal(0, 0.1, 10)
        state = state.learn(x, arms, rewards)
    assert state.choose([[1.0, 0.2], [0.2, 1.0]]).tolist() == [0, 1]
    by_hand = np.linalg.solve(state.precision[0], state.gathered[0])
    assert by_hand == pytest.approx([1, 0], abs=0.05)
    bound = np.array([1.0, 0.2]) @ by_hand + 0.5 * np.sqrt(
        np.array([1.0, 0.2]) @ np.linalg.inv(state.precision[0]) @ np.array([1.0, 0.2])
    )
    assert state.bounds([[1.0, 0.2]])[0, 0] == pytest.approx(bound)


@pytest.mark.parametrize("method", ["ips", "snips", "dr"])
def test_off_policy_intervals_cover_the_value_of_a_policy_never_run(method):
    rng = np.random.default_rng(10)
    covered = 0
    for _ in range(200):
        x = rng.random(800)
        arm = rng.integers(0, 2, 800)  # logged uniformly
        reward = (rng.random(800) < np.where(arm == (x > 0.5), 0.6, 0.2)).astype(float)
        new = np.where(arm == (x > 0.5), 0.9, 0.1)
        guess = np.where(arm == (x > 0.5), 0.5, 0.3)  # a wrong reward model
        found = off_policy(
            reward, np.full(800, 0.5), new, method=method, predicted=guess, predicted_new=np.full(800, 0.48)
        )
        covered += found.low <= 0.9 * 0.6 + 0.1 * 0.2 <= found.high
    assert 0.9 <= covered / 200 <= 0.99


def test_members_of_the_simulated_community_are_recommended_what_they_like():
    year = simulate(Parameters(members=600, works=100), rng=np.random.default_rng(11))
    visits = year.happened(Verb.VISITED)
    log = histories_from_events(
        visits["actor"], visits["object"], visits["second"], members=600, catalogue=100
    )
    past = log.before(250 * 86_400)
    past = past.choose(np.flatnonzero(past.lengths > 3))
    who = np.flatnonzero(log.before(250 * 86_400).lengths > 3)
    fit = year.people["taste"][who] @ year.works["topic"].T
    lists = recommend(fit_ease(past, penalty=50.0), past, k=5)
    own = np.mean([fit[u, row[row >= 0]].mean() for u, row in enumerate(lists) if (row >= 0).any()])
    popular = recommend(fit_popularity(past), past, k=5)
    everybody = np.mean([fit[u, row[row >= 0]].mean() for u, row in enumerate(popular) if (row >= 0).any()])
    assert own > 1.4 * everybody


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: histories([]), EmptyInput, "sequences is empty"),
        (lambda: histories([[0, 7]], catalogue=3), OutOfRange, "items must lie in 0 … 2"),
        (lambda: Histories(np.array([1]), np.array([0, 2]), 3), ShapeMismatch, "offsets must run"),
        (lambda: fit_ease(histories([[]], catalogue=2)), EmptyInput, "no reading"),
        (lambda: fit_ease(TINY, penalty=0.0), OutOfRange, "penalty must be above zero"),
        (lambda: leave_one_out(fit_popularity, histories([[1], [2]])), EmptyInput, "nobody has read two"),
        (lambda: fit_blend([fit_popularity(TINY)], TINY, [3, 0, 1, 0]), TooShort, "20 are needed"),
        (lambda: off_policy([1, 0], [0.5, 0.0], [1, 1]), OutOfRange, "logged_chance must lie"),
        (lambda: off_policy([1, 0], [0.5, 0.5], [0, 0]), OutOfRange, "says nothing about it"),
        (lambda: mmr([1.0], [[1.0]], k=2), OutOfRange, "k must lie in"),
        (lambda: thompson(2).learn([2], [1]), OutOfRange, "there are 2 arms"),
        (lambda: rank_next(Popularity(np.ones(4)), TINY, [0] * 4), OutOfRange, "scores have shape"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
