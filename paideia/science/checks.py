"""Input checks shared by every family: a clean array, or an error that says what is wrong with it."""

from __future__ import annotations

from collections.abc import Sized
from importlib import import_module
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paideia.science.errors import (
    ConstantInput,
    EmptyInput,
    NeedsLibrary,
    NotFinite,
    OneClass,
    OutOfRange,
    ShapeMismatch,
    TooShort,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
AnyArray = TypeVar("AnyArray", bound=NDArray[Any])


def vector(values: ArrayLike, name: str, *, least: int = 1) -> Floats:
    """A finite one-dimensional float array of at least `least` values.

    Raises `EmptyInput`, `NotFinite`, `ShapeMismatch` or `TooShort`.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ShapeMismatch(f"{name} must have one dimension, it has {array.ndim}")
    return _enough(_finite(array, name), name, least)


def matrix(values: ArrayLike, name: str, *, least: int = 1) -> Floats:
    """A finite two-dimensional float array of at least `least` rows and one column.

    Raises `EmptyInput`, `NotFinite`, `ShapeMismatch` or `TooShort`.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2:
        raise ShapeMismatch(f"{name} must have two dimensions (rows, columns), it has {array.ndim}")
    if array.shape[1] == 0:
        raise EmptyInput(f"{name} has no columns")
    return _enough(_finite(array, name), name, least)


def whole(values: ArrayLike, name: str, *, least: int = 1, minimum: int | None = None) -> Ints:
    """A one-dimensional integer array; floats are accepted where they are whole numbers.

    Raises `EmptyInput`, `NotFinite`, `OutOfRange`, `ShapeMismatch` or `TooShort`.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise ShapeMismatch(f"{name} must have one dimension, it has {array.ndim}")
    if array.dtype.kind == "f":
        _finite(array, name)
        if not np.array_equal(array, np.round(array)):
            raise OutOfRange(f"{name} must hold whole numbers")
    elif array.dtype.kind not in "iub" and array.size:
        raise ShapeMismatch(f"{name} must hold whole numbers, it holds {array.dtype}")
    integers = _enough(array.astype(np.int64, copy=False), name, least)
    if minimum is not None and integers.size and integers.min() < minimum:
        raise OutOfRange(f"{name} must be at least {minimum}, its smallest value is {integers.min()}")
    return integers


def outcomes(values: ArrayLike, name: str, *, least: int = 2) -> Ints:
    """A vector of 0 and 1 in which both occur. Raises `OneClass` or `OutOfRange`."""
    array = whole(values, name, least=least)
    if not np.isin(array, (0, 1)).all():
        raise OutOfRange(f"{name} must hold only 0 and 1")
    if array.min() == array.max():
        raise OneClass(f"{name} holds only {array[0]}: both outcomes are needed to tell them apart")
    return array


def same_length(**arrays: Sized) -> int:
    """The common length of the named arrays. Raises `ShapeMismatch`."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ShapeMismatch(
            "these must have the same length: " + ", ".join(f"{k} {n}" for k, n in lengths.items())
        )
    return next(iter(lengths.values()))


def varies(array: Floats, name: str) -> None:
    """Refuse a constant vector, or a matrix with a constant column (the message counts columns from 0).

    Raises `ConstantInput`.
    """
    spread = np.ptp(array, axis=0)
    if np.ndim(spread) == 0:
        if spread == 0:
            raise ConstantInput(f"{name} does not vary: every value is {array[0]:g}")
    elif not spread.all():
        columns = np.flatnonzero(spread == 0).tolist()
        raise ConstantInput(f"{name} has columns that do not vary: {columns}; leave them out")


def between(value: float, name: str, low: float, high: float, *, open_ends: bool = False) -> float:
    """A number in [low, high], or in (low, high) with `open_ends`. Raises `OutOfRange`."""
    inside = low < value < high if open_ends else low <= value <= high
    if not inside:
        brackets = "()" if open_ends else "[]"
        raise OutOfRange(f"{name} must lie in {brackets[0]}{low:g}, {high:g}{brackets[1]}, it is {value:g}")
    return value


def positive(value: float, name: str) -> float:
    """A finite number above zero. Raises `OutOfRange`."""
    if not (np.isfinite(value) and value > 0):
        raise OutOfRange(f"{name} must be above zero, it is {value:g}")
    return value


def library(name: str, *, extra: str = "science") -> Any:
    """Import an optional library when it is first needed, or say how to get it. Raises `NeedsLibrary`."""
    try:
        return import_module(name)
    except ImportError as error:
        raise NeedsLibrary(
            f"{name} is not installed; `pip install 'paideia[{extra}]'` brings what this function needs"
        ) from error


def _finite(array: AnyArray, name: str) -> AnyArray:
    if array.size and not np.isfinite(array).all():
        count = int((~np.isfinite(array)).sum())
        raise NotFinite(f"{name} holds {count} values that are NaN or infinite; fill or drop them first")
    return array


def _enough(array: AnyArray, name: str, least: int) -> AnyArray:
    if len(array) == 0 and least > 0:
        raise EmptyInput(f"{name} is empty")
    if len(array) < least:
        raise TooShort(f"{name} has {len(array)} values, at least {least} are needed")
    return array
