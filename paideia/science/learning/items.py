"""Item response: how hard is each question, how well does it tell, and how able is each learner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, between, library
from paideia.science.errors import ConstantInput, NotConverged, OutOfRange, ShapeMismatch, TooShort

NODES = 41


@dataclass(frozen=True, slots=True)
class Items:
    """A fitted item response model: P(right) = σ(discrimination · (ability - difficulty))."""

    difficulty: Floats
    """Ability at which half answer right; abilities have mean 0 and standard deviation 1."""
    discrimination: Floats
    """How sharply it tells; the same for all items in a 1PL."""
    difficulty_error: Floats
    """Standard errors, from the observed scores of all learners."""
    discrimination_error: Floats
    log_likelihood: float

    def ability(self, responses: ArrayLike) -> tuple[Floats, Floats]:
        """Expected ability of each learner given their answers, and its standard deviation (EAP: Bock &
        Mislevy 1982).

        Raises `OutOfRange`, `ShapeMismatch` or `TooShort`.
        """
        y, known = _responses(responses)
        if y.shape[1] != len(self.difficulty):
            raise ShapeMismatch(f"responses have {y.shape[1]} items, the model {len(self.difficulty)}")
        nodes, weights = _quadrature()
        posterior, _ = _posterior(y, known, self.discrimination, self.difficulty, nodes, weights)
        mean = posterior @ nodes
        return mean, np.sqrt(np.maximum(posterior @ nodes**2 - mean**2, 0))

    def probability(self, ability: ArrayLike) -> Floats:
        """Probability of a right answer, learners × items."""
        theta = np.atleast_1d(np.asarray(ability, dtype=np.float64))
        p: Floats = 1 / (1 + np.exp(-self.discrimination * (theta[:, None] - self.difficulty)))
        return p

    def information(self, ability: ArrayLike) -> Floats:
        """Fisher information a²·P·(1 - P) of each item at each ability: where it measures; ask the largest
        next.
        """
        p = self.probability(ability)
        informed: Floats = self.discrimination**2 * p * (1 - p)
        return informed

    def interval(self, item: int, *, level: float = 0.95) -> tuple[float, float]:
        """Wald interval of an item's difficulty."""
        between(level, "level", 0, 1, open_ends=True)
        reach = library("scipy.stats").norm.ppf((1 + level) / 2) * self.difficulty_error[item]
        return float(self.difficulty[item] - reach), float(self.difficulty[item] + reach)


def fit_items(
    responses: ArrayLike, *, parameters: int = 2, rounds_max: int = 500, tolerance: float = 1e-5
) -> Items:
    """1PL (one discrimination for all: Rasch with the spread of ability free) or 2PL (Birnbaum 1968).

    `responses` is learners × items of 1, 0 and NaN for not asked. Marginal maximum likelihood over
    abilities N(0, 1) by expectation-maximisation (Bock & Aitkin 1981) on 41 Gauss-Hermite nodes; the
    maximisation is one Newton step for each item, with a weak log-normal prior on discriminations (mean 1,
    deviation .7 on the log scale) that keeps them finite for small classes. Standard errors by the
    cross-products of all learners' scores.

    Raises `ConstantInput`, `NotConverged`, `OutOfRange`, `ShapeMismatch` or `TooShort`.
    """
    y, known = _responses(responses)
    if parameters not in (1, 2):
        raise OutOfRange(f"parameters must be 1 or 2, it is {parameters}")
    if len(y) < 20:
        raise TooShort(f"{len(y)} learners, at least 20 are needed")
    share = y.sum(axis=0) / known.sum(axis=0)
    constant = np.flatnonzero((share == 0) | (share == 1))
    if len(constant):
        raise ConstantInput(f"items {constant.tolist()} were answered alike by everybody: leave them out")
    nodes, weights = _quadrature()
    slope, cut = np.ones(y.shape[1]), -1.2 * np.log(share / (1 - share))
    intercept = -slope * cut
    before = -np.inf
    for _ in range(rounds_max):
        posterior, log_likelihood = _posterior(y, known, slope, -intercept / slope, nodes, weights)
        updated = _maximise(slope, intercept, posterior.T @ y, posterior.T @ known, nodes, parameters)
        moved = max(np.abs(updated[0] - slope).max(), np.abs(updated[1] - intercept).max())
        slope, intercept = updated
        if moved < tolerance:
            break
        before = log_likelihood
    else:
        if not np.isclose(before, log_likelihood, rtol=1e-8):
            raise NotConverged(f"parameters still moved by {moved:.1e} after {rounds_max} rounds")
    difficulty = -intercept / slope
    posterior, log_likelihood = _posterior(y, known, slope, difficulty, nodes, weights)
    errors = _errors(y, known, slope, difficulty, posterior, nodes, parameters)
    return Items(difficulty, slope, errors[0], errors[1], log_likelihood)


def _responses(responses: ArrayLike) -> tuple[Floats, Floats]:
    """Answers with 0 where unknown, and 1 where known."""
    table = np.asarray(responses, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        raise ShapeMismatch("responses must be learners × items")
    known = ~np.isnan(table)
    if not np.isin(table[known], (0, 1)).all():
        raise OutOfRange("responses must hold only 0, 1 and NaN")
    if not known.any(axis=0).all():
        raise TooShort(f"items {np.flatnonzero(~known.any(axis=0)).tolist()} were never asked")
    return np.where(known, table, 0.0), known.astype(np.float64)


def _quadrature() -> tuple[Floats, Floats]:
    """Nodes and weights for the mean over N(0, 1)."""
    x, w = np.polynomial.hermite_e.hermegauss(NODES)
    return x, w / w.sum()


def _logs(slope: Floats, difficulty: Floats, nodes: Floats) -> tuple[Floats, Floats]:
    """ln P(right) and ln P(wrong), nodes × items."""
    z = slope * (nodes[:, None] - difficulty)
    return -np.logaddexp(0, -z), -np.logaddexp(0, z)


def _posterior(
    y: Floats, known: Floats, slope: Floats, difficulty: Floats, nodes: Floats, weights: Floats
) -> tuple[Floats, float]:
    """P(ability node | answers), learners × nodes, and the log-likelihood."""
    right, wrong = _logs(slope, difficulty, nodes)
    joint = y @ right.T + (known - y) @ wrong.T + np.log(weights)
    top = joint.max(axis=1, keepdims=True)
    shares = np.exp(joint - top)
    total = shares.sum(axis=1, keepdims=True)
    return shares / total, float((np.log(total) + top).sum())


def _maximise(
    slope: Floats, intercept: Floats, right: Floats, asked: Floats, nodes: Floats, parameters: int
) -> tuple[Floats, Floats]:
    """A Newton step on Σ_nodes [right·ln P + (asked - right)·ln(1 - P)] for logit slope·θ + intercept, all
    items at once.
    """
    z = nodes[:, None] * slope + intercept
    p = 1 / (1 + np.exp(-z))
    error, weight = right - asked * p, asked * p * (1 - p)
    theta = nodes[:, None]
    grad_a, grad_c = (error * theta).sum(axis=0), error.sum(axis=0)
    h_aa, h_ac, h_cc = (weight * theta**2).sum(axis=0), (weight * theta).sum(axis=0), weight.sum(axis=0)
    if parameters == 1:
        step_a = (grad_a - h_ac / h_cc * grad_c).sum() / (h_aa - h_ac**2 / h_cc).sum()
        step_a = np.clip(step_a, -0.5, 0.5)
        return np.maximum(slope + step_a, 0.05), intercept + (grad_c - h_ac * step_a) / h_cc
    log_slope = np.log(slope)
    grad_a, h_aa = grad_a - log_slope / 0.49 / slope, h_aa + 1 / (0.49 * slope**2)
    determinant = h_aa * h_cc - h_ac**2
    step_a = np.clip((h_cc * grad_a - h_ac * grad_c) / determinant, -0.5, 0.5)
    step_c = np.clip((h_aa * grad_c - h_ac * grad_a) / determinant, -1.0, 1.0)
    return np.clip(slope + step_a, 0.05, 8.0), intercept + step_c


def _errors(
    y: Floats,
    known: Floats,
    slope: Floats,
    difficulty: Floats,
    posterior: Floats,
    nodes: Floats,
    parameters: int,
) -> tuple[Floats, Floats]:
    """Standard errors of difficulty and discrimination: inverse of Σ over learners of score·scoreᵀ."""
    right, _ = _logs(slope, difficulty, nodes)
    p = np.exp(right)
    error = posterior.sum(axis=1, keepdims=True) * y - known * (posterior @ p)  # E[y - P]
    along = (posterior @ nodes)[:, None] * y - known * (posterior @ (nodes[:, None] * p))  # E[θ·(y - P)]
    by_difficulty = -slope * error
    by_slope = along - difficulty * error
    scores = np.hstack([by_difficulty, by_slope.sum(axis=1, keepdims=True) if parameters == 1 else by_slope])
    covariance = np.linalg.pinv(scores.T @ scores, hermitian=True)
    deviation = np.sqrt(np.maximum(np.diag(covariance), 0))
    items = y.shape[1]
    return deviation[:items], np.broadcast_to(deviation[items:], items).copy()
