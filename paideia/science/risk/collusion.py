"""Accounts that act together: dense blocks in who does what, cores, and circles of praise or payment."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Bools, Floats, Ints, between, library, positive, same_length, vector, whole
from paideia.science.errors import EmptyInput, OutOfRange


@dataclass(frozen=True, slots=True)
class Block:
    """Accounts and objects that hold together far more tightly than the rest."""

    accounts: Ints
    objects: Ints
    density: float
    """Σ weight of the ties inside / number of accounts and objects."""
    filled: float
    """Share of the possible ties inside that exist."""
    by_chance: float
    """The greatest density found when objects are dealt out anew; NaN without `rng`."""

    @property
    def suspicious(self) -> bool:
        """Denser than every block that chance made."""
        return self.density > self.by_chance


def dense_blocks(
    account: ArrayLike,
    object_: ArrayLike,
    *,
    count: int = 1,
    rng: np.random.Generator | None = None,
    shuffles: int = 20,
) -> list[Block]:
    """Fraudulent blocks in a bipartite graph: FRAUDAR (Hooi et al. 2016, algorithm 1).

    A row for each tie (who praised, bought, reviewed what); repeated ties count once. A tie to an object of
    degree d weighs 1/ln(d + 5), so that praising what everybody praises is no camouflage. The node of least
    weight is taken away until none is left; of all stages, the one of greatest density Σ weight / nodes is
    the block. It has at least half of the best density there is (Charikar 2000), and grows with ties·log
    nodes. Its ties are then removed and the next block is sought.

    With `rng`, objects are dealt out anew among all ties `shuffles` times (degrees stay), and each block is
    compared with the densest block of chance. Members of a small class who all take the same three courses
    are a dense block as well: a block is a reason to look.
    """
    a, o = _ties(account, object_)
    between(count, "count", 1, 1000)
    chance = float("nan")
    if rng is not None:
        positive(shuffles, "shuffles")
        draws = [_densest(*_distinct(a, rng.permutation(o)))[2] for _ in range(shuffles)]
        chance = max(draws)
    blocks = []
    for _ in range(count):
        if not len(a):
            break
        accounts, objects, density = _densest(a, o)
        inside = np.isin(a, accounts) & np.isin(o, objects)
        filled = float(inside.sum() / (len(accounts) * len(objects)))
        blocks.append(Block(accounts, objects, density, filled, chance))
        a, o = a[~inside], o[~inside]
    return blocks


def _ties(account: ArrayLike, object_: ArrayLike) -> tuple[Ints, Ints]:
    a, o = whole(account, "account", minimum=0), whole(object_, "object_", minimum=0)
    same_length(account=a, object_=o)
    return _distinct(a, o)


def _distinct(a: Ints, o: Ints) -> tuple[Ints, Ints]:
    width = int(o.max()) + 1
    keys = np.unique(a * width + o)
    return keys // width, keys % width


def _densest(a: Ints, o: Ints) -> tuple[Ints, Ints, float]:
    """Accounts and objects of the greatest density over the stages of greedy removal, and that density."""
    accounts, i = np.unique(a, return_inverse=True)
    objects, j = np.unique(o, return_inverse=True)
    j = j + len(accounts)
    size = len(accounts) + len(objects)
    degree = np.bincount(j, minlength=size)
    weight = 1 / np.log(degree[j] + 5.0)
    left = np.asarray(np.bincount(i, weight, size) + np.bincount(j, weight, size), dtype=np.float64)
    removed = _removal(i, j, weight, left)
    total = weight.sum()
    lost = np.concatenate(([0.0], np.cumsum([loss for _, loss in removed])[:-1]))
    density = (total - lost) / (size - np.arange(size))
    best = int(density.argmax())
    kept = np.ones(size, dtype=bool)
    kept[[node for node, _ in removed[:best]]] = False
    return accounts[kept[: len(accounts)]], objects[kept[len(accounts) :]], float(density[best])


def _removal(i: Ints, j: Ints, weight: Floats, left: Floats) -> list[tuple[int, float]]:
    """Nodes in the order in which the lightest is taken away, each with the weight that goes with it."""
    sparse = library("scipy.sparse")
    half = sparse.csr_matrix((weight, (i, j)), shape=(len(left), len(left)))
    ties = (half + half.T).tocsr()
    indptr, indices, values = ties.indptr.tolist(), ties.indices.tolist(), ties.data.tolist()
    now: list[float] = left.tolist()
    queue = [(w, node) for node, w in enumerate(now)]
    heapq.heapify(queue)
    gone = [False] * len(now)
    order = []
    while queue:
        w, node = heapq.heappop(queue)
        if gone[node] or w > now[node]:
            continue  # an older, heavier entry of a node that has lost ties since
        gone[node] = True
        order.append((node, w))
        for place in range(indptr[node], indptr[node + 1]):
            other = indices[place]
            if not gone[other]:
                now[other] -= values[place]
                heapq.heappush(queue, (now[other], other))
    return order


def core(account: ArrayLike, object_: ArrayLike, *, objects_min: int, accounts_min: int) -> tuple[Ints, Ints]:
    """The (α, β)-core: the largest set in which every account has at least `objects_min` of the objects and
    every object at least `accounts_min` of the accounts (Ahmed, Batagelj & al. 2007); empty if there is none.

    Peels in rounds of whole arrays. Every complete block of those sizes lies inside it.
    """
    a, o = _ties(account, object_)
    positive(objects_min, "objects_min")
    positive(accounts_min, "accounts_min")
    while len(a):
        kept = (np.bincount(a)[a] >= objects_min) & (np.bincount(o)[o] >= accounts_min)
        if kept.all():
            break
        a, o = a[kept], o[kept]
    return np.unique(a), np.unique(o)


@dataclass(frozen=True, slots=True)
class Circle:
    """People among whom something goes round: from each of them there is a way to every other."""

    members: tuple[int, ...]
    inside: float
    """Share of all that members give which goes to other members."""
    cycle: tuple[int, ...]
    """A shortest way round, beginning with its lowest member."""


def circles(
    giver: ArrayLike,
    receiver: ArrayLike,
    count: ArrayLike | None = None,
    *,
    level: float = 1e-3,
    least: int = 3,
    inside_min: float = 0.25,
) -> list[Circle]:
    """Praise or money that goes round, a → b → c → a, also where no two ever pay each other back.

    Under the null model what goes from i to j is Poisson with mean out_i·in_j/total, the tie itself set
    apart. Ties with a tail chance below `level` are kept; strongly connected parts of at least `least`
    members who give at least `inside_min` to one another are reported, the most closed first. For pairs
    that applaud each other see `paideia.science.networks.rings`.

    Raises `EmptyInput` or `OutOfRange`.
    """
    i, j, n = _given(giver, receiver, count)
    between(level, "level", 0, 1, open_ends=True)
    if not len(i):
        return []
    size = int(max(i.max(), j.max())) + 1
    out, got, total = np.bincount(i, n, size), np.bincount(j, n, size), n.sum()
    apart = (out[i] - n + 1) * (got[j] - n + 1) / total
    mean = np.minimum(out[i] * got[j] / total, apart)
    excess = library("scipy.stats").poisson.sf(n - 1, mean) < level
    ties = library("scipy.sparse").csr_matrix(
        (np.ones(excess.sum()), (i[excess], j[excess])), shape=(size, size)
    )
    parts = library("scipy.sparse.csgraph").connected_components(ties, directed=True, connection="strong")[1]
    found = []
    for part in np.flatnonzero(np.bincount(parts) >= least):
        member = parts == part
        inside = float(n[member[i] & member[j]].sum() / out[member].sum())
        if inside >= inside_min:
            found.append(Circle(tuple(np.flatnonzero(member).tolist()), inside, _shortest(ties, member)))
    return sorted(found, key=lambda circle: (-circle.inside, circle.members))


def _given(giver: ArrayLike, receiver: ArrayLike, count: ArrayLike | None) -> tuple[Ints, Ints, Floats]:
    i, j = whole(giver, "giver", minimum=0), whole(receiver, "receiver", minimum=0)
    n = np.ones(len(i)) if count is None else vector(count, "count")
    same_length(giver=i, receiver=j, count=n)
    if (n < 0).any():
        raise OutOfRange("count must be at least 0")
    if n.sum() <= 0:
        raise EmptyInput("count sums to 0: nobody gave anything")
    apart = (i != j) & (n > 0)
    i, j, n = i[apart], j[apart], n[apart]
    width = int(max(i.max(initial=0), j.max(initial=0))) + 1
    keys, place = np.unique(i * width + j, return_inverse=True)
    return keys // width, keys % width, np.bincount(place, n).astype(np.float64)


def _shortest(ties: Any, member: Bools) -> tuple[int, ...]:
    """A shortest directed cycle among the members, by a breadth-first search from each."""
    names = np.flatnonzero(member)
    inside = ties[names][:, names]
    hops, before = library("scipy.sparse.csgraph").dijkstra(inside, unweighted=True, return_predecessors=True)
    back = inside.tocoo()
    lengths = hops[back.col, back.row] + 1  # a tie i → j closes the way from j to i
    closing = int(lengths.argmin())
    start, end = int(back.col[closing]), int(back.row[closing])
    way = [end]
    while way[-1] != start:
        way.append(int(before[start, way[-1]]))
    cycle = [int(names[k]) for k in reversed(way)]
    turn = cycle.index(min(cycle))
    return tuple(cycle[turn:] + cycle[:turn])
