"""Linear item-to-item models in closed form: EASE, and its form for sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paideia.science.checks import between, library, positive
from paideia.science.errors import EmptyInput
from paideia.science.ranking.histories import Histories
from paideia.science.ranking.scorer import Scores


@dataclass(frozen=True, slots=True)
class ItemWeights:
    """Score = (faded history) · weights."""

    weights: NDArray[np.floating]
    """Items × items."""
    fading: float
    window: int | None = None

    def scores(self, histories: Histories) -> Scores:
        """Members × items."""
        faded = histories.matrix(fading=self.fading, window=self.window).astype(self.weights.dtype)
        return np.asarray(faded @ self.weights)


def fit_ease(
    histories: Histories,
    *,
    penalty: float = 100.0,
    fading: float = 1.0,
    learn_faded: bool = False,
    single: bool = True,
) -> ItemWeights:
    """EASE (Steck 2019, eq. 8): W[i,j] = -P[i,j]/P[j,j], zero diagonal, P = (XᵀX + penalty·I)⁻¹.

    `fading` weighs a member's items by fading^age when scoring, so that what was read last counts most; with
    `learn_faded` X is faded too. Needs items² numbers in memory (`single`: of 4 bytes) and about items³
    operations.

    Raises `EmptyInput`.
    """
    _some(histories)
    between(fading, "fading", 0, 1)
    x = histories.matrix(fading=fading) if learn_faded else histories.seen()
    weights = _inverse(_gram(x, single), positive(penalty, "penalty"))
    weights /= -np.diag(weights).copy()
    np.fill_diagonal(weights, 0.0)
    return ItemWeights(weights, fading)


def fit_next_item(
    histories: Histories,
    *,
    penalty: float = 20.0,
    fading: float = 0.7,
    ahead: float = 0.0,
    window: int = 20,
    single: bool = True,
) -> ItemWeights:
    """Ridge regression from the faded past to what comes next (SLIT of Choi, Kim, Lee, Shim & Lee 2021,
    §3.2).

    For each position t of each history the source s_t = Σ_{j ≤ t} fading^(t - j)·e_{i_j} (the last `window`
    items) and the target y_t = Σ_{j > t} ahead^(j - t - 1)·e_{i_j}, `ahead` 0 being the next item alone:

        W = (Σ s_t·s_tᵀ + penalty·I)⁻¹ · Σ s_t·y_tᵀ

    Unlike EASE it knows that one lesson follows another and not the other way round.

    Raises `EmptyInput`.
    """
    _some(histories)
    between(ahead, "ahead", 0, 1)
    source, target = _pairs(histories, between(fading, "fading", 0, 1), ahead, window)
    inverse = _inverse(_gram(source, single), positive(penalty, "penalty"))
    following = (source.T @ target).tocsc().astype(inverse.dtype)
    return ItemWeights(np.ascontiguousarray((following.T @ inverse).T), fading, window)


def _pairs(histories: Histories, fading: float, ahead: float, window: int) -> tuple[Any, Any]:
    """Sparse sources and targets, a row for each position that has a successor."""
    sparse = library("scipy.sparse")
    lengths = histories.lengths
    position = np.arange(len(histories.items)) - np.repeat(histories.offsets[:-1], lengths)
    last = histories.ages == 0
    shape = (len(histories.items), histories.catalogue)
    source, target = [], []
    row = np.arange(len(histories.items))
    for back in range(window):
        real = position >= back
        source.append((np.full(real.sum(), fading**back), row[real], histories.items[row[real] - back]))
    for forth in range(window if ahead > 0 else 1):
        real = histories.ages > forth
        target.append((np.full(real.sum(), ahead**forth), row[real], histories.items[row[real] + forth + 1]))
    matrices = []
    for parts in (source, target):
        data, rows, columns = (np.concatenate(column) for column in zip(*parts, strict=True))
        matrices.append(sparse.csr_matrix((data, (rows, columns)), shape=shape)[~last])
    return matrices[0], matrices[1]


def _gram(x: Any, single: bool) -> NDArray[np.floating]:
    """xᵀx, dense, in the order that LAPACK works on in place."""
    return np.asarray((x.T @ x).astype(np.float32 if single else np.float64).toarray(order="F"))


def _inverse(gram: NDArray[np.floating], penalty: float) -> NDArray[np.floating]:
    """(gram + penalty·I)⁻¹ by Cholesky, in the memory of `gram`."""
    lapack = library("scipy.linalg.lapack")
    single = gram.dtype == np.float32
    diagonal = np.diag_indices_from(gram)
    gram[diagonal] += gram.dtype.type(penalty)
    kept = gram.diagonal().copy()
    factor, inverse = (lapack.spotrf, lapack.spotri) if single else (lapack.dpotrf, lapack.dpotri)
    half, fault = factor(gram, lower=1, clean=0, overwrite_a=1)
    if fault:  # rounding made it singular: the upper half is untouched, and the slow way always works
        _mirror(gram.T)
        gram[diagonal] = kept
        return np.asarray(np.linalg.inv(gram.astype(np.float64)).astype(gram.dtype))
    half, fault = inverse(half, lower=1, overwrite_c=1)
    _mirror(half)
    return np.asarray(half.T)  # symmetric: the same numbers, row by row


def _mirror(square: NDArray[np.floating], block: int = 1024) -> None:
    """Copy the lower half onto the upper one, block by block."""
    for low in range(0, len(square), block):
        high = low + block
        corner = np.tril(square[low:high, low:high])
        square[low:high, low:high] = corner + np.tril(corner, -1).T
        square[low:high, high:] = square[high:, low:high].T


def _some(histories: Histories) -> None:
    if not len(histories.items):
        raise EmptyInput("histories hold no reading")
