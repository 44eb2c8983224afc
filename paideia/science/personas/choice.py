"""How many personas: what comes out again on other members, and stands apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, between, library, positive, same_length, whole
from paideia.science.errors import EmptyInput, OneClass, OutOfRange
from paideia.science.personas.clusters import Method, fit_points
from paideia.science.personas.features import Columns, Kind, standardise
from paideia.science.threads import few_threads

STABLE = 0.8
"""Mean agreement from which a number of clusters counts as stable."""
ROWS_MAX = 2000
"""Members whose silhouette is computed at most: it takes all distances."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How each number of clusters did."""

    candidates: Ints
    stability: Floats
    """Mean adjusted Rand index between the clusters of all members and those of subsamples: 1 the same,
    0 chance.
    """
    silhouette: Floats
    by_chance: float
    """The greatest silhouette at `best` among clusterings of members without groups."""
    best: int
    """Of the stable numbers (of all, if none is stable), the one of greatest silhouette."""

    @property
    def grouped(self) -> bool:
        """Whether there is anything to find: the best is stable and stands apart more than chance does."""
        row = int(np.flatnonzero(self.candidates == self.best)[0])
        return bool(self.stability[row] >= STABLE and self.silhouette[row] > self.by_chance)


def choose_clusters(
    columns: Columns,
    *,
    candidates: Sequence[int] = range(2, 9),
    method: Method = "k-means",
    kinds: Mapping[str, Kind] | None = None,
    resamples: int = 10,
    share: float = 0.8,
    rng: np.random.Generator,
) -> Choice:
    """Try each number of clusters (for hdbscan: each least number of members).

    Stability (Ben-Hur, Elisseeff & Guyon 2002): cluster `resamples` subsamples of `share` of the members
    and compare each with the clustering of all by the adjusted Rand index on the members in both.
    Silhouette (Rousseeuw 1987): the mean of (b - a)/max(a, b), a a member's mean distance to their own
    cluster and b to the next one; at most 2,000 members, drawn once. By chance (in the manner of Liu et
    al. 2008, SigClust): members drawn from one Gaussian with the same mean and covariance, ten times.

    Raises `EmptyInput` or `OutOfRange`.
    """
    points = standardise(columns, kinds=kinds).points(columns)
    sizes = np.asarray(list(candidates), dtype=np.int64)
    if not len(sizes):
        raise EmptyInput("candidates is empty: name at least one number")
    if len(np.unique(sizes)) < len(sizes):
        raise OutOfRange("candidates must differ")
    between(share, "share", 0.1, 0.99)
    positive(resamples, "resamples")
    stable, apart = np.empty(len(sizes)), np.empty(len(sizes))
    for row, size in enumerate(sizes.tolist()):
        label, _ = fit_points(points, method, size, rng)
        apart[row] = silhouette(points, label, rng=rng)
        stable[row] = _resampled(points, label, method, size, resamples, share, rng)[0].mean()
    allowed = stable >= STABLE if (stable >= STABLE).any() else np.ones(len(sizes), dtype=bool)
    best = int(sizes[np.where(allowed, apart, -np.inf).argmax()])
    return Choice(sizes, stable, apart, _by_chance(points, method, best, rng), best)


def persistence(
    columns: Columns,
    label: ArrayLike,
    *,
    method: Method = "k-means",
    kinds: Mapping[str, Kind] | None = None,
    members_min: int = 20,
    resamples: int = 20,
    share: float = 0.8,
    rng: np.random.Generator,
) -> Floats:
    """For each cluster, the mean over subsamples of its Jaccard likeness to the most like new cluster
    (Hennig 2007).

    Above .75 the cluster comes out again, below .6 it should not be believed.
    """
    points = standardise(columns, kinds=kinds).points(columns)
    known = whole(label, "label", minimum=-1)
    same_length(columns=points, label=known)
    size = members_min if method == "hdbscan" else int(known.max()) + 1
    likeness = _resampled(points, known, method, size, resamples, share, rng)[1]
    return np.asarray(likeness.mean(axis=0))


def adjusted_rand(one: ArrayLike, other: ArrayLike) -> float:
    """Agreement of two clusterings of the same members, 1 for the same and 0 on average by chance.

    (Σ C(n_ij, 2) - E) / (½·(A + B) - E), E = A·B / C(n, 2), A and B the pairs together in each (Hubert &
    Arabie 1985, eq. 5).

    Raises `EmptyInput`.
    """
    a, b = np.asarray(one), np.asarray(other)
    n = same_length(one=a, other=b)
    if n < 2:
        raise EmptyInput("at least two members are needed to compare clusterings")
    table = _table(np.unique(a, return_inverse=True)[1], np.unique(b, return_inverse=True)[1])
    together, left, right = _pairs(table), _pairs(table.sum(axis=1)), _pairs(table.sum(axis=0))
    expected = left * right / _pairs(np.array([n]))
    most = (left + right) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


def silhouette(points: Floats, label: Ints, *, rng: np.random.Generator) -> float:
    """Mean silhouette over at most 2,000 members who belong to a cluster; 0 where there is only one cluster."""
    rows = np.flatnonzero(label >= 0)
    if len(rows) > ROWS_MAX:
        rows = np.sort(rng.choice(rows, ROWS_MAX, replace=False))
    present = len(np.unique(label[rows]))
    if present < 2 or present >= len(rows):
        return 0.0
    with few_threads(len(rows)):
        return float(library("sklearn.metrics").silhouette_score(points[rows], label[rows]))


def _resampled(
    points: Floats,
    label: Ints,
    method: Method,
    size: int,
    resamples: int,
    share: float,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Agreement of each subsample with the whole, and likeness of each cluster in each; (resamples, clusters)."""
    clusters = int(label.max()) + 1
    if clusters < 1:
        return np.zeros(resamples), np.zeros((resamples, 1))
    agreement, likeness = np.empty(resamples), np.empty((resamples, clusters))
    for k in range(resamples):
        rows = np.sort(rng.choice(len(points), max(3, round(share * len(points))), replace=False))
        try:
            again = fit_points(points[rows], method, size, rng, starts=3)[0]
        except OneClass:
            again = np.zeros(len(rows), dtype=np.int64)
        agreement[k] = adjusted_rand(label[rows], again)
        table = _table(label[rows] + 1, again + 1, least=clusters + 1)
        union = table.sum(axis=1, keepdims=True) + table.sum(axis=0) - table
        likeness[k] = (table / np.maximum(union, 1))[1:, 1:].max(axis=1, initial=0.0)
    return agreement, likeness


def _by_chance(points: Floats, method: Method, size: int, rng: np.random.Generator, draws: int = 10) -> float:
    covariance = np.cov(points, rowvar=False).reshape(points.shape[1], -1)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    rows = min(len(points), ROWS_MAX)
    found = []
    for _ in range(draws):
        drawn = rng.normal(size=(rows, len(values))) @ root.T
        found.append(silhouette(drawn, fit_points(drawn, method, size, rng, starts=3)[0], rng=rng))
    return max(found)


def _table(a: Ints, b: Ints, *, least: int = 1) -> Ints:
    rows, width = max(int(a.max()) + 1, least), int(b.max()) + 1
    return np.bincount(a * width + b, minlength=rows * width).reshape(rows, width)


def _pairs(counts: Ints) -> float:
    return float((counts * (counts - 1) // 2).sum())
