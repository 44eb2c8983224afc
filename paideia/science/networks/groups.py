"""Who belongs together: communities, people alone and whom they should meet, and rings that applaud
themselves.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Bools, Floats, Ints, library, matrix, positive, vector, whole
from paideia.science.errors import Disconnected, EmptyInput, OutOfRange, ShapeMismatch
from paideia.science.networks.graph import Graph, graph


@dataclass(frozen=True, slots=True)
class Communities:
    """A partition of the nodes."""

    label: Ints
    """The community of each node, numbered by falling size."""
    modularity: float

    @property
    def sizes(self) -> Ints:
        """Members of each community."""
        return np.bincount(self.label)


def communities(network: Graph, *, resolution: float = 1.0, rounds: int = 5, seed: int = 0) -> Communities:
    """Leiden (Traag, Waltman & van Eck 2019, by igraph) on modularity with resolution, directions
    forgotten, by weight.

    Every community hangs together, unlike Louvain's. Higher `resolution` gives more and smaller ones.

    Raises `EmptyInput`.
    """
    positive(resolution, "resolution")
    plain = network.undirected() if network.directed else network
    if not len(plain):
        raise EmptyInput("the graph has no tie: there are no communities to find")
    igraph = library("igraph")
    igraph.set_random_number_generator(random.Random(seed))
    try:
        found = plain.igraph().community_leiden(
            "modularity", weights="weight", resolution=resolution, n_iterations=rounds
        )
    finally:
        igraph.set_random_number_generator(random)
    raw = np.array(found.membership, dtype=np.int64)
    order = np.argsort(-np.bincount(raw), kind="stable")
    label = np.empty(len(order), dtype=np.int64)
    label[order] = np.arange(len(order))
    return Communities(label[raw], modularity(plain, label[raw]))


def modularity(network: Graph, label: ArrayLike, *, resolution: float = 1.0) -> float:
    """Σ_c [w_c/m - resolution·(d_c/2m)²]: ties inside beyond what the degrees alone would give (Newman &
    Girvan 2004).

    w_c is the weight of the ties inside c, d_c the sum of its weighted degrees, m the weight of all ties;
    undirected.

    Raises `EmptyInput` or `ShapeMismatch`.
    """
    plain = network.undirected() if network.directed else network
    group = whole(label, "label", minimum=0)
    if len(group) != plain.size:
        raise ShapeMismatch(f"label has {len(group)} entries for {plain.size} nodes")
    m = plain.weight.sum()
    if m == 0:
        raise EmptyInput("the graph has no tie")
    inside = plain.weight[group[plain.source] == group[plain.target]].sum()
    degree = np.bincount(plain.source, plain.weight, plain.size) + np.bincount(
        plain.target, plain.weight, plain.size
    )
    return float(inside / m - resolution * ((np.bincount(group, weights=degree) / (2 * m)) ** 2).sum())


def triangles(network: Graph) -> int:
    """Number of triples who all know one another, directions forgotten."""
    a = network.undirected().matrix(weighted=False)
    return int((a @ a).multiply(a).sum()) // 6


def isolates(network: Graph) -> Ints:
    """Nodes without any tie."""
    touched = np.zeros(network.size, dtype=bool)
    touched[network.source] = touched[network.target] = True
    return np.flatnonzero(~touched)


@dataclass(frozen=True, slots=True)
class Introductions:
    """Whom each member should meet: rows of k others, best first, -1 where there is nobody."""

    member: Ints
    other: Ints
    score: Floats


def introductions(
    network: Graph,
    *,
    members: ArrayLike,
    k: int = 3,
    vectors: ArrayLike | None = None,
    taste_weight: float = 0.5,
) -> Introductions:
    """Those whom somebody does not know yet and would get on with.

    (1 - taste_weight) · Adamic & Adar (2003), Σ over common friends of 1/ln(degree), scaled to the best of
    each member, plus taste_weight · cosine of taste vectors. For people alone there are no common friends,
    so `vectors` (nodes × dimensions) must then be given; among equals those with more ties are met first.

    Raises `Disconnected`, `OutOfRange` or `ShapeMismatch`.
    """
    who = whole(members, "members", minimum=0)
    if who.max() >= network.size:
        raise OutOfRange(f"there are {network.size} nodes, member {who.max()} is not one of them")
    alone = np.isin(who, isolates(network))
    if alone.any() and vectors is None:
        raise Disconnected(f"member {who[alone][0]} knows nobody: give taste vectors to find somebody alike")
    a = network.undirected().matrix(weighted=False)
    degree = np.asarray(a.sum(axis=1)).ravel()
    sparse = library("scipy.sparse")
    weights = sparse.diags_array(np.where(degree > 1, 1 / np.log(np.maximum(degree, 2)), 0.0))
    common = (a[who] @ weights @ a).toarray()
    common /= np.maximum(common.max(axis=1, keepdims=True), 1e-12)
    score = common if vectors is None else (1 - taste_weight) * common
    if vectors is not None:
        taste = matrix(vectors, "vectors")
        if len(taste) != network.size:
            raise ShapeMismatch(f"vectors have {len(taste)} rows for {network.size} nodes")
        unit = taste / np.maximum(np.linalg.norm(taste, axis=1, keepdims=True), 1e-12)
        score = score + taste_weight * (unit[who] @ unit.T)
    score = score + 1e-6 * degree / max(float(degree.max()), 1.0)
    known = a[who].toarray() > 0
    known[np.arange(len(who)), who] = True
    score = np.where(known, -np.inf, score)
    order = np.argsort(-score, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(score, order, axis=1)
    return Introductions(who, np.where(np.isneginf(best), -1, order), best)


@dataclass(frozen=True, slots=True)
class Ring:
    """People who applaud one another far more than chance and taste explain."""

    members: tuple[int, ...]
    inside: float
    """Share of all the praise that members give which goes to other members."""
    density: float
    """Share of the possible directed ties between members that exist in excess."""
    surprise: float
    """-log₁₀ of the chance of the praise inside, if all praise were given in proportion to what people give
    and get.
    """


def rings(
    giver: ArrayLike,
    receiver: ArrayLike,
    count: ArrayLike | None = None,
    *,
    size: int | None = None,
    level: float = 1e-3,
    least: int = 3,
    inside_min: float = 0.25,
) -> list[Ring]:
    """Reciprocity rings in who praises whom, most surprising first.

    Under the null model the praise from i to j is Poisson with mean out_i·in_j/total (a directed
    configuration model). A tie is in excess if its count has a tail chance below `level`; pairs in excess
    both ways are joined, and connected groups of at least `least` members are reported that give at least
    `inside_min` of their praise to themselves. Small honest friendships look like this too: a ring is a
    reason to look, not a verdict.
    """
    praise = graph(giver, receiver, None if count is None else vector(count, "count"), size=size)
    if not len(praise):
        return []
    poisson, csgraph, sparse = (
        library("scipy.stats").poisson,
        library("scipy.sparse.csgraph"),
        library("scipy.sparse"),
    )
    given = np.bincount(praise.source, praise.weight, praise.size).astype(np.float64)
    got = np.bincount(praise.target, praise.weight, praise.size).astype(np.float64)
    total = praise.weight.sum()
    mean = given[praise.source] * got[praise.target] / total
    # a ring inflates its own marginals, so each tie is judged against what both do apart from it
    apart = (given[praise.source] - praise.weight + 1) * (got[praise.target] - praise.weight + 1) / total
    excess = poisson.sf(praise.weight - 1, np.minimum(mean, apart)) < level
    strong = set(zip(praise.source[excess].tolist(), praise.target[excess].tolist(), strict=True))
    mutual = [(i, j) for i, j in strong if i < j and (j, i) in strong]
    if not mutual:
        return []
    a, b = np.array(mutual).T
    ties = sparse.csr_matrix((np.ones(len(a)), (a, b)), shape=(praise.size, praise.size))
    label = csgraph.connected_components(ties, directed=False)[1]
    found = []
    for group in np.flatnonzero(np.bincount(label) >= least):
        members = np.flatnonzero(label == group)
        own = np.isin(praise.source, members) & np.isin(praise.target, members)
        inside = praise.weight[own].sum() / given[members].sum()
        if inside >= inside_min:
            found.append(_ring(members, float(inside), praise, own, strong, given, got, float(total)))
    return sorted(found, key=lambda ring: (-ring.surprise, ring.members))


def _ring(
    members: Ints,
    inside: float,
    praise: Graph,
    own: Bools,
    strong: set[tuple[int, int]],
    given: Floats,
    got: Floats,
    total: float,
) -> Ring:
    expected = (given[members].sum() * got[members].sum() - (given[members] * got[members]).sum()) / total
    log_tail = library("scipy.stats").poisson.logsf(praise.weight[own].sum() - 1, max(expected, 1e-9))
    ties = sum((int(i), int(j)) in strong for i in members for j in members if i != j)
    density = ties / (len(members) * (len(members) - 1))
    return Ring(tuple(int(m) for m in members), inside, density, float(min(-log_tail / np.log(10), 1e6)))
