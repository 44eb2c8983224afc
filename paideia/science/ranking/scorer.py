"""What every recommender can do: give each member's score of each item, and the best of them as a list."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from paideia.science.checks import Ints, between
from paideia.science.errors import OutOfRange
from paideia.science.ranking.histories import Histories

Scores = NDArray[np.floating]
BLOCK = 1024
"""Members scored at once: their scores of every item are in memory together."""


class Scorer(Protocol):
    """A fitted recommender. Members need not have been there at fitting: all it uses is their history."""

    def scores(self, histories: Histories) -> Scores:
        """Members × items; only the order within a row means anything."""


def recommend(model: Scorer, histories: Histories, *, k: int, again: bool = False) -> Ints:
    """The k best items for each member (members, k), best first, without those already read unless `again`.

    Equal scores are ordered by item number. Where fewer than k items are left the row is filled with -1.
    """
    between(k, "k", 1, histories.catalogue)
    lists = np.full((len(histories), k), -1, dtype=np.int64)
    for low in range(0, len(histories), BLOCK):
        block = histories.rows(low, min(low + BLOCK, len(histories)))
        scores = masked(model.scores(block), block, again=again)
        lists[low : low + BLOCK] = best(scores, k)
    return lists


def masked(scores: Scores, histories: Histories, *, again: bool) -> Scores:
    """Scores with -inf where the member has read the item. Raises `OutOfRange`."""
    if scores.shape != (len(histories), histories.catalogue):
        raise OutOfRange(
            f"scores have shape {scores.shape} for {len(histories)} members × {histories.catalogue} items"
        )
    if again:
        return scores
    hidden = np.array(scores)
    hidden[histories.members, histories.items] = -np.inf
    return hidden


def best(scores: Scores, k: int) -> Ints:
    """Columns of the k highest scores of each row, highest first, -1 where the score is -inf."""
    if k < scores.shape[1]:
        part = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    else:
        part = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    part = np.sort(part, axis=1)
    values = np.take_along_axis(scores, part, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    ranked: Ints = np.where(
        np.isneginf(np.take_along_axis(values, order, axis=1)), -1, np.take_along_axis(part, order, axis=1)
    )
    return ranked
