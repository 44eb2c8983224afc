"""Recommenders on many readings, beside implicit and the published lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from paideia.bench.science.speed.case import Work


def _readings(members: int, items: int, size: int) -> Any:
    """Members × items of 0 and 1; items are read in proportion to a Zipf law."""
    from scipy.sparse import csr_matrix

    rng = np.random.default_rng(1)
    popular = 1 / np.arange(1, items + 1) ** 0.8
    item = rng.choice(items, size, p=popular / popular.sum())
    made = csr_matrix(
        (np.ones(size, dtype=np.float32), (rng.integers(0, members, size), item)), (members, items)
    )
    made.data[:] = 1
    return made


def _log(matrix: Any) -> Any:
    from paideia.science.ranking import Histories

    return Histories(matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64), matrix.shape[1])


def _large(scale: float) -> Any:
    return _readings(int(100_000 * scale) + 50, int(20_000 * scale) + 50, int(5_000_000 * scale))


def als_ours(scale: float) -> Work:
    from paideia.science.ranking import fit_als

    log = _log(_large(scale))
    return lambda: fit_als(log, factors=64, rounds=5, rng=np.random.default_rng(1)).items


def als_implicit(scale: float) -> Work:
    from implicit.cpu.als import AlternatingLeastSquares

    matrix = _large(scale)
    model = AlternatingLeastSquares(64, regularization=1.0, alpha=20.0, iterations=5, random_state=1)
    return lambda: model.fit(matrix, show_progress=False)


def neighbours_ours(scale: float) -> Work:
    from paideia.science.ranking import fit_item_neighbours

    log = _log(_large(scale))
    return lambda: fit_item_neighbours(log, k=200).similarity


def neighbours_implicit(scale: float) -> Work:
    from implicit.nearest_neighbours import CosineRecommender

    matrix = _large(scale)
    return lambda: CosineRecommender(K=200).fit(matrix, show_progress=False)


def _catalogue(scale: float) -> Any:
    return _readings(int(50_000 * scale) + 50, int(6_000 * scale) + 50, int(1_000_000 * scale))


def ease_ours(scale: float) -> Work:
    from paideia.science.ranking import fit_ease

    log = _log(_catalogue(scale))
    return lambda: fit_ease(log, penalty=100).weights


def ease_textbook(scale: float) -> Work:
    """Steck's own eight lines; implicit has no EASE."""
    matrix = _catalogue(scale)

    def work() -> Any:
        gram = (matrix.T @ matrix).toarray().astype(np.float64)
        gram[np.diag_indices(len(gram))] += 100
        inverse = np.linalg.inv(gram)
        weights = inverse / -np.diag(inverse)
        weights[np.diag_indices(len(weights))] = 0
        return weights

    return work
