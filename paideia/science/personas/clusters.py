"""Groups of like members: k-means, Gaussian mixture or HDBSCAN, the same from the outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from paideia.science.checks import Floats, Ints, between, library
from paideia.science.errors import OneClass, OutOfRange, TooShort
from paideia.science.personas.features import Columns, Kind, Standard, standardise
from paideia.science.threads import few_threads

Method = Literal["k-means", "mixture", "hdbscan"]


@dataclass(frozen=True, slots=True)
class Personas:
    """A fitted clustering; clusters are numbered by falling size, -1 is nobody's (HDBSCAN only)."""

    method: Method
    standard: Standard
    label: Ints
    """The cluster of each member it was fitted on."""
    centres: Floats
    """Mean of each cluster in standardised units, shape (clusters, dimensions)."""
    model: Any

    @property
    def sizes(self) -> Ints:
        """Members of each cluster."""
        return np.bincount(self.label[self.label >= 0], minlength=len(self.centres))

    def predict(self, columns: Columns) -> Ints:
        """The cluster of each member, new or known.

        k-means: the nearest centre. mixture: the likeliest component. hdbscan: the cluster of the nearest
        fitted member, if no farther than that cluster's members are from their own nearest, else -1.
        """
        return np.asarray(self.model(self.standard.points(columns)), dtype=np.int64)


def fit_personas(
    columns: Columns,
    *,
    method: Method = "k-means",
    clusters: int | None = None,
    members_min: int = 20,
    kinds: Mapping[str, Kind] | None = None,
    rng: np.random.Generator,
) -> Personas:
    """Cluster members by columns of mixed kinds, standardised as `standardise` says.

    k-means (Lloyd 1982, ten starts of k-means++) and mixture (EM with a full covariance for each component,
    .001 added to its diagonal, three starts) need the number of `clusters`: see `choose_clusters`. hdbscan
    (Campello, Moulavi & Sander 2013) finds it: a cluster is a dense part of at least `members_min` members,
    whatever its shape, and who lies in none is -1.

    Raises `OneClass`, `OutOfRange` or `TooShort`.
    """
    standard = standardise(columns, kinds=kinds)
    points = standard.points(columns)
    if len(points) < 3:
        raise TooShort(f"columns have {len(points)} rows, at least 3 are needed")
    size = members_min if method == "hdbscan" else clusters
    if size is None:
        raise OutOfRange(f"say how many clusters {method} should make; `choose_clusters` proposes a number")
    label, model = fit_points(points, method, size, rng)
    if label.max() < 0:
        raise OneClass("nobody lies in a dense part: lower members_min, or there are no groups")
    centres = np.stack([points[label == k].mean(axis=0) for k in range(label.max() + 1)])
    return Personas(method, standard, label, centres, model)


def fit_points(
    points: Floats, method: Method, size: int, rng: np.random.Generator, *, starts: int = 10
) -> tuple[Ints, Any]:
    """Label of each point by falling size, and what labels new points.

    `size` is the number of clusters, for hdbscan the least number of members of one.

    Raises `OneClass` or `OutOfRange`.
    """
    seed = int(rng.integers(2**31))
    with few_threads(len(points)):
        if method == "hdbscan":
            between(size, "members_min", 2, len(points) - 1)
            return _hdbscan(points, size)
        between(size, "clusters", 2, len(points) - 1)
        if method == "k-means":
            means = library("sklearn.cluster").KMeans(size, n_init=starts, random_state=seed).fit(points)
            return _ordered(np.asarray(means.labels_, dtype=np.int64), means)
        if method == "mixture":
            mixture = library("sklearn.mixture").GaussianMixture(
                size, reg_covar=1e-3, n_init=max(1, starts // 3), random_state=seed, max_iter=300
            )
            return _ordered(np.asarray(mixture.fit_predict(points), dtype=np.int64), mixture)
    raise OutOfRange(f"method must be k-means, mixture or hdbscan, it is {method}")


@dataclass(frozen=True, slots=True)
class _Renumbered:
    """A fitted model whose clusters are numbered by falling size."""

    model: Any
    number: Ints

    def __call__(self, points: Floats) -> Ints:
        with few_threads(len(points)):
            return self.number[np.asarray(self.model.predict(points), dtype=np.int64)]


@dataclass(frozen=True, slots=True)
class _Nearest:
    """The cluster of the nearest fitted member, within that cluster's reach."""

    tree: Any
    label: Ints
    reach: Floats

    def __call__(self, points: Floats) -> Ints:
        distance, row = self.tree.query(points)
        near: Ints = np.where(distance <= self.reach[self.label[row]], self.label[row], -1)
        return near


def _ordered(raw: Ints, model: Any) -> tuple[Ints, Any]:
    components = int(getattr(model, "n_clusters", 0) or model.n_components)
    order = np.argsort(-np.bincount(raw, minlength=components), kind="stable")
    number = np.empty(components, dtype=np.int64)
    number[order] = np.arange(components)
    if len(np.unique(raw)) < components:
        raise OneClass(f"only {len(np.unique(raw))} of {components} clusters hold anybody: ask for fewer")
    return number[raw], _Renumbered(model, number)


def _hdbscan(points: Floats, members_min: int) -> tuple[Ints, Any]:
    found = library("sklearn.cluster").HDBSCAN(min_cluster_size=members_min, copy=True).fit(points)
    raw = np.asarray(found.labels_, dtype=np.int64)
    clusters = int(raw.max()) + 1
    if not clusters:
        return raw, None
    order = np.argsort(-np.bincount(raw[raw >= 0]), kind="stable")
    number = np.empty(clusters + 1, dtype=np.int64)
    number[order], number[-1] = np.arange(clusters), -1
    label = number[raw]
    inside = label >= 0
    nearest = library("scipy.spatial").cKDTree
    reach = np.array([nearest(own).query(own, 2)[0][:, 1].max() for own in _each(points, label, clusters)])
    return label, _Nearest(nearest(points[inside]), label[inside], np.maximum(reach, 1e-9))


def _each(points: Floats, label: Ints, clusters: int) -> list[Floats]:
    return [points[label == k] for k in range(clusters)]
