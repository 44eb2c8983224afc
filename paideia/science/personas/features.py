"""Mixed columns on one scale: numbers, skewed counts and categories, each with the same say in a distance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from paideia.science.checks import Floats, same_length, vector
from paideia.science.errors import ConstantInput, EmptyInput, OutOfRange, ShapeMismatch

Kind = Literal["number", "count", "category"]
Columns = Mapping[str, Any]
"""Names to arrays of equal length: a dict, or a pandas frame."""
SKEWED = 1.0
"""Columns of numbers of at least 0 with a skewness above this are taken for counts."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One given column and how it is brought to the common scale."""

    name: str
    kind: Kind
    centre: float = 0.0
    spread: float = 1.0
    """Mean and standard deviation of a number, or of ln(1 + count)."""
    levels: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    """The categories and their shares."""

    def block(self, values: Any) -> Floats:
        """One column for a number or count, one for each level of a category; shape (rows, width).

        Raises `OutOfRange`.
        """
        if self.kind == "category":
            text, shares = np.asarray(values).astype(str), np.array(self.shares)
            inside = text[:, None] == np.array(self.levels)[None, :]
            known = inside.any(axis=1, keepdims=True)
            scale = np.sqrt((shares * (1 - shares)).sum())
            return np.where(known, (inside - shares) / scale, 0.0)
        numbers = vector(values, self.name)
        if self.kind == "count":
            numbers = _logged(numbers, self.name)
        return ((numbers - self.centre) / self.spread)[:, None]


@dataclass(frozen=True, slots=True)
class Standard:
    """Learned centres, spreads and categories: the same member always lands at the same point."""

    features: tuple[Feature, ...]

    def points(self, columns: Columns) -> Floats:
        """Rows × dimensions. A category that was not there at learning counts as the average of all.

        Raises `ShapeMismatch`.
        """
        missing = [f.name for f in self.features if f.name not in columns]
        if missing:
            raise ShapeMismatch(f"columns lack {', '.join(missing)}")
        same_length(**{f.name: columns[f.name] for f in self.features})
        return np.hstack([f.block(columns[f.name]) for f in self.features])


def standardise(columns: Columns, *, kinds: Mapping[str, Kind] | None = None) -> Standard:
    """Learn how to make columns comparable, so that each has variance 1 in all.

    number: (x - mean) / standard deviation. count: the same for ln(1 + x), so that ten visits more mean
    less to somebody with a thousand. category: for each level l of share p_l the column
    (1[x = l] - p_l) / √Σ p(1 - p), whose variances sum to 1 over the levels. Words and truth values are
    categories, numbers of at least 0 with skewness above 1 are counts, other numbers are numbers; `kinds`
    says otherwise by name.

    Raises `ConstantInput`, `EmptyInput` or `OutOfRange`.
    """
    if not len(list(columns)):
        raise EmptyInput("columns is empty: name at least one")
    same_length(**{str(name): columns[name] for name in columns})
    said = dict(kinds or {})
    unknown = set(said) - {str(name) for name in columns}
    if unknown or not set(said.values()) <= set(get_args(Kind)):
        raise OutOfRange(f"kinds must name columns as number, count or category: {said}")
    return Standard(tuple(_learn(str(name), columns[name], said.get(str(name))) for name in columns))


def _learn(name: str, values: Any, kind: Kind | None) -> Feature:
    array = np.asarray(values)
    if kind == "category" or (kind is None and array.dtype.kind not in "fiu"):
        levels, counts = np.unique(array.astype(str), return_counts=True)
        if len(levels) < 2:
            raise ConstantInput(f"column {name} does not vary: leave it out")
        return Feature(
            name,
            "category",
            levels=tuple(str(level) for level in levels),
            shares=tuple(float(share) for share in counts / counts.sum()),
        )
    numbers = vector(array, name)
    deviation = numbers.std()
    if deviation == 0:
        raise ConstantInput(f"column {name} does not vary: leave it out")
    if kind is None:
        skewness = (((numbers - numbers.mean()) / deviation) ** 3).mean()
        kind = "count" if numbers.min() >= 0 and skewness > SKEWED else "number"
    scaled = _logged(numbers, name) if kind == "count" else numbers
    return Feature(name, kind, float(scaled.mean()), float(scaled.std()))


def _logged(numbers: Floats, name: str) -> Floats:
    if numbers.min() < 0:
        raise OutOfRange(f"{name} is a count, it must be at least 0")
    return np.asarray(np.log1p(numbers), dtype=np.float64)
