"""What drives satisfaction: shares of the variance explained, ranked, with intervals; and levels in order."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.activity.regression import Columns, stacked
from paideia.science.checks import (
    Floats,
    Ints,
    between,
    library,
    positive,
    same_length,
    varies,
    vector,
    whole,
)
from paideia.science.errors import NotConverged, OneClass, OutOfRange, TooShort

DRIVERS_MAX = 10
"""Every subset of the drivers is looked at: 2¹⁰ of them at most."""


@dataclass(frozen=True, slots=True)
class Drivers:
    """What the columns contribute to the outcome, in the order given."""

    names: tuple[str, ...]
    standardised: Floats
    """Outcome's standard deviations for one standard deviation of the column, the others as they are."""
    share: Floats
    """Part of the outcome's variance that is this column's; together R²."""
    low: Floats
    high: Floats
    """Bootstrap interval of the share."""
    first: Floats
    """Part of the resamples in which this column's share is the greatest."""
    r_squared: float

    @property
    def ranked(self) -> list[str]:
        """Names by falling share."""
        return [self.names[k] for k in np.argsort(-self.share, kind="stable")]


def drivers(
    columns: Columns,
    outcome: ArrayLike,
    *,
    resamples: int = 500,
    level: float = 0.95,
    rng: np.random.Generator,
) -> Drivers:
    """Shapley shares of R² (Lindeman, Merenda & Gold 1980; Grömping 2006), for satisfaction = f(content
    quality, interaction, incentives) or the like.

    share_j = Σ over subsets S without j of |S|!·(p - 1 - |S|)!/p! · (R²(S + j) - R²(S)): what j adds on
    average over all orders in which the columns may enter. Never below 0 and fair to columns that go
    together, where coefficients are not. Percentile interval over `resamples` draws of members.

    Raises `OutOfRange` or `TooShort`.
    """
    x, y = stacked(columns), vector(outcome, "outcome")
    same_length(columns=x, outcome=y)
    varies(x, "columns")
    varies(y, "outcome")
    n, p = x.shape
    if p > DRIVERS_MAX:
        raise OutOfRange(f"{p} columns are too many to share out among: at most {DRIVERS_MAX}")
    if n < p + 3:
        raise TooShort(f"{n} rows are too few for {p} columns: at least {p + 3} are needed")
    positive(resamples, "resamples")
    between(level, "level", 0, 1, open_ends=True)
    everything = np.hstack([x, y[:, None]])
    correlation = _correlation(everything)
    share = _shares(correlation[None])[0]
    drawn = _shares(np.stack([_drawn(everything, rng) for _ in range(int(resamples))]))
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail], axis=0)
    return Drivers(
        names=tuple(str(name) for name in columns),
        standardised=np.asarray(
            np.linalg.lstsq(correlation[:p, :p], correlation[:p, p], rcond=None)[0], dtype=np.float64
        ),
        share=share,
        low=low,
        high=high,
        first=np.bincount(drawn.argmax(axis=1), minlength=p) / resamples,
        r_squared=float(share.sum()),
    )


def _drawn(everything: Floats, rng: np.random.Generator) -> Floats:
    """Correlations of members drawn with replacement."""
    return _correlation(everything[rng.integers(0, len(everything), len(everything))])


def _correlation(rows: Floats) -> Floats:
    """A column that came out constant goes with nothing."""
    centred = rows - rows.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    unit = centred / np.where(length > 0, length, 1.0)
    return np.asarray(unit.T @ unit)


def _shares(correlation: Floats) -> Floats:
    """Shapley shares for a stack of correlation matrices, the outcome last; shape (stack, columns)."""
    p = correlation.shape[1] - 1
    explained = np.zeros((2**p, len(correlation)))
    for subset in range(1, 2**p):
        own = [k for k in range(p) if subset >> k & 1]
        inner = correlation[:, own][:, :, own]
        outer = correlation[:, own, p]
        explained[subset] = np.einsum("bi,bij,bj->b", outer, np.linalg.pinv(inner, hermitian=True), outer)
    share = np.zeros((len(correlation), p))
    for subset in range(2**p):
        size = subset.bit_count()
        for k in range(p):
            if not subset >> k & 1:
                weight = factorial(size) * factorial(p - 1 - size) / factorial(p)
                share[:, k] += weight * (explained[subset | 1 << k] - explained[subset])
    return share


@dataclass(frozen=True, slots=True)
class Ordinal:
    """Chances of answers in order, such as one to five stars."""

    names: tuple[str, ...]
    levels: Ints
    """The answers that occur, rising."""
    log_odds: Floats
    """Of a higher answer, for one more of the column, whatever answer is taken for high."""
    low: Floats
    high: Floats
    thresholds: Floats
    """Log-odds of each answer or a lower one where all columns are 0; one fewer than levels."""
    log_likelihood: float

    def probability(self, columns: Columns) -> Floats:
        """Chance of each level for each row; shape (rows, levels)."""
        score = stacked({name: columns[name] for name in self.names}) @ self.log_odds
        below = 1 / (1 + np.exp(score[:, None] - self.thresholds[None, :]))
        edges = np.zeros((len(score), 1)), np.ones((len(score), 1))
        return np.diff(np.hstack([edges[0], below, edges[1]]), axis=1)


def fit_ordinal(columns: Columns, answer: ArrayLike, *, level: float = 0.95) -> Ordinal:
    """Proportional odds, logit P(answer ≤ l) = θ_l - x'β (McCullagh 1980, by statsmodels).

    For satisfaction given as stars or steps: the distance between two steps is learned, not assumed.
    Intervals by the curvature of the likelihood.

    Raises `NotConverged` or `OneClass`.
    """
    x, y = stacked(columns), whole(answer, "answer", least=10)
    same_length(columns=x, answer=y)
    varies(x, "columns")
    between(level, "level", 0, 1, open_ends=True)
    levels, code = np.unique(y, return_inverse=True)
    if len(levels) < 2:
        raise OneClass(f"answer holds only {levels[0]}: at least two different answers are needed")
    spread = x.std(axis=0)
    model = library("statsmodels.miscmodels.ordinal_model").OrderedModel(code, x / spread, distr="logit")
    fitted = model.fit(method="bfgs", disp=False, maxiter=500)
    if not fitted.mle_retvals["converged"]:
        raise NotConverged("the likelihood has no optimum: perhaps a column tells the answers apart exactly")
    p = x.shape[1]
    beta, error = np.asarray(fitted.params)[:p] / spread, np.asarray(fitted.bse)[:p] / spread
    reach = library("scipy.stats").norm.ppf((1 + level) / 2)
    thresholds = np.asarray(model.transform_threshold_params(np.asarray(fitted.params)))[1:-1]
    return Ordinal(
        tuple(str(name) for name in columns),
        levels,
        beta,
        beta - reach * error,
        beta + reach * error,
        thresholds,
        float(fitted.llf),
    )
