"""What activity is made of: least squares with honest intervals, a check outside, and a collinearity warning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, between, library, same_length, varies, vector
from paideia.science.errors import EmptyInput, OutOfRange, ShapeMismatch, TooShort
from paideia.science.splits import random_folds

Columns = Mapping[str, ArrayLike]
"""Names to vectors of equal length: a dict, or a pandas frame of numbers."""
VIF_MAX = 10.0
CONDITION_MAX = 30.0
"""The usual marks above which columns say too much the same (Belsley, Kuh & Welsch 1980)."""


@dataclass(frozen=True, slots=True)
class Linear:
    """outcome = intercept + Σ coefficient · column, fitted by least squares."""

    names: tuple[str, ...]
    intercept: float
    coefficients: Floats
    """One for each name: outcome for one more of it, the others as they are."""
    low: Floats
    high: Floats
    """Classical interval: right if the noise is the same everywhere."""
    robust_low: Floats
    robust_high: Floats
    """HC3 interval: right also where the noise differs from member to member."""
    r_squared: float
    r_squared_outside: float
    """On members left out of the fit; below 0 it is worse than saying the mean."""
    vif: Floats
    """Variance inflation of each coefficient by the other columns: 1 none."""
    condition: float
    """Condition number of the columns, each of length 1."""

    @property
    def entangled(self) -> tuple[str, ...]:
        """Columns whose own coefficient cannot be trusted, because others say nearly the same."""
        return tuple(name for name, v in zip(self.names, self.vif, strict=True) if v > VIF_MAX)

    @property
    def collinear(self) -> bool:
        """Whether some columns are nearly combinations of others."""
        return bool(self.entangled) or self.condition > CONDITION_MAX

    def predict(self, columns: Columns) -> Floats:
        """Expected outcome of each row. Raises `ShapeMismatch`."""
        missing = [name for name in self.names if name not in columns]
        if missing:
            raise ShapeMismatch(f"columns lack {', '.join(missing)}")
        predicted: Floats = self.intercept + stacked({n: columns[n] for n in self.names}) @ self.coefficients
        return predicted


def fit_linear(
    columns: Columns,
    outcome: ArrayLike,
    *,
    intercept: bool = True,
    level: float = 0.95,
    folds: int = 5,
    rng: np.random.Generator,
) -> Linear:
    """Least squares, β = (X'X)⁻¹X'y, for what activity = a·interactions + b·visits + c·consumption asks.

    Classical variance s²(X'X)⁻¹ with s² = Σe²/(n - k); HC3 variance (X'X)⁻¹ X' diag(e²/(1 - h)²) X (X'X)⁻¹
    (MacKinnon & White 1985), h the leverage; both with Student's t of n - k. Variance inflation is the
    diagonal of the inverse correlation matrix. R² outside: 1 - Σ(y - ŷ)²/Σ(y - ȳ)² with every ŷ from
    `folds` fits that did not see its row. The outcome must be measured apart from the columns: a sum
    regressed on its summands gives back the weights one put in.

    Raises `OutOfRange` or `TooShort`.
    """
    x, y = stacked(columns), vector(outcome, "outcome")
    same_length(columns=x, outcome=y)
    varies(x, "columns")
    varies(y, "outcome")
    between(level, "level", 0, 1, open_ends=True)
    design = _design(x, intercept)
    n, k = design.shape
    if n < max(k + 2, folds):
        raise TooShort(f"{n} rows are too few for {k} coefficients: at least {max(k + 2, folds)} are needed")
    inverse = _inverse(design, list(columns))
    beta: Floats = np.asarray(np.linalg.lstsq(design, y, rcond=None)[0], dtype=np.float64)
    error = y - design @ beta
    classical = np.sqrt(np.diag(inverse) * (error @ error) / (n - k))
    robust = _hc3(design, inverse, error)
    reach = library("scipy.stats").t.ppf((1 + level) / 2, n - k)
    own = slice(1, None) if intercept else slice(None)
    total = ((y - y.mean()) ** 2).sum()
    return Linear(
        names=tuple(str(name) for name in columns),
        intercept=float(beta[0]) if intercept else 0.0,
        coefficients=beta[own],
        low=(beta - reach * classical)[own],
        high=(beta + reach * classical)[own],
        robust_low=(beta - reach * robust)[own],
        robust_high=(beta + reach * robust)[own],
        r_squared=float(1 - error @ error / total),
        r_squared_outside=float(1 - _squares_outside(design, y, folds, rng) / total),
        vif=_inflation(x),
        condition=float(np.linalg.cond(design / np.linalg.norm(design, axis=0))),
    )


def stacked(columns: Columns) -> Floats:
    """Named vectors of equal length side by side, shape (rows, columns). Raises `EmptyInput`."""
    vectors = {str(name): vector(columns[name], str(name)) for name in columns}
    if not vectors:
        raise EmptyInput("columns is empty: name at least one")
    same_length(**vectors)
    return np.stack(list(vectors.values()), axis=1)


def _design(x: Floats, intercept: bool) -> Floats:
    return np.hstack([np.ones((len(x), 1)), x]) if intercept else x


def _inverse(design: Floats, names: list[str]) -> Floats:
    """(X'X)⁻¹ by QR of the columns at length 1, so that units do not matter."""
    length = np.linalg.norm(design, axis=0)
    triangle = np.linalg.qr(design / length, mode="r")
    size = np.abs(np.diag(triangle))
    if size.min() < 1e-12 * size.max():
        first = int(size.argmin()) - (design.shape[1] - len(names))
        raise OutOfRange(
            f"column {names[max(first, 0)]} is a combination of the others: leave one of them out"
        )
    half = np.linalg.inv(triangle) / length[:, None]
    inverse: Floats = half @ half.T
    return inverse


def _hc3(design: Floats, inverse: Floats, error: Floats) -> Floats:
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    if leverage.max() > 1 - 1e-9:
        raise OutOfRange(
            f"row {int(leverage.argmax())} alone decides a coefficient: leave it or the column out"
        )
    weighted = design * (error / (1 - leverage))[:, None]
    return np.asarray(np.sqrt(np.diag(inverse @ (weighted.T @ weighted) @ inverse)))


def _squares_outside(design: Floats, y: Floats, folds: int, rng: np.random.Generator) -> float:
    squares = 0.0
    for train, test in random_folds(len(y), folds=folds, rng=rng):
        beta = np.linalg.lstsq(design[train], y[train], rcond=None)[0]
        squares += float(((y[test] - design[test] @ beta) ** 2).sum())
    return squares


def _inflation(x: Floats) -> Floats:
    centred = x - x.mean(axis=0)
    spread = np.linalg.norm(centred, axis=0)
    triangle = np.linalg.qr(centred / spread, mode="r")
    if np.abs(np.diag(triangle)).min() < 1e-12:  # without an intercept, shares that sum to 1 still fit
        return np.full(x.shape[1], np.inf)
    half = np.linalg.inv(triangle)
    return np.asarray((half**2).sum(axis=1))
