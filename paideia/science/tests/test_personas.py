"""Personas: planted groups in mixed columns are found, counted, named, and found again in new members."""

from __future__ import annotations

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
from paideia.science.personas import (
    adjusted_rand,
    choose_clusters,
    fit_personas,
    persistence,
    portraits,
    silhouette,
    standardise,
)
from paideia.science.simulate import Parameters, Verb, simulate


def crowd(size, rng):
    """Readers, askers and buyers, 5 : 3 : 2, in a number, two counts and a category."""
    kind = rng.choice(3, size, p=(0.5, 0.3, 0.2))
    return kind, {
        "visits": rng.poisson(np.array([60, 20, 12])[kind]),
        "questions": rng.poisson(np.array([0.3, 9, 0.5])[kind]),
        "spent": np.where(kind == 2, rng.lognormal(6, 0.7, size), rng.lognormal(1, 0.7, size)).round(),
        "plan": np.where(rng.random(size) < np.array([0.1, 0.3, 0.9])[kind], "year", "month"),
    }


def test_every_column_has_variance_one_and_counts_are_logged():
    rng = np.random.default_rng(1)
    columns = {
        "age": rng.normal(40, 9, 500),
        "visits": rng.lognormal(3, 1, 500).round(),
        "plan": rng.choice(["day", "month", "year"], 500, p=(0.7, 0.2, 0.1)),
        "mentor": rng.random(500) < 0.1,
    }
    standard = standardise(columns)
    assert [f.kind for f in standard.features] == ["number", "count", "category", "category"]
    points = standard.points(columns)
    assert np.allclose(points.mean(axis=0), 0)
    blocks = np.split(points, [1, 2, 5], axis=1)
    assert np.allclose([block.var(axis=0).sum() for block in blocks], 1)
    assert np.allclose(
        points[:, 1] * np.log1p(columns["visits"]).std(),
        np.log1p(columns["visits"]) - np.log1p(columns["visits"]).mean(),
    )


def test_what_was_learned_holds_for_one_member_alone():
    _, columns = crowd(300, np.random.default_rng(2))
    standard = standardise(columns)
    everybody = standard.points(columns)
    alone = standard.points({name: values[7:8] for name, values in columns.items()})
    assert np.array_equal(everybody[7:8], alone)
    stranger = {name: values[:1] for name, values in columns.items()} | {"plan": np.array(["century"])}
    assert standard.points(stranger)[0, -2:].tolist() == [0, 0]


def test_columns_without_an_answer_are_refused():
    with pytest.raises(EmptyInput):
        standardise({})
    with pytest.raises(ConstantInput, match="column a does not vary"):
        standardise({"a": [1, 1, 1]})
    with pytest.raises(ConstantInput, match="column a does not vary"):
        standardise({"a": ["x", "x"]})
    with pytest.raises(NotFinite, match="a holds 1"):
        standardise({"a": [1.0, np.nan, 3.0]})
    with pytest.raises(ShapeMismatch, match="same length"):
        standardise({"a": [1, 2], "b": [1, 2, 3]})
    with pytest.raises(OutOfRange, match="number, count or category"):
        standardise({"a": [1, 2]}, kinds={"b": "number"})
    with pytest.raises(OutOfRange, match="at least 0"):
        standardise({"a": [-1, 2]}, kinds={"a": "count"})
    rng = np.random.default_rng(1)
    with pytest.raises(TooShort):
        fit_personas({"a": [1, 2]}, clusters=2, rng=rng)
    with pytest.raises(OutOfRange, match="say how many clusters"):
        fit_personas({"a": [1, 2, 3, 4]}, rng=rng)
    with pytest.raises(OutOfRange, match="clusters must lie in"):
        fit_personas({"a": [1, 2, 3, 4]}, clusters=4, rng=rng)
    with pytest.raises(OutOfRange, match="clusters must lie in"):
        fit_personas({"a": [1, 2, 3, 4]}, clusters=0, rng=rng)
    with pytest.raises(OutOfRange, match="members_min must lie in"):
        fit_personas({"a": [1, 2, 3, 4]}, method="hdbscan", members_min=9, rng=rng)
    with pytest.raises(OneClass, match="dense part"):
        fit_personas({"a": rng.random(40), "b": rng.random(40)}, method="hdbscan", members_min=39, rng=rng)


@pytest.mark.parametrize(("method", "agreed"), [("k-means", 0.95), ("mixture", 0.9), ("hdbscan", 0.9)])
def test_planted_groups_are_found_in_members_and_in_newcomers(method, agreed):
    rng = np.random.default_rng(3)
    kind, columns = crowd(900, rng)
    new_kind, newcomers = crowd(400, rng)
    if method == "hdbscan":  # every small whole number would be a dense part of its own
        columns, newcomers = ({name: c[name] for name in ("visits", "spent")} for c in (columns, newcomers))
    found = fit_personas(
        columns, method=method, clusters=None if method == "hdbscan" else 3, members_min=60, rng=rng
    )
    inside = found.label >= 0
    assert inside.mean() > 0.7 and len(found.sizes) == 3
    assert adjusted_rand(kind[inside], found.label[inside]) > agreed
    assert np.array_equal(found.predict(columns)[inside], found.label[inside])
    predicted = found.predict(newcomers)
    assert adjusted_rand(new_kind[predicted >= 0], predicted[predicted >= 0]) > agreed - 0.05
    assert (np.diff(found.sizes) <= 0).all()


def test_hdbscan_finds_shapes_that_have_no_centre_and_leaves_strangers_out():
    rng = np.random.default_rng(4)
    angle = rng.uniform(0, 2 * np.pi, 400)
    radius = np.where(np.arange(400) < 250, 5.0, 1.0) + rng.normal(0, 0.1, 400)
    columns = {"x": radius * np.cos(angle), "y": radius * np.sin(angle)}
    found = fit_personas(columns, method="hdbscan", members_min=20, rng=rng)
    assert adjusted_rand(found.label, np.arange(400) >= 250) > 0.97
    assert found.predict({"x": [0, 5, 30.0], "y": [1, 0, 30.0]}).tolist() == [1, 0, -1]


@pytest.mark.parametrize("planted", [2, 3, 5])
def test_the_number_of_planted_groups_is_chosen(planted):
    rng = np.random.default_rng(5)
    turn = 2 * np.pi * rng.integers(0, planted, 500) / planted
    x = 4 * np.stack([np.cos(turn), np.sin(turn)], axis=1) + rng.normal(0, 0.6, (500, 2))
    chosen = choose_clusters({"x": x[:, 0], "y": x[:, 1]}, candidates=range(2, 7), resamples=5, rng=rng)
    assert chosen.best == planted and chosen.grouped
    assert chosen.stability[planted - 2] > 0.95


@pytest.mark.parametrize(
    ("method", "candidates", "best"), [("mixture", (2, 3, 4), 3), ("hdbscan", (30, 200), 30)]
)
def test_other_methods_are_chosen_for_in_the_same_way(method, candidates, best):
    rng = np.random.default_rng(12)
    x = np.array([[0, 0], [9, 0], [0, 9]])[rng.integers(0, 3, 450)] + rng.normal(size=(450, 2))
    columns = {"x": x[:, 0], "y": x[:, 1]}
    chosen = choose_clusters(columns, candidates=candidates, method=method, resamples=4, rng=rng)
    assert chosen.best == best and chosen.grouped
    found = fit_personas(columns, method=method, clusters=best, members_min=best, rng=rng)
    kept = persistence(columns, found.label, method=method, members_min=best, resamples=4, rng=rng)
    assert len(kept) == 3 and (kept > 0.8).all()


def test_members_without_groups_are_not_grouped():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(600, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.3], [0, 0, 1]])
    chosen = choose_clusters({f"c{k}": x[:, k] for k in range(3)}, candidates=(2, 3, 4), resamples=5, rng=rng)
    assert not chosen.grouped


def test_a_cluster_that_is_there_persists_and_one_that_was_cut_does_not():
    rng = np.random.default_rng(7)
    x = np.concatenate([rng.normal(0, 1, (300, 2)), rng.normal(12, 1, (150, 2))])
    columns = {"x": x[:, 0], "y": x[:, 1]}
    two = fit_personas(columns, clusters=2, rng=rng)
    assert (persistence(columns, two.label, resamples=8, rng=rng) > 0.97).all()
    six = fit_personas(columns, clusters=6, rng=rng)
    assert persistence(columns, six.label, resamples=8, rng=rng).min() < 0.75


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=25))
def test_adjusted_rand_counts_pairs(rows):
    a, b = np.array(rows).T
    pairs = list(combinations(range(len(a)), 2))
    both = sum(a[i] == a[j] and b[i] == b[j] for i, j in pairs)
    one, other = (sum(c[i] == c[j] for i, j in pairs) for c in (a, b))
    expected, most = one * other / len(pairs), (one + other) / 2
    by_hand = 1.0 if most == expected else (both - expected) / (most - expected)
    assert adjusted_rand(a, b) == pytest.approx(by_hand)


def test_silhouette_is_its_definition():
    rng = np.random.default_rng(8)
    points, label = rng.normal(size=(60, 2)), rng.integers(0, 3, 60)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    widths = []
    for i in range(60):
        means = [distance[i, (label == k) & (np.arange(60) != i)].mean() for k in range(3)]
        a, b = means[label[i]], min(m for k, m in enumerate(means) if k != label[i])
        widths.append((b - a) / max(a, b))
    assert silhouette(points, label, rng=rng) == pytest.approx(np.mean(widths))


def test_clusters_are_named_by_what_is_unusual_in_them():
    rng = np.random.default_rng(9)
    _, columns = crowd(1000, rng)
    found = portraits(fit_personas(columns, clusters=3, rng=rng), columns)
    assert [p.name[0] for p in found] == [("visits", "high"), ("questions", "high"), ("spent", "high")]
    assert len({p.name for p in found}) == 3
    buyers = found[2]
    year = next(t for t in buyers.traits if t.level == "year")
    assert year.key == ("plan=year", "high")
    assert year.lift == pytest.approx(year.inside / (columns["plan"] == "year").mean())
    assert year.inside == pytest.approx(0.9, abs=0.06)
    assert sum(p.share for p in found) == pytest.approx(1)
    strengths = [round(abs(t.strength), 9) for t in buyers.traits]
    assert strengths == sorted(strengths, reverse=True)


def test_a_cluster_like_everybody_has_an_empty_name_and_like_names_grow_apart():
    rng = np.random.default_rng(10)
    centres = np.array([[0, 0], [8, 0], [9, 2.5], [-16, -9]])
    kind = np.repeat(np.arange(4), (400, 70, 60, 60))
    x = centres[kind] + rng.normal(0, 0.3, (590, 2))
    columns = {"a": x[:, 0], "b": x[:, 1]}
    personas = fit_personas(columns, clusters=4, rng=rng)
    names = [p.name for p in portraits(personas, columns, words=1)]
    assert names[0] == ()
    assert set(names[1:]) == {(("a", "high"),), (("a", "high"), ("b", "high")), (("b", "low"),)}


def test_hidden_tastes_of_the_simulated_members_come_out():
    planted = Parameters(members=500, works=100, topics=4, taste_concentration=0.08)
    year = simulate(planted, rng=np.random.default_rng(11))
    visits = year.happened(Verb.VISITED)
    read = np.zeros((500, 4))
    np.add.at(read, visits["actor"], year.works["topic"][visits["object"]])
    kept = read.sum(axis=1) >= 20
    share = read[kept] / read[kept].sum(axis=1, keepdims=True)
    columns = {f"topic {k}": share[:, k] for k in range(4)}
    kinds = dict.fromkeys(columns, "number")
    rng = np.random.default_rng(1)
    assert choose_clusters(columns, candidates=(2, 3, 4, 5, 6), kinds=kinds, resamples=4, rng=rng).best == 4
    found = fit_personas(columns, clusters=4, kinds=kinds, rng=rng)
    assert adjusted_rand(found.label, year.people["taste"][kept].argmax(axis=1)) > 0.85
    assert {p.name[0][1] for p in portraits(found, columns)} == {"high"}
