"""Content: items like those one has read, for newcomers among the items too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from paideia.science.checks import Floats, between, library
from paideia.science.errors import OutOfRange, ShapeMismatch
from paideia.science.ranking.histories import Histories
from paideia.science.ranking.scorer import Scores


@dataclass(frozen=True, slots=True)
class Content:
    """Score = cosine of the item and the faded mean of what was read."""

    vectors: Floats
    """Items × dimensions, rows of length 1 (or 0 where nothing is known of the item)."""
    fading: float

    def scores(self, histories: Histories) -> Scores:
        """Members × items."""
        profile = histories.matrix(fading=self.fading) @ self.vectors
        return np.asarray(_unit(profile) @ self.vectors.T)


def fit_content(
    features: Any,
    *,
    dimensions: int | None = 128,
    fading: float = 0.8,
    rng: np.random.Generator | None = None,
) -> Content:
    """Item vectors from a matrix items × features (dense, or sparse such as TF-IDF of texts or tags).

    With `dimensions`, the leading singular vectors (latent semantic analysis: Deerwester et al. 1990) by
    the randomised method of Halko, Martinsson & Tropp (2011), which needs `rng`; None keeps the features.

    Raises `OutOfRange` or `ShapeMismatch`.
    """
    between(fading, "fading", 0, 1)
    if len(features.shape) != 2:
        raise ShapeMismatch("features must be items × features")
    if dimensions is None or dimensions >= min(features.shape):
        dense = features.toarray() if hasattr(features, "toarray") else np.asarray(features)
        return Content(_unit(np.asarray(dense, dtype=np.float64)), fading)
    if rng is None:
        raise OutOfRange("reducing dimensions draws random numbers: give rng")
    reducer = library("sklearn.decomposition").TruncatedSVD(dimensions, random_state=int(rng.integers(2**31)))
    return Content(_unit(reducer.fit_transform(features)), fading)


def rare_first(incidence: Any) -> Any:
    """TF-IDF weights of a sparse items × tags matrix: ln((1 + items)/(1 + items with the tag)) + 1, rows of
    length 1.
    """
    sparse = library("scipy.sparse")
    x = sparse.csr_matrix(incidence, dtype=np.float64)
    frequency = np.bincount(x.indices, minlength=x.shape[1])
    x = x @ sparse.diags_array(np.log((1 + x.shape[0]) / (1 + frequency)) + 1)
    norms = np.sqrt(np.asarray(x.multiply(x).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags_array(1 / np.maximum(norms, 1e-12)) @ x)


def _unit(rows: Floats) -> Floats:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = rows / np.where(norms > 0, norms, 1.0)
    return unit
