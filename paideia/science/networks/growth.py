"""How a network is knit, and how that changes in time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, library, same_length, vector, whole
from paideia.science.errors import OutOfRange
from paideia.science.networks.graph import Graph, graph


@dataclass(frozen=True, slots=True)
class Fabric:
    """A network in a few numbers."""

    people: int
    """With at least one tie."""
    ties: int
    mean_degree: float
    """Different people whom somebody with a tie is tied to."""
    reciprocity: float
    """Share of directed ties that are returned."""
    clustering: float
    """Share of connected triples that are closed (transitivity)."""
    largest_share: float
    """Share of the people with ties in the largest connected part."""


def fabric(network: Graph) -> Fabric:
    """The numbers of a network; zeros for one without ties."""
    if not len(network):
        return Fabric(0, 0, 0.0, 0.0, 0.0, 0.0)
    a = network.undirected().matrix(weighted=False)
    degree = np.asarray(a.sum(axis=1)).ravel()
    people = int((degree > 0).sum())
    triples = float((degree * (degree - 1) / 2).sum())
    closed = float((a @ a).multiply(a).sum() / 2)
    label = library("scipy.sparse.csgraph").connected_components(a, directed=False)[1]
    largest = np.bincount(label[degree > 0]).max()
    keys = network.source * network.size + network.target
    back = np.isin(network.target * network.size + network.source, keys).mean() if network.directed else 1.0
    return Fabric(
        people,
        len(network),
        float(degree.sum() / people),
        float(back),
        closed / triples if triples else 0.0,
        float(largest / people),
    )


@dataclass(frozen=True, slots=True)
class Growth:
    """A network's fabric at several moments."""

    cuts: Floats
    fabrics: list[Fabric]
    arrived: Ints
    """People whose first tie lies between the previous cut (or the beginning) and this one."""
    kept: Floats
    """Share of the ties of the window before that were active again in this one; NaN for the first."""


def growth(
    source: ArrayLike,
    target: ArrayLike,
    time: ArrayLike,
    *,
    cuts: ArrayLike,
    size: int | None = None,
    window: float = np.inf,
) -> Growth:
    """The network of ties in (cut - window, cut] at each rising cut; an infinite window keeps everything
    before.

    Raises `OutOfRange`.
    """
    a, b, t = whole(source, "source", minimum=0), whole(target, "target", minimum=0), vector(time, "time")
    same_length(source=a, target=b, time=t)
    marks = vector(cuts, "cuts")
    if (np.diff(marks) <= 0).any():
        raise OutOfRange("cuts must rise")
    nodes = max(int(a.max()), int(b.max())) + 1 if size is None else size
    first = np.full(nodes, np.inf)
    np.minimum.at(first, np.concatenate([a, b]), np.concatenate([t, t]))
    edges = np.concatenate(([-np.inf], marks))
    arrived = np.array([((first > low) & (first <= high)).sum() for low, high in pairwise(edges)])
    fabrics, kept, before = [], [], None
    for mark in marks:
        inside = (t <= mark) & (t > mark - window)
        now = graph(a[inside], b[inside], size=nodes)
        keys = now.source * nodes + now.target
        kept.append(
            float(np.isin(before, keys).mean()) if before is not None and len(before) else float("nan")
        )
        fabrics.append(fabric(now))
        before = keys
    return Growth(marks, fabrics, arrived, np.array(kept))
