"""Blending: how much to trust each recommender, learnt from what was read next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, library, positive, whole
from paideia.science.errors import EmptyInput, ShapeMismatch, TooShort
from paideia.science.ranking.histories import Histories
from paideia.science.ranking.scorer import BLOCK, Scorer, Scores, best, masked


@dataclass(frozen=True, slots=True)
class Blend:
    """A weighted sum of standardised scores."""

    models: tuple[Scorer, ...]
    weights: Floats
    """Two for each model: of its standardised score z, and of sign(z)·ln(1 + |z|)."""

    def scores(self, histories: Histories) -> Scores:
        """Members × items."""
        total = np.zeros((len(histories), histories.catalogue))
        for k, model in enumerate(self.models):
            z = _standard(np.asarray(model.scores(histories), dtype=np.float64))
            total += self.weights[2 * k] * z + self.weights[2 * k + 1] * np.sign(z) * np.log1p(np.abs(z))
        return total

    def with_models(self, models: Sequence[Scorer]) -> Blend:
        """The same weights on models fitted anew, in the same order: learn weights on a held-out item, then
        refit.

        Raises `ShapeMismatch`.
        """
        if len(models) != len(self.models):
            raise ShapeMismatch(f"{len(models)} models for weights of {len(self.models)}")
        return Blend(tuple(models), self.weights)


def fit_blend(
    models: Sequence[Scorer],
    histories: Histories,
    targets: ArrayLike,
    *,
    candidates: int = 100,
    penalty: float = 1.0,
) -> Blend:
    """Listwise learning to rank (ListNet's top-one loss: Cao et al. 2007; a conditional logit):

        max Σ_u ln [exp(w·f_u,target) / Σ_{i ∈ candidates} exp(w·f_u,i)] - penalty·|w|²

    over each member's `candidates` best items of every model and the item read next. The models must not
    have seen the targets. Members whose target no model has among its best are left out: no weight can help
    them.

    Raises `EmptyInput`, `ShapeMismatch` or `TooShort`.
    """
    if not models:
        raise EmptyInput("models is empty")
    wanted = whole(targets, "targets", minimum=0)
    if len(wanted) != len(histories):
        raise ShapeMismatch(f"{len(wanted)} targets for {len(histories)} histories")
    positive(penalty, "penalty")
    features, sizes = _candidates(models, histories, wanted, candidates)
    if len(sizes) < 20:
        raise TooShort(f"only {len(sizes)} members have their next item among the candidates, 20 are needed")
    optimize = library("scipy.optimize")
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))

    def loss(weights: Floats) -> tuple[float, Floats]:
        utility = features @ weights
        top = np.maximum.reduceat(utility, starts)
        odds = np.exp(utility - np.repeat(top, sizes))
        total = np.add.reduceat(odds, starts)
        share = odds / np.repeat(total, sizes)
        value = (np.log(total) + top - utility[starts]).sum() + penalty * weights @ weights
        gradient = features.T @ share - features[starts].sum(axis=0) + 2 * penalty * weights
        return float(value), gradient

    start = np.tile([0.5, 0.5], len(models)) / len(models)
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B")
    return Blend(tuple(models), np.asarray(found.x))


def _candidates(
    models: Sequence[Scorer], histories: Histories, wanted: np.ndarray, count: int
) -> tuple[Floats, np.ndarray]:
    """Features of each reachable member's candidates, the target first; and how many each has."""
    rows, sizes = [], []
    for low in range(0, len(histories), BLOCK):
        block = histories.rows(low, min(low + BLOCK, len(histories)))
        standard = []
        chosen = np.zeros((len(block), histories.catalogue), dtype=bool)
        for model in models:
            scores = np.asarray(model.scores(block), dtype=np.float64)
            standard.append(_standard(scores))
            top = best(masked(scores, block, again=False), min(count, histories.catalogue))
            member, column = np.nonzero(top >= 0)
            chosen[member, top[member, column]] = True
        for row in range(len(block)):
            target = int(wanted[low + row])
            if not chosen[row, target]:
                continue
            chosen[row, target] = False
            items = np.concatenate(([target], np.flatnonzero(chosen[row])))
            rows.append(np.stack([f for z in standard for f in _pair(z[row, items])], axis=1))
            sizes.append(len(items))
    return np.concatenate(rows) if rows else np.zeros((0, 2 * len(models))), np.array(sizes, dtype=np.int64)


def _pair(z: Floats) -> tuple[Floats, Floats]:
    return z, np.sign(z) * np.log1p(np.abs(z))


def _standard(scores: Floats) -> Floats:
    """Each row less its mean, over its standard deviation."""
    spread = scores.std(axis=1, keepdims=True)
    z: Floats = (scores - scores.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    return z
