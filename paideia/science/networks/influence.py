"""Who moves whom: PageRank, go-betweens, and whom to tell first so that most hear of it."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Bools, Floats, Ints, between, library, positive, vector
from paideia.science.errors import NotConverged, OutOfRange, ShapeMismatch
from paideia.science.networks.graph import Graph


def page_rank(
    network: Graph,
    *,
    damping: float = 0.85,
    personal: ArrayLike | None = None,
    tolerance: float = 1e-10,
    rounds_max: int = 500,
) -> Floats:
    """PageRank by weight (Brin & Page 1998): r = damping·(rᵀP + dangling·v) + (1 - damping)·v, Σ r = 1.

    P is the weight matrix with rows of sum 1; nodes without outgoing ties and the random jump go to
    `personal` (one number of at least 0 for each node; by default all alike). Power iteration until
    Σ|change| is below `tolerance`.

    Raises `NotConverged`, `OutOfRange` or `ShapeMismatch`.
    """
    between(damping, "damping", 0, 1)
    jump = np.ones(network.size) if personal is None else vector(personal, "personal")
    if len(jump) != network.size:
        raise ShapeMismatch(f"personal has {len(jump)} numbers for {network.size} nodes")
    if (jump < 0).any() or jump.sum() <= 0:
        raise OutOfRange("personal must be at least 0 with a sum above 0")
    jump = jump / jump.sum()
    matrix = network.matrix()
    out = np.asarray(matrix.sum(axis=1)).ravel()
    backwards = matrix.T.tocsr()
    dangling = out == 0
    share = np.where(dangling, 0.0, 1 / np.where(dangling, 1.0, out))
    rank: Floats = jump.copy()
    for _ in range(rounds_max):
        moved: Floats = (
            damping * (backwards @ (rank * share) + rank[dangling].sum() * jump) + (1 - damping) * jump
        )
        change = np.abs(moved - rank).sum()
        rank = moved
        if change < tolerance:
            return rank
    raise NotConverged(f"PageRank still changed by {change:.1e} after {rounds_max} rounds: lower damping")


def betweenness(network: Graph, *, weighted: bool = False) -> Floats:
    """Share of shortest paths between others that lead through each node (Freeman 1977; Brandes 2001, by
    igraph), 0 … 1.

    With `weighted`, a tie's length is 1/weight. Exact: nodes × ties operations.
    """
    made = network.igraph()
    lengths = (1 / network.weight).tolist() if weighted else None
    values = np.asarray(made.betweenness(directed=network.directed, weights=lengths), dtype=np.float64)
    pairs = (network.size - 1) * (network.size - 2) / (1 if network.directed else 2)
    return values / max(pairs, 1)


@dataclass(frozen=True, slots=True)
class Bridges:
    """Ties and people without whom the network falls apart."""

    ties: list[tuple[int, int]]
    """Ties whose loss separates somebody."""
    people: Ints
    """Nodes whose loss separates others."""


def bridges(network: Graph) -> Bridges:
    """Bridges and articulation points of the undirected graph (Tarjan 1974, by igraph)."""
    made = network.undirected().igraph()
    ties = [made.es[edge].tuple for edge in made.bridges()]
    return Bridges(
        sorted((min(t), max(t)) for t in ties), np.sort(np.array(made.articulation_points(), dtype=np.int64))
    )


@dataclass(frozen=True, slots=True)
class Influencers:
    """People to tell first."""

    chosen: Ints
    """In the order in which they were taken."""
    reached: Floats
    """Expected number of people who hear of it, after each."""
    error: float
    """Standard error of the last number, from the spread between worlds."""
    evaluations: int
    """How often a marginal gain was computed; plain greedy would need about people · nodes."""
    share_of_best: float
    """Proven share of the best possible choice on these worlds: at least 1 - 1/e, and often more."""


def influencers(
    network: Graph,
    *,
    people: int,
    chance: float | ArrayLike = 0.1,
    worlds: int = 200,
    rng: np.random.Generator,
    lazy: bool = True,
) -> Influencers:
    """Influence maximisation under the independent cascade (Kempe, Kleinberg & Tardos 2003) by CELF
    (Leskovec et al. 2007).

    Each tie passes a message on with its `chance`, once. The spread is estimated on `worlds` sampled sets
    of live ties, the same for every choice, so that it is exactly submodular and greedy reaches 1 - 1/e of
    the best (Nemhauser, Wolsey & Fisher 1978). CELF evaluates a node only when its last known gain, or an
    upper bound (the size of what hangs together with it in each world and is not reached yet), leads the
    queue: the same choice with few evaluations. `share_of_best` is the online bound f(S)/(f(S) + the
    `people` largest gains still possible). `lazy` False is plain greedy, for comparison.
    """
    between(people, "people", 1, network.size)
    sampled = _Worlds(network, chance, int(positive(worlds, "worlds")), rng)
    chosen, reached, known = _celf(sampled, people) if lazy else _greedy(sampled, people)
    still = np.minimum(known, sampled.upper_bounds())
    still[chosen] = 0
    possible = np.sort(still)[-people:].sum()
    values = sampled.covered_sizes()
    error = float(values.std(ddof=1) / np.sqrt(worlds)) if worlds > 1 else float("nan")
    bound = max(reached[-1] / (reached[-1] + possible), 1 - 1 / np.e)
    return Influencers(np.array(chosen), np.array(reached), error, sampled.evaluations, float(bound))


def spread(
    network: Graph,
    chosen: ArrayLike,
    *,
    chance: float | ArrayLike = 0.1,
    worlds: int = 1000,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Expected number of people reached by these first ones, and its standard error, on fresh worlds."""
    first = np.asarray(chosen, dtype=np.int64)
    sampled = _Worlds(network, chance, worlds, rng)
    for node in first:
        sampled.take(int(node))
    values = sampled.covered_sizes()
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(worlds))


class _Worlds:
    """Sampled live ties, reduced to what hangs together, with what has been reached so far."""

    def __init__(
        self, network: Graph, chance: float | ArrayLike, count: int, rng: np.random.Generator
    ) -> None:
        p = np.broadcast_to(np.asarray(chance, dtype=np.float64), len(network))
        if len(p) and (p.min() < 0 or p.max() > 1):
            raise OutOfRange("chance must lie in [0, 1]")
        self.size, self.evaluations = network.size, 0
        self.total: Floats | None = None
        self.labels = np.empty((count, network.size), dtype=np.int32)
        self.sizes: list[Ints] = []
        self.bounds: list[Ints] = []
        self.after: list[tuple[Ints, Ints] | None] = []
        self.covered: list[Bools] = []
        for world in range(count):
            live = np.flatnonzero(rng.random(len(network)) < p)
            self._add(world, network, live)

    def _add(self, world: int, network: Graph, live: Ints) -> None:
        """On an undirected tie one coin serves both ways; on directed ties who can reach whom needs an
        order.
        """
        sparse, csgraph = library("scipy.sparse"), library("scipy.sparse.csgraph")
        ties = (network.source[live], network.target[live])
        shape = (self.size, self.size)
        matrix = sparse.csr_matrix((np.ones(len(live), dtype=np.int8), ties), shape=shape)
        kind = "strong" if network.directed else "weak"
        count, label = csgraph.connected_components(matrix, directed=network.directed, connection=kind)
        self.labels[world] = label
        self.sizes.append(np.bincount(label, minlength=count))
        self.covered.append(np.zeros(count, dtype=bool))
        if not network.directed:
            self.after.append(None)
            self.bounds.append(self.sizes[-1])
            return
        a, b = label[ties[0]], label[ties[1]]
        crossing = a != b
        order = sparse.csr_matrix(
            (np.ones(crossing.sum(), dtype=np.int8), (a[crossing], b[crossing])), shape=(count, count)
        )
        self.after.append((order.indptr, order.indices))
        whole = csgraph.connected_components(order, directed=False)[1]
        together = np.bincount(whole, weights=self.sizes[-1])[whole].astype(np.int64)
        self.bounds.append(np.minimum(together, _summed_down(self.sizes[-1], order)))

    def upper_bounds(self) -> Floats:
        """For every node at least what it can still gain; on undirected ties exactly that."""
        if self.total is None:
            self.total = np.zeros(self.size)
            for label, covered, bound in zip(self.labels, self.covered, self.bounds, strict=True):
                self.total += np.where(covered, 0, bound)[label]
        return self.total / len(self.labels)

    def gain(self, node: int) -> float:
        """Expected number of people that this node adds."""
        self.evaluations += 1
        total = 0
        for world, label in enumerate(self.labels[:, node]):
            total += sum(int(self.sizes[world][part]) for part in self._reach(world, int(label)))
        return total / len(self.labels)

    def take(self, node: int) -> None:
        """Everything that this node reaches is reached."""
        for world, label in enumerate(self.labels[:, node]):
            parts = self._reach(world, int(label))
            self.covered[world][parts] = True
            if self.total is not None and parts:
                lost = np.zeros_like(self.bounds[world])
                lost[parts] = self.bounds[world][parts]
                self.total -= lost[self.labels[world]]

    def covered_sizes(self) -> Floats:
        """People reached in each world."""
        return np.array(
            [sizes[c].sum() for sizes, c in zip(self.sizes, self.covered, strict=True)], dtype=np.float64
        )

    def _reach(self, world: int, start: int) -> list[int]:
        """Parts not yet reached that can be reached from a part."""
        covered, after = self.covered[world], self.after[world]
        if covered[start]:
            return []
        if after is None:
            return [start]
        indptr, indices = after
        seen, waiting = {start}, [start]
        while waiting:
            part = waiting.pop()
            for following in indices[indptr[part] : indptr[part + 1]].tolist():
                if following not in seen and not covered[following]:
                    seen.add(following)
                    waiting.append(following)
        return list(seen)


def _celf(worlds: _Worlds, people: int) -> tuple[list[int], list[float], Floats]:
    """The people taken, how many are reached after each, and the last known gain of every node."""
    known = worlds.upper_bounds()
    queue: list[tuple[float, int, int]] = [(-bound, node, -1) for node, bound in enumerate(known.tolist())]
    heapq.heapify(queue)
    chosen: list[int] = []
    reached: list[float] = []
    bounds = worlds.upper_bounds()
    while len(chosen) < people:
        negative, node, known_at = heapq.heappop(queue)
        if known_at == len(chosen):
            worlds.take(node)
            chosen.append(node)
            reached.append((reached[-1] if reached else 0.0) - negative)
            bounds = worlds.upper_bounds()
        elif bounds[node] < -negative - 1e-12:
            heapq.heappush(queue, (-float(bounds[node]), node, -1))  # less is possible than when last looked
        else:
            known[node] = worlds.gain(node)
            heapq.heappush(queue, (-float(known[node]), node, len(chosen)))
    return chosen, reached, known


def _greedy(worlds: _Worlds, people: int) -> tuple[list[int], list[float], Floats]:
    chosen: list[int] = []
    reached: list[float] = []
    for _ in range(people):
        gains = np.array([-1.0 if node in chosen else worlds.gain(node) for node in range(worlds.size)])
        best = int(np.argmax(gains))
        worlds.take(best)
        chosen.append(best)
        reached.append((reached[-1] if reached else 0.0) + float(gains[best]))
    return chosen, reached, gains


def _summed_down(sizes: Ints, order: Any) -> Ints:
    """Size of each part plus the sums of those it leads to, counted once for each way: never below what is
    reachable.

    scipy numbers strong components so that ties lead to lower numbers; where that did not hold, no bound is
    given.
    """
    summed = sizes.astype(np.int64).copy()
    rows = np.repeat(np.arange(len(sizes)), np.diff(order.indptr))
    if (order.indices >= rows).any():
        return np.full(len(sizes), np.iinfo(np.int64).max)
    top = int(sizes.sum())
    for part in np.flatnonzero(np.diff(order.indptr)).tolist():
        following = order.indices[order.indptr[part] : order.indptr[part + 1]]
        summed[part] = min(top, int(summed[part] + summed[following].sum()))
    return summed
