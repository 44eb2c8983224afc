"""What is unlike the rest: isolation forest scores, and which column sets a row apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, between, library, matrix, varies
from paideia.science.errors import ShapeMismatch, TooShort
from paideia.science.threads import few_threads

EULER = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class IsolationForest:
    """A fitted forest: rows that few random cuts set apart are unlike the rest."""

    model: Any
    typical: Floats
    """Median of each column."""

    def score(self, features: ArrayLike) -> Floats:
        """s = 2^(-E h / c(ψ)) for each row: near 1 is alone, about .5 and below is one of many.

        Raises `ShapeMismatch`.
        """
        x = matrix(features, "features")
        if x.shape[1] != len(self.typical):
            raise ShapeMismatch(f"features have {x.shape[1]} columns, the forest knows {len(self.typical)}")
        with few_threads(len(x)):
            return -np.asarray(self.model.score_samples(x), dtype=np.float64)

    def moves(self, features: ArrayLike) -> Floats:
        """How much each column adds to a row's score: what is lost when it alone takes its typical value.

        Shape (rows, columns). Leaves out what two columns do only together.
        """
        x = matrix(features, "features")
        score = self.score(x)
        moves = np.empty_like(x)
        for k in range(x.shape[1]):
            moved = x.copy()
            moved[:, k] = self.typical[k]
            moves[:, k] = score - self.score(moved)
        return moves


def fit_isolation_forest(
    features: ArrayLike, *, trees: int = 200, sample: int = 256, seed: int = 0
) -> IsolationForest:
    """Isolation forest (Liu, Ting & Zhou 2008, by scikit-learn) on rows × columns of numbers.

    Each tree cuts `sample` random rows ψ at random columns and places until every row is alone or ⌈log₂ ψ⌉
    deep. h is a row's depth, where a leaf of n rows counts c(n) deeper: see `typical_depth`. Scale does not
    matter, only the order and gaps within a column.

    Raises `TooShort`.
    """
    x = matrix(features, "features", least=8)
    varies(x, "features")
    between(trees, "trees", 1, 10_000)
    if sample < 2:
        raise TooShort(f"sample must be at least 2 rows, it is {sample}")
    forest = library("sklearn.ensemble").IsolationForest(
        n_estimators=trees, max_samples=min(sample, len(x)), random_state=seed
    )
    with few_threads(len(x)):
        return IsolationForest(forest.fit(x), np.median(x, axis=0))


def typical_depth(rows: int) -> float:
    """c(n) = 2·H(n - 1) - 2·(n - 1)/n, the mean depth of a failed search in a random binary tree.

    H(i) = ln i + Euler's constant (Liu et al. 2008, eq. 1); c(2) = 1 and c(1) = 0.
    """
    if rows <= 2:
        return float(max(rows - 1, 0))
    return 2 * (float(np.log(rows - 1)) + EULER) - 2 * (rows - 1) / rows


def most_unusual(score: ArrayLike, *, count: int) -> Ints:
    """Rows of the highest scores, highest first."""
    values = np.asarray(score, dtype=np.float64)
    return np.argsort(-values, kind="stable")[: int(between(count, "count", 1, len(values)))]
