"""Networks: published orders, slow twins, bounds that hold, and planted rings and communities found."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paideia.science.errors import Disconnected, EmptyInput, OutOfRange, ShapeMismatch
from paideia.science.networks import (
    Graph,
    betweenness,
    bridges,
    communities,
    fabric,
    graph,
    growth,
    influencers,
    introductions,
    isolates,
    modularity,
    page_rank,
    rings,
    spread,
    triangles,
)
from paideia.science.networks.influence import _Worlds
from paideia.science.simulate import Kind, Parameters, Verb, simulate

KARATE = """
    0-1 0-2 0-3 0-4 0-5 0-6 0-7 0-8 0-10 0-11 0-12 0-13 0-17 0-19 0-21 0-31 1-2 1-3 1-7 1-13 1-17 1-19 1-21
    1-30 2-3 2-7 2-8 2-9 2-13 2-27 2-28 2-32 3-7 3-12 3-13 4-6 4-10 5-6 5-10 5-16 6-16 8-30 8-32 8-33 9-33
    13-33 14-32 14-33 15-32 15-33 18-32 18-33 19-33 20-32 20-33 22-32 22-33 23-25 23-27 23-29 23-32 23-33
    24-25 24-27 24-31 25-31 26-29 26-33 27-33 28-31 28-33 29-32 29-33 30-32 30-33 31-32 31-33 32-33
"""


@pytest.fixture(scope="module")
def karate() -> Graph:
    """Zachary's club (1977)."""
    ties = np.array([tuple(map(int, tie.split("-"))) for tie in KARATE.split()])
    return graph(ties[:, 0], ties[:, 1], directed=False)


def test_repeated_ties_add_up_and_ties_to_oneself_are_left_out():
    g = graph([0, 0, 1, 2], [1, 1, 0, 2], [1, 2, 4, 8], size=4)
    assert list(zip(g.source, g.target, g.weight, strict=True)) == [(0, 1, 3.0), (1, 0, 4.0)]
    assert g.undirected().weight.tolist() == [7.0]
    assert isolates(g).tolist() == [2, 3]


def test_page_rank_agrees_with_solving_the_equations():
    rng = np.random.default_rng(1)
    g = graph(rng.integers(0, 9, 25), rng.integers(0, 8, 25), rng.random(25), size=10)  # 8 and 9 may dangle
    jump = rng.random(10)
    jump /= jump.sum()
    w = g.matrix().toarray()
    out = w.sum(axis=1)
    p = np.where(out[:, None] > 0, w / np.where(out > 0, out, 1)[:, None], jump[None, :])
    exact = np.linalg.solve(np.eye(10) - 0.85 * p.T, 0.15 * jump)
    assert page_rank(g, personal=jump) == pytest.approx(exact, abs=1e-9)


def test_facebook_and_wikipedia_are_ranked_as_published(data):
    import lzma

    with lzma.open(data("sna/facebook_combined.txt.xz"), "rt") as lines:
        ties = np.array([line.split() for line in lines if line[0].isdigit()], dtype=int)
    g = graph(ties[:, 0], ties[:, 1], directed=False)
    assert (g.size, len(g), triangles(g)) == (4039, 88234, 1612010)
    assert np.argsort(-page_rank(g))[:5].tolist() == [3437, 107, 1684, 0, 1912]
    with lzma.open(data("sna/Wiki-Vote.txt.xz"), "rt") as lines:
        ties = np.array([line.split() for line in lines if line[0].isdigit()], dtype=int)
    names, ends = np.unique(ties, return_inverse=True)
    votes = graph(*ends.reshape(ties.shape).T)
    assert names[np.argsort(-page_rank(votes))[:5]].tolist() == [4037, 15, 6634, 2625, 2398]


def test_the_karate_club_splits_as_known(karate):
    found = communities(karate)
    assert found.modularity == pytest.approx(0.4198, abs=0.0005)  # the known maximum
    assert found.modularity == pytest.approx(modularity(karate, found.label))
    assert found.sizes.tolist() == sorted(found.sizes, reverse=True)
    assert triangles(karate) == 45
    assert np.argsort(-betweenness(karate))[:3].tolist() == [0, 33, 32]
    assert betweenness(karate)[0] == pytest.approx(0.4376, abs=1e-4)  # published, normalised
    assert bridges(karate).ties == [(0, 11)] and bridges(karate).people.tolist() == [0]


def test_finding_communities_is_the_same_for_the_same_seed_and_leaves_random_alone(karate):
    import random

    random.seed(5)
    first = random.random()
    random.seed(5)
    again = communities(karate, seed=3).label
    assert np.array_equal(again, communities(karate, seed=3).label) and random.random() == first


def test_planted_communities_are_found():
    rng = np.random.default_rng(2)
    owner = np.repeat(np.arange(4), 40)
    a, b = np.triu_indices(160, 1)
    linked = rng.random(len(a)) < np.where(owner[a] == owner[b], 0.25, 0.01)
    found = communities(graph(a[linked], b[linked], size=160, directed=False)).label
    assert all(len(set(found[owner == k])) == 1 for k in range(4)) and len(set(found)) == 4


@pytest.mark.parametrize("directed", [False, True])
def test_celf_chooses_as_well_as_greedy_with_a_tenth_of_the_work(karate, directed):
    g = graph([*karate.source, *karate.target], [*karate.target, *karate.source]) if directed else karate
    for people, chance in ((5, 0.05), (10, 0.1)):
        lazy = influencers(g, people=people, chance=chance, rng=np.random.default_rng(3))
        plain = influencers(g, people=people, chance=chance, rng=np.random.default_rng(3), lazy=False)
        assert lazy.reached[-1] == pytest.approx(plain.reached[-1])
        assert lazy.evaluations <= (0.4 if directed else 0.1) * plain.evaluations


def test_the_proven_share_holds_against_trying_every_choice(karate):
    small = graph(
        karate.source[karate.target < 14], karate.target[karate.target < 14], size=14, directed=False
    )
    found = influencers(small, people=3, chance=0.2, worlds=60, rng=np.random.default_rng(4))
    worlds = _Worlds(small, 0.2, 60, np.random.default_rng(4))
    best = 0.0
    for choice in combinations(range(14), 3):
        for covered in worlds.covered:
            covered[:] = False
        for node in choice:
            worlds.take(node)
        best = max(best, worlds.covered_sizes().mean())
    assert found.share_of_best * best <= found.reached[-1] + 1e-9 and found.share_of_best > 0.63


def test_the_expected_spread_agrees_with_the_cascade_played_out(karate):
    rng = np.random.default_rng(5)
    neighbours = [np.flatnonzero(row) for row in karate.matrix().toarray()]
    sizes = []
    for _ in range(3000):
        reached, waiting = {0, 33}, [0, 33]
        while waiting:
            node = waiting.pop()
            for other in neighbours[node]:
                if int(other) not in reached and rng.random() < 0.1:
                    reached.add(int(other))
                    waiting.append(int(other))
        sizes.append(len(reached))
    mean, error = spread(karate, [0, 33], chance=0.1, worlds=3000, rng=rng)
    assert mean == pytest.approx(np.mean(sizes), abs=4 * error)


ties = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=24)


@given(ties)
def test_a_directed_cascade_never_exceeds_its_bounds(pairs):
    a, b = np.array(pairs).T
    g = graph(a, b, size=8)
    worlds = _Worlds(g, 0.5, 6, np.random.default_rng(1))
    for node in range(8):
        assert worlds.gain(node) <= worlds.upper_bounds()[node] + 1e-9
    worlds.take(0)
    for node in range(8):
        assert worlds.gain(node) <= worlds.upper_bounds()[node] + 1e-9


def test_people_alone_meet_those_of_their_taste_and_others_their_friends_friends(karate):
    g = Graph(36, karate.source, karate.target, karate.weight, False)
    taste = np.stack([np.arange(36) < 18, np.arange(36) >= 18], axis=1).astype(float)
    found = introductions(g, members=[34, 16], vectors=taste, k=3)
    assert (found.other[0] >= 18).all() and 34 not in found.other[0]
    friends = introductions(karate, members=[16], k=1, taste_weight=0.0).other[0, 0]
    assert friends == 0  # 16 knows 5 and 6, who both know 0
    with pytest.raises(Disconnected, match="member 34 knows nobody"):
        introductions(g, members=[34])


def test_planted_rings_are_found_and_honest_praise_is_not():
    rng = np.random.default_rng(6)
    popular = rng.gamma(0.6, 1, 300)
    giver = rng.integers(0, 300, 4000)
    receiver = rng.choice(300, 4000, p=popular / popular.sum())
    planted = [(10, 11, 12, 13), (50, 51, 52, 53, 54)]
    extra = [(i, j) for ring in planted for i in ring for j in ring if i != j for _ in range(8)]
    a, b = np.array(extra).T
    found = rings(np.concatenate([giver, a]), np.concatenate([receiver, b]), size=300)
    assert {ring.members for ring in found} == set(planted)
    assert all(ring.density > 0.9 and ring.surprise > 20 for ring in found)
    assert rings(giver, receiver, size=300) == []


def test_the_rings_of_the_simulated_community_are_found():
    busy = Parameters(
        members=400,
        works=60,
        ring_reactions_per_day=0.3,
        sessions_per_day=0.8,
        sessions_shape=9.0,
        churn=1e-4,
    )
    year = simulate(busy, rng=np.random.default_rng(7))
    praise = year.happened(Verb.REACTED)
    on_comments = praise["kind"] == Kind.COMMENT
    author = np.where(
        on_comments,
        year.comments["author"][np.where(on_comments, praise["object"], 0)],
        np.where(
            praise["kind"] == Kind.ANSWER,
            year.answers["author"][np.where(praise["kind"] == Kind.ANSWER, praise["object"], 0)],
            year.works["author"][np.where(praise["kind"] == Kind.WORK, praise["object"], 0)],
        ),
    )
    found = rings(praise["actor"], author, size=400)
    caught = {m for ring in found for m in ring.members}
    planted = set(np.flatnonzero(year.people["ring"] >= 0).tolist())
    assert len(caught & planted) > 0.6 * len(planted)
    assert len(caught - planted) <= 0.1 * len(caught)


def test_fabric_counts_what_it_says():
    g = graph([0, 1, 2, 0, 3], [1, 0, 0, 2, 0], size=6)
    f = fabric(g)
    assert (f.people, f.ties, f.largest_share) == (4, 5, 1.0)
    assert f.reciprocity == pytest.approx(4 / 5) and f.mean_degree == pytest.approx(6 / 4)
    assert f.clustering == 0.0 and fabric(graph([0, 1, 2], [1, 2, 0])).clustering == 1.0
    assert fabric(graph([], [], size=3)).people == 0


def test_growth_shows_arrivals_and_ties_that_last():
    g = growth([0, 1, 0, 2], [1, 0, 1, 3], [1.0, 2.0, 11.0, 12.0], cuts=[10, 20], window=10)
    assert g.arrived.tolist() == [2, 2]
    assert [f.ties for f in g.fabrics] == [2, 2]
    assert np.isnan(g.kept[0]) and g.kept[1] == 0.5
    assert [f.ties for f in growth([0, 1], [1, 2], [1.0, 15.0], cuts=[10, 20]).fabrics] == [1, 2]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: graph([], []), EmptyInput, "no node"),
        (lambda: graph([0], [5], size=3), OutOfRange, "there is a node 5"),
        (lambda: graph([0], [1], [-1.0]), OutOfRange, "weight must be"),
        (lambda: page_rank(graph([0], [1]), personal=[1.0]), ShapeMismatch, "personal has 1"),
        (lambda: page_rank(graph([0], [1]), personal=[0.0, 0.0]), OutOfRange, "sum above 0"),
        (lambda: communities(graph([], [], size=3)), EmptyInput, "no tie"),
        (
            lambda: influencers(graph([0], [1]), people=3, rng=np.random.default_rng(1)),
            OutOfRange,
            "people must lie",
        ),
        (
            lambda: spread(graph([0], [1]), [0], chance=1.5, rng=np.random.default_rng(1)),
            OutOfRange,
            "chance",
        ),
        (lambda: growth([0], [1], [1.0], cuts=[2, 1]), OutOfRange, "cuts must rise"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
