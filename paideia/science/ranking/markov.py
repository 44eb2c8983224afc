"""Markov chains and walks: what is read after what, and what lies a few steps away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from paideia.science.checks import between, library, positive
from paideia.science.errors import EmptyInput
from paideia.science.ranking.histories import Histories
from paideia.science.ranking.scorer import Scores


@dataclass(frozen=True, slots=True)
class MarkovChain:
    """Probability of the next item given the last few, the most recent counting most."""

    transition: Any
    """Items × items, CSR: smoothed share of moves from row to column."""
    popularity: Any
    fading: float
    window: int

    def scores(self, histories: Histories) -> Scores:
        """Members × items; where nothing is known, a trace of popularity."""
        faded = histories.matrix(fading=self.fading, window=self.window)
        scores: Scores = (faded @ self.transition).toarray() + 1e-6 * self.popularity
        return scores


def fit_markov(
    histories: Histories,
    *,
    skips: int = 3,
    skip_fading: float = 0.5,
    fading: float = 0.5,
    window: int = 5,
    damping: float = 1.0,
) -> MarkovChain:
    """Transition shares n_ij/(n_i + damping) from counts of j within `skips` items after i, weight
    skip_fading^(gap - 1).

    A first-order chain with skips (Shani, Heckerman & Brafman 2005). Scoring mixes the chains of the last
    `window` items with weights fading^age.

    Raises `EmptyInput`.
    """
    if not len(histories.items):
        raise EmptyInput("histories hold no reading")
    positive(skips, "skips")
    between(skip_fading, "skip_fading", 0, 1)
    sparse = library("scipy.sparse")
    size = histories.catalogue
    counts = sparse.csr_matrix((size, size))
    for gap in range(1, skips + 1):
        here = np.flatnonzero(histories.ages >= gap)
        weight = np.full(len(here), skip_fading ** (gap - 1))
        pairs = (histories.items[here], histories.items[here + gap])
        counts = counts + sparse.csr_matrix((weight, pairs), shape=(size, size))
    out = np.asarray(counts.sum(axis=1)).ravel()
    popularity = np.bincount(histories.items, minlength=size) / len(histories.items)
    return MarkovChain(sparse.diags_array(1 / (out + damping)) @ counts, popularity, fading, window)


@dataclass(frozen=True, slots=True)
class GraphWalk:
    """Three steps on the graph of members and items: item, member, item."""

    weights: Any
    """Items × items, CSR."""
    fading: float

    def scores(self, histories: Histories) -> Scores:
        """Members × items."""
        return np.asarray((histories.matrix(fading=self.fading) @ self.weights).toarray())


def fit_graph_walk(
    histories: Histories, *, alpha: float = 0.8, beta: float = 0.4, k: int = 300, fading: float = 1.0
) -> GraphWalk:
    """RP³β (Paudel, Christoffel, Newell & Bernstein 2017): P_iu^α · P_uj^α / popularity_j^β, the k best of
    each row.

    `alpha` sharpens the walk's probabilities, `beta` > 0 holds back what everybody reads anyway.

    Raises `EmptyInput`.
    """
    from paideia.science.ranking.neighbours import keep_top

    if not len(histories.items):
        raise EmptyInput("histories hold no reading")
    sparse = library("scipy.sparse")
    seen = histories.seen()
    of_members = np.maximum(np.diff(seen.indptr), 1)
    of_items = np.maximum(np.bincount(seen.indices, minlength=histories.catalogue), 1)
    to_items = sparse.diags_array(of_members.astype(float) ** -alpha) @ seen
    to_members = sparse.diags_array(of_items.astype(float) ** -alpha) @ seen.T.tocsr()
    parts = []
    for low in range(0, histories.catalogue, 2048):
        walk = (to_members[low : low + 2048] @ to_items).tocsr()
        line = low + np.repeat(np.arange(walk.shape[0]), np.diff(walk.indptr))
        walk.data = np.where(line == walk.indices, 0.0, walk.data / of_items[walk.indices] ** beta)
        walk.eliminate_zeros()
        parts.append(keep_top(walk, k))
    return GraphWalk(sparse.vstack(parts, format="csr"), between(fading, "fading", 0, 1))
