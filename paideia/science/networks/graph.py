"""Who does what to whom: a weighted graph as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, library, same_length, vector, whole
from paideia.science.errors import EmptyInput, OutOfRange


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes 0 … size - 1 and distinct edges with weights above zero; undirected edges are kept once."""

    size: int
    source: Ints
    target: Ints
    weight: Floats
    directed: bool

    def __len__(self) -> int:
        return len(self.source)

    def matrix(self, *, weighted: bool = True) -> Any:
        """Adjacency as scipy CSR, row to column; symmetric for an undirected graph."""
        sparse = library("scipy.sparse")
        values = self.weight if weighted else np.ones(len(self))
        shape = (self.size, self.size)
        matrix = sparse.csr_matrix((values, (self.source, self.target)), shape=shape)
        if self.directed:
            return matrix
        loops = self.source == self.target
        back = (values[~loops], (self.target[~loops], self.source[~loops]))
        return (matrix + sparse.csr_matrix(back, shape=shape)).tocsr()

    def undirected(self) -> Graph:
        """Directions forgotten, weights of both added."""
        return graph(self.source, self.target, self.weight, size=self.size, directed=False)

    def igraph(self) -> Any:
        """The same graph for the igraph library, with the edge attribute `weight`."""
        made = library("igraph").Graph(
            n=self.size, edges=np.stack([self.source, self.target], axis=1).tolist(), directed=self.directed
        )
        made.es["weight"] = self.weight.tolist()
        return made


def graph(
    source: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    size: int | None = None,
    directed: bool = True,
) -> Graph:
    """A graph from a row for each tie; repeated ties are added up, ties to oneself are left out.

    `size` counts nodes, those without ties too; by default one more than the highest number.

    Raises `EmptyInput` or `OutOfRange`.
    """
    a, b = whole(source, "source", least=0, minimum=0), whole(target, "target", least=0, minimum=0)
    w = np.ones(len(a)) if weight is None else vector(weight, "weight", least=0)
    same_length(source=a, target=b, weight=w)
    if (w < 0).any():
        raise OutOfRange("weight must be at least 0")
    nodes = max(int(a.max(initial=-1)), int(b.max(initial=-1))) + 1 if size is None else size
    if nodes < 1:
        raise EmptyInput("the graph has no node: give ties or a size")
    if len(a) and max(a.max(), b.max()) >= nodes:
        raise OutOfRange(f"size is {nodes} but there is a node {max(a.max(), b.max())}")
    kept = (a != b) & (w > 0)
    a, b, w = a[kept], b[kept], w[kept]
    if not directed:
        a, b = np.minimum(a, b), np.maximum(a, b)
    keys, place = np.unique(a * nodes + b, return_inverse=True)
    weights = np.bincount(place, weights=w, minlength=len(keys))
    return Graph(nodes, keys // nodes, keys % nodes, weights.astype(np.float64), directed)
