"""Matrix factorisation of implicit feedback by alternating least squares."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paideia.science.checks import positive
from paideia.science.errors import EmptyInput
from paideia.science.ranking.histories import Histories
from paideia.science.ranking.scorer import Scores
from paideia.science.threads import few_threads

Singles = NDArray[np.float32]
BLOCK = 4096
"""Readings handled at once: their factors stay in the processor's cache."""
THREADS_MAX = 8


@dataclass(frozen=True, slots=True)
class Factors:
    """Members and items as vectors whose product is the strength of interest."""

    members: Singles
    """Members at fitting × factors."""
    items: Singles
    """Items × factors."""
    confidence: float
    penalty: float
    fading: float

    def scores(self, histories: Histories) -> Scores:
        """Members × items; each member's vector is found anew from their history, so newcomers are served
        alike.
        """
        vectors = self.fold_in(histories)
        return vectors @ self.items.T

    def fold_in(self, histories: Histories) -> Singles:
        """The vectors of these histories given the items' vectors: one exact half step."""
        matrix = _confident(histories, self.confidence, self.fading)
        start = np.zeros((len(histories), self.items.shape[1]), dtype=np.float32)
        steps = self.items.shape[1] // 4 + 4
        with few_threads():
            return half_step(matrix, start, self.items, penalty=self.penalty, steps=steps)


def fit_als(
    histories: Histories,
    *,
    factors: int = 64,
    confidence: float = 20.0,
    penalty: float = 1.0,
    rounds: int = 12,
    steps: int = 3,
    fading: float = 1.0,
    rng: np.random.Generator,
) -> Factors:
    """Alternating least squares for implicit feedback (Hu, Koren & Volinsky 2008, eq. 3):

        min Σ_ui c_ui·(p_ui - x_u·y_i)² + penalty·(Σ|x_u|² + Σ|y_i|²),  p = [read], c = 1 + confidence·r

    with r the (faded) number of readings. Each half step is solved by `steps` of conjugate gradients from
    the last round's vectors (Takács, Pilászy & Tikk 2011), all members of equal length at once. Works in
    single precision.

    Raises `EmptyInput`.
    """
    if not len(histories.items):
        raise EmptyInput("histories hold no reading")
    for value, name in (
        (factors, "factors"),
        (confidence, "confidence"),
        (penalty, "penalty"),
        (rounds, "rounds"),
    ):
        positive(value, name)
    matrix = _confident(histories, confidence, fading)
    transposed = matrix.T.tocsr()
    members = rng.normal(0, 0.01, (matrix.shape[0], factors)).astype(np.float32)
    items = rng.normal(0, 0.01, (matrix.shape[1], factors)).astype(np.float32)
    with few_threads():
        for _ in range(rounds):
            members = half_step(matrix, members, items, penalty=penalty, steps=steps)
            items = half_step(transposed, items, members, penalty=penalty, steps=steps)
    return Factors(members, items, confidence, penalty, fading)


def half_step(matrix: Any, x: Singles, y: Singles, *, penalty: float, steps: int) -> Singles:
    """x_u that solve (YᵀY + Yᵀ(C_u - I)Y + penalty·I)·x_u = Yᵀ·C_u·p_u, by conjugate gradients from x.

    `matrix` is CSR rows × columns with c - 1 in its entries. Rows of equal length form dense blocks, so
    that one gather of their factors serves all steps. Blocks do not touch one another: they are shared out
    among the processor's cores, to the same result.
    """
    gram = y.T @ y + np.float32(penalty) * np.eye(y.shape[1], dtype=np.float32)
    solved = np.zeros_like(x)
    lengths = np.diff(matrix.indptr)
    order = np.argsort(lengths, kind="stable")
    ranked = lengths[order]

    def solve(part: tuple[int, int]) -> None:
        rows = order[part[0] : part[1]]
        place = matrix.indptr[rows][:, None] + np.arange(ranked[part[0]])
        solved[rows] = _conjugate(x[rows], y[matrix.indices[place]], matrix.data[place], gram, steps)

    with ThreadPoolExecutor(min(cpu_count() or 1, THREADS_MAX)) as pool:
        for _ in pool.map(solve, _blocks(ranked)):
            pass
    return solved


def _blocks(ranked: NDArray[np.integer[Any]]) -> Iterator[tuple[int, int]]:
    """From and to of runs of equal length above 0, of about `BLOCK` readings, in rising lengths."""
    low = int(np.searchsorted(ranked, 1))
    while low < len(ranked):
        n = int(ranked[low])
        high = min(int(np.searchsorted(ranked, n, side="right")), low + max(1, BLOCK // n))
        yield low, high
        low = high


def _conjugate(x: Singles, read: Singles, extra: Singles, gram: Singles, steps: int) -> Singles:
    """Conjugate gradients for a block of rows: x (rows, f), read (rows, n, f), extra = c - 1 (rows, n)."""

    def apply(v: Singles) -> Singles:
        inner = np.matmul(read, v[:, :, None])[:, :, 0] * extra
        product: Singles = v @ gram + np.matmul(inner[:, None, :], read)[:, 0, :]
        return product

    residual = np.matmul((1 + extra)[:, None, :], read)[:, 0, :] - apply(x)
    direction = residual.copy()
    size = np.einsum("uf,uf->u", residual, residual)
    for _ in range(steps):
        image = apply(direction)
        along = np.einsum("uf,uf->u", direction, image)
        step = size / np.maximum(along, np.float32(1e-20))
        x = x + step[:, None] * direction
        residual = residual - step[:, None] * image
        shrunk = np.einsum("uf,uf->u", residual, residual)
        direction = residual + (shrunk / np.maximum(size, np.float32(1e-20)))[:, None] * direction
        size = shrunk
    return x


def _confident(histories: Histories, confidence: float, fading: float) -> Any:
    matrix = histories.matrix(fading=fading).astype(np.float32)
    matrix.data *= np.float32(confidence)
    return matrix
