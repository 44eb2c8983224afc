"""Popularity: what everybody reads, lately more than long ago."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paideia.science.checks import Floats, positive
from paideia.science.errors import EmptyInput, OutOfRange
from paideia.science.ranking.histories import Histories
from paideia.science.ranking.scorer import Scores


@dataclass(frozen=True, slots=True)
class Popularity:
    """The same scores for everybody."""

    counts: Floats
    """Readings of each item, faded."""

    def scores(self, histories: Histories) -> Scores:
        """Members × items."""
        return np.broadcast_to(self.counts, (len(histories), len(self.counts)))


def fit_popularity(
    histories: Histories, *, now: float | None = None, half_life: float | None = None
) -> Popularity:
    """Σ ½^((now - time)/half_life) over readings, in the unit of the histories' times; plain counts without
    half-life.

    Raises `EmptyInput` or `OutOfRange`.
    """
    if not len(histories.items):
        raise EmptyInput("histories hold no reading")
    if half_life is None:
        return Popularity(np.bincount(histories.items, minlength=histories.catalogue).astype(np.float64))
    if histories.times is None or now is None:
        raise OutOfRange("a half-life needs histories with times, and now")
    positive(half_life, "half_life")
    weights = 0.5 ** (np.maximum(now - histories.times, 0) / half_life)
    counts = np.bincount(histories.items, weights=weights, minlength=histories.catalogue)
    return Popularity(counts.astype(np.float64))
