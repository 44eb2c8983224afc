"""Better lists from good scores: less of the same, and in proportion to what somebody likes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, between, matrix, same_length, vector
from paideia.science.errors import OutOfRange


def mmr(relevance: ArrayLike, vectors: ArrayLike, *, k: int, trade: float = 0.7) -> Ints:
    """Maximal marginal relevance (Carbonell & Goldstein 1998): rows of the k items chosen, best first.

    Takes, one after the other, the item with the greatest trade · relevance - (1 - trade) · (greatest
    cosine to those already taken). Relevance is used as given: bring it to about 0 … 1 first.
    """
    score, unit = _candidates(relevance, vectors, k)
    between(trade, "trade", 0, 1)
    nearest = np.zeros(len(score))
    left = np.ones(len(score), dtype=bool)
    taken: list[int] = []
    for step in range(k):
        value = trade * score - ((1 - trade) * nearest if step else 0.0)
        item = int(np.where(left, value, -np.inf).argmax())
        taken.append(item)
        left[item] = False
        closeness = unit @ unit[item]
        nearest = closeness if step == 0 else np.maximum(nearest, closeness)
    return np.array(taken)


def dpp(relevance: ArrayLike, vectors: ArrayLike, *, k: int, trade: float = 0.7) -> Ints:
    """Greedy maximum of a determinantal point process (Chen, Zhang & Zhou 2018, algorithm 1): rows of up to
    k items.

    Kernel L = diag(q)·(V·Vᵀ)·diag(q), q = exp(trade/(2·(1 - trade)) · relevance): the log-determinant
    rewards quality and the volume that the items' vectors span. One incremental Cholesky row for each item
    taken: O(k²·n). Stops early when everything left lies in the span of what was taken.
    """
    score, unit = _candidates(relevance, vectors, k)
    between(trade, "trade", 0, 1)
    if trade == 1:
        return np.argsort(-score, kind="stable")[:k]
    quality = np.exp(trade / (2 * (1 - trade)) * (score - score.max()))
    rows = np.zeros((k, len(score)))
    gain = quality**2
    taken: list[int] = []
    for step in range(k):
        item = int(gain.argmax())
        if gain[item] < 1e-12:
            break
        taken.append(item)
        kernel = quality[item] * quality * (unit @ unit[item])
        rows[step] = (kernel - rows[:step, item] @ rows[:step]) / np.sqrt(gain[item])
        gain = gain - rows[step] ** 2
        gain[taken] = -np.inf
    return np.array(taken)


def calibrated(
    relevance: ArrayLike,
    topics: ArrayLike,
    liked: ArrayLike,
    *,
    k: int,
    trade: float = 0.5,
    smoothing: float = 0.01,
) -> Ints:
    """Lists whose mix of topics is that of what was liked (Steck 2018): rows of the k items chosen, best
    first.

    Takes greedily the item with the greatest (1 - trade)·Σ relevance - trade·KL(liked ‖ q), q the mean
    topics of the list mixed with `smoothing` of `liked`. `topics` is items × topics with rows of sum 1,
    `liked` a distribution over topics.

    Raises `OutOfRange`.
    """
    score, shares, goal = vector(relevance, "relevance"), matrix(topics, "topics"), vector(liked, "liked")
    same_length(relevance=score, topics=shares)
    same_length(topics=shares.T, liked=goal)
    between(trade, "trade", 0, 1)
    between(k, "k", 1, len(score))
    if (shares < 0).any() or (goal < 0).any() or goal.sum() <= 0:
        raise OutOfRange("topics and liked must be at least 0, and liked must have a sum above 0")
    goal = goal / goal.sum()
    left = np.ones(len(score), dtype=bool)
    summed, earned = np.zeros(len(goal)), 0.0
    taken: list[int] = []
    for step in range(k):
        mix = (1 - smoothing) * (summed + shares) / (step + 1) + smoothing * goal
        with np.errstate(divide="ignore", invalid="ignore"):
            divergence = np.where(goal > 0, goal * np.log(goal / mix), 0.0).sum(axis=1)
        value = (1 - trade) * (earned + score) - trade * divergence
        item = int(np.where(left, value, -np.inf).argmax())
        taken.append(item)
        left[item] = False
        summed, earned = summed + shares[item], earned + score[item]
    return np.array(taken)


def miscalibration(topics: ArrayLike, liked: ArrayLike, *, smoothing: float = 0.01) -> float:
    """KL(liked ‖ mean topics of a list), in nats; `topics` are the rows of the list's items. 0: in
    proportion.
    """
    shares, goal = matrix(topics, "topics"), vector(liked, "liked")
    goal = goal / goal.sum()
    mix = (1 - smoothing) * shares.mean(axis=0) + smoothing * goal
    some = goal > 0
    return float((goal[some] * np.log(goal[some] / mix[some])).sum())


def _candidates(relevance: ArrayLike, vectors: ArrayLike, k: int) -> tuple[Floats, Floats]:
    score, x = vector(relevance, "relevance"), matrix(vectors, "vectors")
    same_length(relevance=score, vectors=x)
    between(k, "k", 1, len(score))
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    return score, x / np.where(norms > 0, norms, 1.0)
