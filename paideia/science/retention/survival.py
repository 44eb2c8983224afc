"""How long members stay: Kaplan-Meier curves, the log-rank test, and Cox regression with its own check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import (
    Bools,
    Floats,
    Ints,
    between,
    library,
    matrix,
    same_length,
    varies,
    vector,
    whole,
)
from paideia.science.errors import NotConverged, OneClass, OutOfRange, ShapeMismatch


@dataclass(frozen=True, slots=True)
class Survival:
    """A step curve: the share still there just after each time at which somebody left."""

    times: Floats
    share: Floats
    low: Floats
    high: Floats
    at_risk: Ints
    left: Ints

    def at(self, time: ArrayLike) -> Floats:
        """Share still there at each time; NaN after the last observation, where nothing is known."""
        moments = np.atleast_1d(np.asarray(time, dtype=np.float64))
        place = np.searchsorted(self.times, moments, side="right") - 1
        share = np.where(place >= 0, self.share[np.maximum(place, 0)], 1.0)
        return np.where(moments > self.times[-1], np.nan, share)

    def median(self) -> float:
        """First time at which half or fewer are left; infinite if more than half stay throughout."""
        passed = np.flatnonzero(self.share <= 0.5 + 1e-12)
        return float(self.times[passed[0]]) if len(passed) else float("inf")

    def mean_until(self, horizon: float) -> float:
        """Mean time stayed within the horizon: the area under the curve."""
        inside = self.times < horizon
        edges = np.concatenate(([0.0], self.times[inside], [horizon]))
        heights = np.concatenate(([1.0], self.share[inside]))
        return float((np.diff(edges) * heights).sum())


def kaplan_meier(duration: ArrayLike, left: ArrayLike, *, level: float = 0.95) -> Survival:
    """Kaplan & Meier (1958): S(t) = Π (1 - d_i/n_i), with Greenwood's variance on the log(-log) scale.

    `duration` is how long each member was observed to stay, `left` 1 if they then left and 0 if they are
    still there (or were lost from sight). Censored at the same time as a departure counts as at risk.

    Raises `OneClass` or `OutOfRange`.
    """
    t, d = _observed(duration, left)
    between(level, "level", 0, 1, open_ends=True)
    times, place = np.unique(t, return_inverse=True)
    gone = np.bincount(place, weights=d).astype(np.int64)
    out = np.bincount(place)
    at_risk = len(t) - np.concatenate(([0], np.cumsum(out)[:-1]))
    share = np.cumprod(1 - gone / at_risk)
    low, high = _greenwood(share, gone, at_risk, level)
    return Survival(times, share, low, high, at_risk, gone)


@dataclass(frozen=True, slots=True)
class LogRank:
    """Whether groups leave at different speeds."""

    statistic: float
    freedom: int
    p_value: float
    observed: Floats
    expected: Floats
    """Departures of each group, and what they would be if all left alike."""


def log_rank(duration: ArrayLike, left: ArrayLike, group: ArrayLike) -> LogRank:
    """The log-rank test for two or more groups (Mantel 1966; Peto & Peto 1972).

    Z = Σ over departures of (observed - expected), χ² = Z'·V⁻¹·Z with the hypergeometric covariance.

    Raises `OneClass` or `OutOfRange`.
    """
    t, d = _observed(duration, left)
    names, code = np.unique(np.asarray(group), return_inverse=True)
    same_length(duration=t, group=code)
    if len(names) < 2:
        raise OneClass("group holds only one group: there is nothing to compare")
    times = np.unique(t[d == 1])
    k = len(names)
    leaving = np.zeros((len(times), k))
    risk = np.zeros((len(times), k))
    for j in range(k):
        own = np.sort(t[code == j])
        risk[:, j] = len(own) - np.searchsorted(own, times, side="left")
        leaving[:, j] = np.bincount(np.searchsorted(times, t[(code == j) & (d == 1)]), minlength=len(times))
    n, gone = risk.sum(axis=1), leaving.sum(axis=1)
    share = risk / n[:, None]
    expected = (gone[:, None] * share).sum(axis=0)
    spread = gone * (n - gone) / np.maximum(n - 1, 1)
    covariance = np.diag((spread[:, None] * share).sum(axis=0)) - (spread[:, None] * share).T @ share
    z = (leaving.sum(axis=0) - expected)[:-1]
    statistic = float(z @ np.linalg.pinv(covariance[:-1, :-1]) @ z)
    p = float(library("scipy.stats").chi2.sf(statistic, k - 1))
    return LogRank(statistic, k - 1, p, leaving.sum(axis=0), expected)


@dataclass(frozen=True, slots=True)
class Cox:
    """A fitted proportional-hazards model: hazard(t) = base(t) · exp(Σ coefficient · column)."""

    names: tuple[str, ...]
    coefficients: Floats
    low: Floats
    high: Floats
    p_values: Floats
    concordance: float
    """Share of comparable pairs whose order of leaving it tells (Harrell's C)."""
    proportional_p: Floats
    """For each column, p of the test that its hazard ratio is the same at all times; small: it is not."""
    model: Any

    def hazard_ratio(self, columns: ArrayLike) -> Floats:
        """Hazard of each row beside a member with average columns. Raises `ShapeMismatch`."""
        x = self._rows(columns)
        return np.asarray(self.model.predict_partial_hazard(x), dtype=np.float64)

    def survival(self, columns: ArrayLike, times: ArrayLike) -> Floats:
        """Share still there, shape (rows, times). Raises `ShapeMismatch`."""
        x = self._rows(columns)
        return np.asarray(
            self.model.predict_survival_function(x, times=np.asarray(times)).T, dtype=np.float64
        )

    def _rows(self, columns: ArrayLike) -> Any:
        x = matrix(columns, "columns")
        if x.shape[1] != len(self.names):
            raise ShapeMismatch(f"columns must be {', '.join(self.names)}; {x.shape[1]} were given")
        return library("pandas").DataFrame(x, columns=list(self.names))


def fit_cox(
    columns: ArrayLike,
    duration: ArrayLike,
    left: ArrayLike,
    *,
    names: tuple[str, ...],
    penalty: float = 0.0,
    level: float = 0.95,
) -> Cox:
    """Cox (1972) by lifelines (Efron's ties), with the test of proportional hazards of Grambsch & Therneau
    (1994).

    `penalty` is a ridge on standardised columns; use some where columns are nearly collinear.

    Raises `NotConverged`, `OneClass`, `OutOfRange` or `ShapeMismatch`.
    """
    x = matrix(columns, "columns")
    t, d = _observed(duration, left)
    same_length(columns=x, duration=t)
    if x.shape[1] != len(names):
        raise ShapeMismatch(f"{len(names)} names for {x.shape[1]} columns")
    varies(x, "columns")
    lifelines, statistics = library("lifelines"), library("lifelines.statistics")
    exceptions = library("lifelines.exceptions")
    frame = library("pandas").DataFrame(x, columns=list(names)).assign(duration=t, left=d)
    model = lifelines.CoxPHFitter(penalizer=penalty, alpha=1 - level)
    try:
        model.fit(frame, "duration", "left")
    except exceptions.ConvergenceError as error:
        raise NotConverged(f"Cox regression found no optimum; look for collinear columns: {error}") from error
    table = model.summary
    check = statistics.proportional_hazard_test(model, frame, time_transform="rank")
    columns_p = np.array([float(check.summary.loc[name, "p"]) for name in names])
    bounds = model.confidence_intervals_.to_numpy()
    return Cox(
        names,
        table["coef"].to_numpy(),
        bounds[:, 0],
        bounds[:, 1],
        table["p"].to_numpy(),
        float(model.concordance_index_),
        columns_p,
        model,
    )


def _observed(duration: ArrayLike, left: ArrayLike) -> tuple[Floats, Ints]:
    t, d = vector(duration, "duration", least=2), whole(left, "left", least=2)
    same_length(duration=t, left=d)
    if (t < 0).any():
        raise OutOfRange("duration must be at least 0")
    known: Bools = np.isin(d, (0, 1))
    if not known.all():
        raise OutOfRange("left must hold only 0 and 1")
    if not d.any():
        raise OneClass("nobody left: there is nothing to learn about leaving")
    return t, d


def _greenwood(share: Floats, gone: Ints, at_risk: Ints, level: float) -> tuple[Floats, Floats]:
    z = library("scipy.stats").norm.ppf((1 + level) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        summed = np.cumsum(np.where(at_risk > gone, gone / (at_risk * (at_risk - gone)), np.inf))
        log_share = np.log(share)
        reach = z * np.sqrt(summed) / np.abs(log_share)
        low, high = share ** np.exp(reach), share ** np.exp(-reach)
    untouched, nobody = share == 1, share == 0
    return np.where(untouched, 1.0, np.where(nobody, 0.0, low)), np.where(
        untouched, 1.0, np.where(nobody, 0.0, high)
    )
