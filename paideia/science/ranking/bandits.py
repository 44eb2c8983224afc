"""Bandits: learn by showing, and judge another way of choosing from the log of this one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import (
    Floats,
    Ints,
    between,
    library,
    matrix,
    positive,
    same_length,
    vector,
    whole,
)
from paideia.science.errors import OutOfRange, ShapeMismatch


@dataclass(frozen=True, slots=True)
class Thompson:
    """Bernoulli rewards with beta priors, one for each arm (Thompson 1933; Chapelle & Li 2011)."""

    wins: Floats
    losses: Floats
    """Prior counts included."""

    def choose(self, *, rng: np.random.Generator, size: int = 1) -> Ints:
        """Arms to show: for each, the arm whose drawn chance is greatest."""
        return np.asarray(rng.beta(self.wins, self.losses, (size, len(self.wins))).argmax(axis=1))

    def learn(self, arms: ArrayLike, rewards: ArrayLike) -> Thompson:
        """The state after these arms gave these rewards (0 or 1, or shares in between).

        Raises `OutOfRange`.
        """
        shown, gained = whole(arms, "arms", minimum=0), vector(rewards, "rewards")
        same_length(arms=shown, rewards=gained)
        if shown.max() >= len(self.wins):
            raise OutOfRange(f"there are {len(self.wins)} arms, arm {shown.max()} was shown")
        if (gained < 0).any() or (gained > 1).any():
            raise OutOfRange("rewards must lie in [0, 1]")
        size = len(self.wins)
        return Thompson(
            self.wins + np.bincount(shown, weights=gained, minlength=size),
            self.losses + np.bincount(shown, weights=1 - gained, minlength=size),
        )

    def chance_best(self, *, rng: np.random.Generator, draws: int = 10_000) -> Floats:
        """Probability that each arm is the best one."""
        return np.bincount(self.choose(rng=rng, size=draws), minlength=len(self.wins)) / draws


def thompson(arms: int, *, wins: float = 1.0, losses: float = 1.0) -> Thompson:
    """A beginning: every arm with the prior Beta(wins, losses)."""
    positive(arms, "arms")
    return Thompson(np.full(arms, positive(wins, "wins")), np.full(arms, positive(losses, "losses")))


@dataclass(frozen=True, slots=True)
class LinUcb:
    """One ridge regression for each arm (Li, Chu, Langford & Schapire 2010, algorithm 1)."""

    precision: Floats
    """A_a = I + Σ x·xᵀ, shape (arms, d, d)."""
    gathered: Floats
    """b_a = Σ reward·x, shape (arms, d)."""
    width: float
    """α: how many standard deviations of hope."""

    def bounds(self, contexts: ArrayLike) -> Floats:
        """θ_a·x + α·√(xᵀ·A_a⁻¹·x), shape (contexts, arms). Raises `ShapeMismatch`."""
        x = self._contexts(contexts)
        inverse = np.linalg.inv(self.precision)
        theta = np.einsum("aij,aj->ai", inverse, self.gathered)
        spread = np.sqrt(np.maximum(np.einsum("ni,aij,nj->na", x, inverse, x), 0))
        upper: Floats = x @ theta.T + self.width * spread
        return upper

    def choose(self, contexts: ArrayLike) -> Ints:
        """The arm with the greatest bound for each context; ties to the lower number."""
        return np.asarray(self.bounds(contexts).argmax(axis=1))

    def learn(self, contexts: ArrayLike, arms: ArrayLike, rewards: ArrayLike) -> LinUcb:
        """The state after these arms, shown in these contexts, gave these rewards. Raises `ShapeMismatch`."""
        x, shown, gained = (
            self._contexts(contexts),
            whole(arms, "arms", minimum=0),
            vector(rewards, "rewards"),
        )
        same_length(contexts=x, arms=shown, rewards=gained)
        precision, gathered = self.precision.copy(), self.gathered.copy()
        for arm in np.unique(shown):
            rows = x[shown == arm]
            precision[arm] += rows.T @ rows
            gathered[arm] += gained[shown == arm] @ rows
        return LinUcb(precision, gathered, self.width)

    def _contexts(self, contexts: ArrayLike) -> Floats:
        x = matrix(contexts, "contexts")
        if x.shape[1] != self.gathered.shape[1]:
            raise ShapeMismatch(f"contexts have {x.shape[1]} columns, the model {self.gathered.shape[1]}")
        return x


def lin_ucb(arms: int, dimensions: int, *, width: float = 1.0) -> LinUcb:
    """A beginning: nothing known of any arm."""
    positive(arms, "arms")
    positive(dimensions, "dimensions")
    return LinUcb(np.tile(np.eye(dimensions), (arms, 1, 1)), np.zeros((arms, dimensions)), width)


@dataclass(frozen=True, slots=True)
class OffPolicy:
    """What another policy would have earned per showing."""

    value: float
    low: float
    high: float
    effective_size: float
    """(Σw)²/Σw²: how many showings the weighted log is worth."""


def off_policy(
    rewards: ArrayLike,
    logged_chance: ArrayLike,
    new_chance: ArrayLike,
    *,
    method: str = "snips",
    predicted: ArrayLike | None = None,
    predicted_new: ArrayLike | None = None,
    clip: float = np.inf,
    level: float = 0.95,
) -> OffPolicy:
    """The value of a policy from the log of another, with w = new_chance/logged_chance of the arm that was
    shown.

    ips: mean w·r (Horvitz & Thompson 1952), unbiased. snips: Σ w·r/Σ w (Swaminathan & Joachims 2015),
    steadier. dr: mean [r̂_new + w·(r - r̂)] (Dudík, Langford & Li 2011), right if either the chances or the
    reward model are: `predicted` is r̂ of the arm shown, `predicted_new` the mean of r̂ under the new
    policy. `clip` caps w and trades variance for bias. The log must have given every arm that the new
    policy uses a chance.

    Raises `OutOfRange`.
    """
    r, old, new = (
        vector(rewards, "rewards", least=2),
        vector(logged_chance, "logged_chance"),
        vector(new_chance, "new_chance"),
    )
    same_length(rewards=r, logged_chance=old, new_chance=new)
    between(level, "level", 0, 1, open_ends=True)
    if (old <= 0).any() or (old > 1).any():
        raise OutOfRange("logged_chance must lie in (0, 1]: what had no chance cannot be in the log")
    if (new < 0).any() or (new > 1).any():
        raise OutOfRange("new_chance must lie in [0, 1]")
    w = np.minimum(new / old, clip)
    if not w.any():
        raise OutOfRange("the new policy never shows what was shown: the log says nothing about it")
    if method == "ips":
        terms = w * r
    elif method == "snips":
        value = (w @ r) / w.sum()
        terms = value + w * (r - value) / w.mean()  # linearised ratio: right mean and variance
    elif method == "dr":
        if predicted is None or predicted_new is None:
            raise OutOfRange("dr needs predicted and predicted_new")
        terms = vector(predicted_new, "predicted_new") + w * (r - vector(predicted, "predicted"))
    else:
        raise OutOfRange(f"method must be ips, snips or dr, it is {method}")
    mean = float(terms.mean())
    reach = library("scipy.stats").norm.ppf((1 + level) / 2) * terms.std(ddof=1) / np.sqrt(len(terms))
    return OffPolicy(mean, mean - float(reach), mean + float(reach), float(w.sum() ** 2 / (w @ w)))
