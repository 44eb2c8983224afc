"""Ways to hold data back for a fair check: at random, by group, and in time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Ints, between, vector
from paideia.science.errors import OutOfRange, ShapeMismatch, TooShort

Split = tuple[Ints, Ints]


def random_folds(
    size: int, *, folds: int = 5, rng: np.random.Generator, strata: ArrayLike | None = None
) -> list[Split]:
    """(train, test) row numbers for each fold; every row is tested once. `strata` are spread evenly over
    the folds.

    Raises `ShapeMismatch`.
    """
    between(folds, "folds", 2, size)
    order = rng.permutation(size)
    if strata is not None:
        order = order[np.argsort(np.asarray(strata)[order], kind="stable")]
    place = np.empty(size, dtype=np.int64)
    place[order] = np.arange(size) % folds
    return _splits(place, folds)


def group_folds(groups: ArrayLike, *, folds: int = 5, rng: np.random.Generator) -> list[Split]:
    """Like `random_folds`, but rows of one group (a person, a class) are never on both sides.

    Raises `ShapeMismatch`.
    """
    _, code = np.unique(np.asarray(groups), return_inverse=True)
    count = int(code.max()) + 1 if len(code) else 0
    between(folds, "folds", 2, count)
    fold_of = np.empty(count, dtype=np.int64)
    fold_of[rng.permutation(count)] = np.arange(count) % folds
    return _splits(fold_of[code], folds)


def leave_one_group_out(groups: ArrayLike) -> list[Split]:
    """One split for each group, in sorted order: tested on it, trained on all others.

    Raises `OutOfRange` or `ShapeMismatch`.
    """
    names, code = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        raise OutOfRange("groups must hold at least 2 different groups")
    return _splits(code, len(names))


def forward_splits(
    predicted_at: ArrayLike, *, cuts: ArrayLike, window: float, label_delay: float = 0.0
) -> Iterator[Split]:
    """For each cut: train on rows whose label was known by then, test on rows predicted in the next `window`.

    A label is known `label_delay` after its row's time, so rows with predicted_at + label_delay > cut are
    used for neither training nor, before the cut, for testing: nothing of the future reaches the fit.

    Raises `TooShort`.
    """
    when, marks = vector(predicted_at, "predicted_at"), vector(cuts, "cuts")
    for cut in marks:
        train = np.flatnonzero(when + label_delay <= cut)
        test = np.flatnonzero((when > cut) & (when <= cut + window))
        if not len(train) or not len(test):
            raise TooShort(
                f"the cut at {cut:g} leaves {len(train)} rows to train on and {len(test)} to test on"
            )
        yield train, test


def _splits(place: Ints, folds: int) -> list[Split]:
    if place.ndim != 1:
        raise ShapeMismatch("rows must have one dimension")
    return [(np.flatnonzero(place != k), np.flatnonzero(place == k)) for k in range(folds)]
