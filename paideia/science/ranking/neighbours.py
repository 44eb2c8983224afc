"""Neighbourhoods: items read by the same people, and people who read the same items."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import Any, Literal

import numpy as np

from paideia.science.checks import Floats, between, library, positive
from paideia.science.ranking.histories import Histories
from paideia.science.ranking.scorer import Scores

THREADS_MAX = 4
"""Each holds a block of products."""
Weighting = Literal["count", "cosine", "bm25"]


@dataclass(frozen=True, slots=True)
class ItemNeighbours:
    """Each item's most similar items: score = Σ over the history of fading^age · similarity."""

    similarity: Any
    """Items × items, scipy CSR, the best of each row only; no item is its own neighbour."""
    fading: float

    def scores(self, histories: Histories) -> Scores:
        """Members × items."""
        return np.asarray((histories.matrix(fading=self.fading) @ self.similarity).toarray())


def fit_item_neighbours(
    histories: Histories,
    *,
    weighting: Weighting = "cosine",
    k: int = 200,
    fading: float = 1.0,
    shrink: float = 0.0,
) -> ItemNeighbours:
    """Item-item similarity S = Rᵀ·R (Sarwar et al. 2001; Deshpande & Karypis 2004), the k best of each row.

    count: S as it is. cosine: S_ij/(√(S_ii·S_jj) + shrink). bm25: R weighted by Okapi BM25 (k1 1.2, b .75)
    before the product, which tames long histories.
    """
    similarity = top_products(_weighted(histories.seen(), weighting).T.tocsr(), k=k, shrink=shrink)
    return ItemNeighbours(similarity, between(fading, "fading", 0, 1))


@dataclass(frozen=True, slots=True)
class MemberNeighbours:
    """Score = Σ over the k most similar members of similarity · what they read."""

    rows: Any
    """The members learnt from, weighted and normalised: CSR."""
    read: Any
    """What they read, 0/1: CSR."""
    k: int

    def scores(self, histories: Histories) -> Scores:
        """Members × items; a member who was there at fitting is their own nearest neighbour, which changes
        nothing about what they have not read."""
        own = _normalised(histories.seen())
        similarity = keep_top((own @ self.rows.T).tocsr(), self.k)
        return np.asarray((similarity @ self.read).toarray())


def fit_member_neighbours(
    histories: Histories, *, weighting: Weighting = "cosine", k: int = 100
) -> MemberNeighbours:
    """Member-member similarity S = R·Rᵀ (Resnick et al. 1994 for implicit feedback), cosine of (weighted)
    rows.
    """
    positive(k, "k")
    seen = histories.seen()
    return MemberNeighbours(_normalised(_weighted(seen, "bm25") if weighting == "bm25" else seen), seen, k)


def top_products(rows: Any, *, k: int, shrink: float = 0.0, block: int = 1024) -> Any:
    """The k largest off-diagonal entries of each row of rows·rowsᵀ, divided by row norms: CSR, built block
    by block.

    `rows` is CSR. With rows of counts and `shrink` 0 this is the cosine.
    """
    sparse = library("scipy.sparse")
    positive(k, "k")
    norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    unit = _normalised(rows).tocsr() if shrink == 0 else rows
    columns = unit.T.tocsr()

    def part(low: int) -> Any:
        product = (unit[low : low + block] @ columns).tocsr()
        if shrink == 0:  # nothing is more similar than a row to itself: one more is enough to leave it out
            product = keep_top(product, k + 1)
        line = low + np.repeat(np.arange(product.shape[0]), np.diff(product.indptr))
        if shrink:
            product.data /= norms[line] * norms[product.indices] + shrink
        product.data[line == product.indices] = 0.0
        product.eliminate_zeros()
        return keep_top(product, k)

    with ThreadPoolExecutor(min(cpu_count() or 1, THREADS_MAX)) as pool:
        return sparse.vstack(list(pool.map(part, range(0, rows.shape[0], block))), format="csr")


def keep_top(matrix: Any, k: int) -> Any:
    """A CSR matrix with only the k largest entries of each row."""
    lengths = np.diff(matrix.indptr)
    if not len(lengths) or lengths.max() <= k:
        return matrix
    kept = np.ones(len(matrix.data), dtype=bool)
    for row in np.flatnonzero(lengths > k).tolist():
        low, high = matrix.indptr[row], matrix.indptr[row + 1]
        small = np.argpartition(matrix.data[low:high], high - low - k)[: high - low - k]
        kept[low + small] = False
    indptr = np.concatenate(([0], np.cumsum(np.minimum(lengths, k))))
    return library("scipy.sparse").csr_matrix(
        (matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape
    )


def _weighted(seen: Any, weighting: Weighting) -> Any:
    """Members × items with BM25 weights, or as it is."""
    if weighting != "bm25":
        return seen
    k1, b = 1.2, 0.75
    lengths = np.diff(seen.indptr)
    frequency = np.bincount(seen.indices, minlength=seen.shape[1])
    rarity: Floats = np.log1p((seen.shape[0] - frequency + 0.5) / (frequency + 0.5))
    damping = k1 * (1 - b + b * lengths / max(lengths.mean(), 1e-12))
    weighted = seen.copy()
    weighted.data = rarity[seen.indices] * (k1 + 1) / (1 + np.repeat(damping, lengths))
    return weighted


def _normalised(rows: Any) -> Any:
    sparse = library("scipy.sparse")
    norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sparse.diags_array(1 / np.maximum(norms, 1e-12)) @ rows
