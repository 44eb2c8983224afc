"""How good a prediction of yes or no is: ranking, calibration and decisions, with an interval for the
ranking.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, between, library, outcomes, same_length, vector, whole
from paideia.science.errors import OutOfRange


@dataclass(frozen=True, slots=True)
class Assessment:
    """The usual measures of a probability forecast, and of the decisions it leads to at a threshold."""

    auc: float
    auc_low: float
    auc_high: float
    """DeLong's 95 % interval."""
    average_precision: float
    brier: float
    cross_entropy: float
    calibration_error: float
    accuracy: float
    precision: float
    recall: float
    f1: float
    threshold: float


def assess(outcome: ArrayLike, probability: ArrayLike, *, threshold: float = 0.5) -> Assessment:
    """Every measure at once, for outcomes 0 and 1 and their forecast probabilities. Raises `OutOfRange`."""
    y, p = _pair(outcome, probability)
    if (p < 0).any() or (p > 1).any():
        raise OutOfRange("probability must lie in [0, 1]")
    low, high = auc_interval(y, p)
    said = p >= threshold
    hits = int((said & (y == 1)).sum())
    precision = hits / max(int(said.sum()), 1)
    recall = hits / int(y.sum())
    return Assessment(
        auc=auc(y, p),
        auc_low=low,
        auc_high=high,
        average_precision=average_precision(y, p),
        brier=brier(y, p),
        cross_entropy=cross_entropy(y, p),
        calibration_error=calibration_error(y, p),
        accuracy=float((said == (y == 1)).mean()),
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall) if hits else 0.0,
        threshold=threshold,
    )


def auc(outcome: ArrayLike, score: ArrayLike) -> float:
    """Probability that a random positive is scored above a random negative, ties counting half
    (Mann-Whitney).
    """
    y, s = _pair(outcome, score)
    ranks = library("scipy.stats").rankdata(s)
    positives = int(y.sum())
    negatives = len(y) - positives
    return float((ranks[y == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def auc_interval(outcome: ArrayLike, score: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """DeLong, DeLong & Clarke-Pearson (1988), by mid-ranks (Sun & Xu 2014), on the logit so that it stays
    within 0 … 1.
    """
    y, s = _pair(outcome, score)
    between(level, "level", 0, 1, open_ends=True)
    rank = library("scipy.stats").rankdata
    positive, negative = s[y == 1], s[y == 0]
    m, n = len(positive), len(negative)
    together = rank(np.concatenate([positive, negative]))
    above = (together[:m] - rank(positive)) / n  # share of negatives below each positive
    below = 1 - (together[m:] - rank(negative)) / m
    value = float(above.mean())
    if min(m, n) < 2 or value in (0.0, 1.0):
        return value, value
    deviation = np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n)
    reach = library("scipy.stats").norm.ppf((1 + level) / 2) * deviation / (value * (1 - value))
    logit = np.log(value / (1 - value))
    return float(1 / (1 + np.exp(reach - logit))), float(1 / (1 + np.exp(-reach - logit)))


def average_precision(outcome: ArrayLike, score: ArrayLike) -> float:
    """Σ (recall step) · precision over falling scores; equal scores are taken together."""
    y, s = _pair(outcome, score)
    order = np.argsort(-s, kind="stable")
    hits = np.cumsum(y[order])
    ends = np.append(np.flatnonzero(np.diff(s[order])), len(s) - 1)
    precision = hits[ends] / (ends + 1)
    recall = hits[ends] / hits[-1]
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def precision_at(outcome: ArrayLike, score: ArrayLike, *, k: int) -> float:
    """Share of positives among the k highest scores; ties keep the order given."""
    y, s = whole(outcome, "outcome"), vector(score, "score")
    same_length(outcome=y, score=s)
    between(k, "k", 1, len(y))
    return float(y[np.argsort(-s, kind="stable")[:k]].mean())


def brier(outcome: ArrayLike, probability: ArrayLike) -> float:
    """Mean (p - y)² (Brier 1950): 0 perfect, base·(1 - base) for always saying the base rate."""
    y, p = whole(outcome, "outcome"), vector(probability, "probability")
    same_length(outcome=y, probability=p)
    return float(((p - y) ** 2).mean())


def cross_entropy(outcome: ArrayLike, probability: ArrayLike) -> float:
    """Mean -ln(probability given to what happened), in nats; probabilities are kept 1e-12 away from 0 and
    1.
    """
    y, p = whole(outcome, "outcome"), vector(probability, "probability")
    same_length(outcome=y, probability=p)
    return float(-np.log(np.clip(np.where(y == 1, p, 1 - p), 1e-12, None)).mean())


def reliability(outcome: ArrayLike, probability: ArrayLike, *, bins: int = 10) -> tuple[Floats, Floats, Ints]:
    """Mean forecast, observed share and count in `bins` groups of about equal size, by rising forecast."""
    y, p = whole(outcome, "outcome"), vector(probability, "probability")
    same_length(outcome=y, probability=p)
    between(bins, "bins", 1, len(y))
    groups = np.array_split(np.argsort(p, kind="stable"), bins)
    said = np.array([p[g].mean() for g in groups])
    seen = np.array([y[g].mean() for g in groups])
    return said, seen, np.array([len(g) for g in groups])


def calibration_error(outcome: ArrayLike, probability: ArrayLike, *, bins: int = 10) -> float:
    """Mean |forecast - observed| over groups of equal size (expected calibration error, equal-mass bins)."""
    said, seen, count = reliability(outcome, probability, bins=min(bins, len(np.asarray(outcome))))
    return float(np.average(np.abs(said - seen), weights=count))


def _pair(outcome: ArrayLike, score: ArrayLike) -> tuple[Ints, Floats]:
    y, s = outcomes(outcome, "outcome"), vector(score, "score")
    same_length(outcome=y, score=s)
    return y, s
