"""RFM: customers by how recently, how often and for how much they bought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, same_length, vector
from paideia.science.errors import OutOfRange

SEGMENTS = (
    # name, recency at least, frequency at least, in fifths of `bins`; the first that fits is taken
    ("champions", 5, 4),
    ("loyal", 3, 4),
    ("new", 5, 1),
    ("promising", 3, 2),
    ("about to sleep", 3, 1),
    ("must not lose", 1, 5),
    ("at risk", 1, 3),
    ("asleep", 1, 1),
)
"""Rules over recency and frequency scores, most lively first."""


@dataclass(frozen=True, slots=True)
class Rfm:
    """Scores from 1 (worst) to `bins` (best), and a segment for each customer."""

    recency: Ints
    frequency: Ints
    monetary: Ints
    segment: list[str]


def rfm(days_since: ArrayLike, orders: ArrayLike, spent: ArrayLike, *, bins: int = 5) -> Rfm:
    """Scores by rank: equal numbers get equal scores, and each score holds about 1/bins of the customers.

    score = ⌈bins · (share of customers who are not better)⌉ with ties at their mean rank (Hughes 1994 with
    ties mended). `days_since` the last order: fewer is better.

    Raises `OutOfRange`.
    """
    since, count, value = vector(days_since, "days_since"), vector(orders, "orders"), vector(spent, "spent")
    same_length(days_since=since, orders=count, spent=value)
    if bins < 2:
        raise OutOfRange(f"bins must be at least 2, it is {bins}")
    r, f, m = _score(-since, bins), _score(count, bins), _score(value, bins)
    fifth = (r * 5 + bins - 1) // bins, (f * 5 + bins - 1) // bins
    names = np.full(len(r), "", dtype=object)
    for name, recent, frequent in SEGMENTS:
        fits = (names == "") & (fifth[0] >= recent) & (fifth[1] >= frequent)
        names[fits] = name
    return Rfm(r, f, m, [str(name) for name in names])


def _score(values: Floats, bins: int) -> Ints:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2  # mean rank of each distinct value, from 1
    share = (middle[place] - 0.5) / len(values)
    scores: Ints = np.minimum(np.floor(share * bins).astype(np.int64) + 1, bins)
    return scores
