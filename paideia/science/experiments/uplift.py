"""Whom does it move: the effect of a treatment on each person, and whether acting on it pays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, between, library, matrix, outcomes, same_length, vector
from paideia.science.errors import OutOfRange


@dataclass(frozen=True, slots=True)
class UpliftModel:
    """Predicts by how much treatment changes the outcome."""

    method: str
    models: tuple[Any, ...]

    def uplift(self, features: ArrayLike) -> Floats:
        """Expected change of the outcome for each row of features."""
        x = matrix(features, "features")
        if self.method == "two-model":
            treated, control = (_expect(model, x) for model in self.models)
            return treated - control
        return np.asarray(self.models[0].predict(x), dtype=np.float64)


def two_model(features: ArrayLike, treated: ArrayLike, outcome: ArrayLike, *, seed: int = 0) -> UpliftModel:
    """One model of the outcome among the treated, one among the rest; uplift is their difference.

    Gradient-boosted trees for each (a classifier where the outcome is 0 or 1). Simple and strong where
    effects are large; the two models' errors add (Radcliffe & Surry 2011).

    Raises `OutOfRange`.
    """
    x, t, y = _trial(features, treated, outcome)
    return UpliftModel("two-model", tuple(_learner(x[t == side], y[t == side], seed) for side in (1, 0)))


def transformed_outcome(
    features: ArrayLike, treated: ArrayLike, outcome: ArrayLike, *, share: float = 0.5, seed: int = 0
) -> UpliftModel:
    """One regression on Y* = Y·(T - e)/(e·(1 - e)), whose mean given X is the uplift (Athey & Imbens 2015).

    `share` is the probability e of treatment, known from the experiment's design. Unbiased but noisy: wants
    many people. The outcome is centred first, which leaves the mean and lowers the noise.

    Raises `OutOfRange`.
    """
    x, t, y = _trial(features, treated, outcome)
    between(share, "share", 0, 1, open_ends=True)
    star = (y - y.mean()) * (t - share) / (share * (1 - share))
    trees = library("sklearn.ensemble").HistGradientBoostingRegressor(
        max_iter=80,
        learning_rate=0.05,
        max_leaf_nodes=8,
        min_samples_leaf=max(20, len(y) // 50),
        random_state=seed,
    )
    return UpliftModel("transformed outcome", (trees.fit(x, star),))


@dataclass(frozen=True, slots=True)
class Qini:
    """How much outcome is gained by treating those with the highest predicted uplift first."""

    targeted: Floats
    """Shares of the people treated, 0 … 1."""
    gained: Floats
    """Incremental outcomes per person of the whole group, at each share."""
    coefficient: float
    """Area between the curve and treating at random; above 0 the ranking is worth something."""
    low: float
    high: float
    """Bootstrap interval of the coefficient."""


def qini(
    uplift: ArrayLike,
    treated: ArrayLike,
    outcome: ArrayLike,
    *,
    rng: np.random.Generator,
    resamples: int = 200,
    level: float = 0.95,
) -> Qini:
    """The Qini curve on people who took part in an experiment and were not used for fitting (Radcliffe 2007).

    Sorted by falling uplift, g(k) = (Y_t(k) - Y_c(k)·N_t(k)/N_c(k)) / N_t for the first k people; the
    coefficient is the area under g minus that of the straight line to its end. Interval by resampling
    people.
    """
    u, t, y = vector(uplift, "uplift", least=10), outcomes(treated, "treated"), vector(outcome, "outcome")
    same_length(uplift=u, treated=t, outcome=y)
    between(level, "level", 0, 1, open_ends=True)
    order = np.argsort(-u, kind="stable")
    gained = _gains(t[order], y[order])
    targeted = np.linspace(0, 1, len(gained))
    drawn = []
    for _ in range(resamples):
        rows = np.sort(rng.integers(0, len(u), len(u)))
        if 0 < t[order[rows]].sum() < len(rows):
            drawn.append(_area(_gains(t[order[rows]], y[order[rows]])))
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return Qini(targeted, gained, _area(gained), float(low), float(high))


def _gains(t: Ints, y: Floats) -> Floats:
    n_t, n_c = np.cumsum(t), np.cumsum(1 - t)
    y_t, y_c = np.cumsum(y * t), np.cumsum(y * (1 - t))
    gains = (y_t - y_c * n_t / np.maximum(n_c, 1)) / n_t[-1]
    return np.concatenate(([0.0], gains))


def _area(gained: Floats) -> float:
    straight = np.linspace(0, gained[-1], len(gained))
    return float(np.trapezoid(gained - straight, dx=1 / (len(gained) - 1)))


def _trial(features: ArrayLike, treated: ArrayLike, outcome: ArrayLike) -> tuple[Floats, Ints, Floats]:
    x, t, y = matrix(features, "features", least=20), outcomes(treated, "treated"), vector(outcome, "outcome")
    same_length(features=x, treated=t, outcome=y)
    if min(t.sum(), (1 - t).sum()) < 10:
        raise OutOfRange("each group needs at least 10 people")
    return x, t, y


def _learner(x: Floats, y: Floats, seed: int) -> Any:
    ensemble = library("sklearn.ensemble")
    binary = np.isin(y, (0, 1)).all() and np.ptp(y) > 0
    kind = ensemble.HistGradientBoostingClassifier if binary else ensemble.HistGradientBoostingRegressor
    model = kind(
        max_iter=80,
        learning_rate=0.05,
        max_leaf_nodes=8,
        min_samples_leaf=max(20, len(y) // 50),
        random_state=seed,
    )
    return model.fit(x, y)


def _expect(model: Any, x: Floats) -> Floats:
    values = model.predict_proba(x)[:, 1] if hasattr(model, "predict_proba") else model.predict(x)
    return np.asarray(values, dtype=np.float64)
