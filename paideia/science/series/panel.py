"""What moves what, within the same unit over time: panel regression with fixed effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, between, library, matrix, same_length, vector
from paideia.science.errors import ConstantInput, NotConverged, OneClass, OutOfRange, ShapeMismatch, TooShort

Effects = Literal["none", "unit", "both"]


@dataclass(frozen=True, slots=True)
class Panel:
    """Y_it = Σ coefficient · X_it + effect of the unit (+ effect of the time) + error."""

    names: tuple[str, ...]
    coefficients: Floats
    errors: Floats
    """Standard errors."""
    low: Floats
    high: Floats
    p_values: Floats
    within_r2: float
    """Share of the variance within units (and times) that the columns explain."""
    unit_effects: Floats
    """Mean of Y - Σ coefficient · X of each unit, units in rising order."""
    rows: int
    units: int
    clusters: int
    """0 where the errors are the classical ones."""


def fit_panel(
    outcome: ArrayLike,
    columns: ArrayLike,
    *,
    unit: ArrayLike,
    names: tuple[str, ...],
    time: ArrayLike | None = None,
    effects: Effects = "unit",
    cluster: ArrayLike | Literal["unit"] | None = "unit",
    level: float = 0.95,
) -> Panel:
    """Least squares on what is left of Y (rows,) and X (rows, columns) after the effects are taken out.

    The within transformation subtracts each unit's mean; with effects "both" also each time's, by turns
    until nothing moves (Gaure 2013), so that the panel need not be balanced. "none" subtracts the overall
    mean. Standard errors are clustered (Liang & Zeger 1986) by `cluster`, with G clusters and K parameters

        V = G/(G - 1)·(N - 1)/(N - K) · (X'X)⁻¹ · Σ_g X_g'u_g·u_g'X_g · (X'X)⁻¹

    and bounds of Student's t with G - 1 degrees (Cameron & Miller 2015, §II and §VI); K counts the columns
    and the constant (effects of units lie within clusters), and the effects of times where there are any.
    `cluster=None` gives the classical errors with N - K degrees, K with all effects: only for errors that
    are independent in time. Below some thirty clusters even clustered bounds are too narrow.

    Raises `ConstantInput`, `NotConverged`, `OneClass`, `OutOfRange`, `ShapeMismatch` or `TooShort`.
    """
    y, x = vector(outcome, "outcome", least=3), matrix(columns, "columns")
    _, who = np.unique(np.asarray(unit), return_inverse=True)
    same_length(outcome=y, columns=x, unit=who)
    between(level, "level", 0, 1, open_ends=True)
    if x.shape[1] != len(names):
        raise ShapeMismatch(f"{len(names)} names for {x.shape[1]} columns")
    groups = _groups(who, time, effects)
    inner = np.column_stack([_within(v, groups) for v in (y, *x.T)])
    y_in, x_in = inner[:, 0], inner[:, 1:]
    still = [n for n, a, b in zip(names, x_in.T, x.T, strict=True) if a.std() <= 1e-9 * max(b.std(), 1e-300)]
    if still:
        raise ConstantInput(f"{', '.join(still)} does not vary beside the effects: nothing can be said of it")
    if np.linalg.matrix_rank(x_in) < len(names):
        raise ConstantInput("some columns are combinations of others once the effects are taken out")
    absorbed = 1 + sum(int(g.max()) for g in groups)
    if len(y) - absorbed - len(names) < 1:
        raise TooShort(f"{len(y)} rows for {absorbed} effects and {len(names)} columns")
    inverse: Floats = np.asarray(np.linalg.inv(x_in.T @ x_in), dtype=np.float64)
    beta = inverse @ (x_in.T @ y_in)
    left = y_in - x_in @ beta
    if cluster is None:
        freedom, count = len(y) - absorbed - len(names), 0
        covariance = inverse * float(left @ left) / freedom
    else:
        rows = who if isinstance(cluster, str) else np.unique(np.asarray(cluster), return_inverse=True)[1]
        same_length(outcome=y, cluster=rows)
        parameters = len(names) + 1 + (int(groups[1].max()) if effects == "both" else 0)
        covariance, count = _clustered(x_in, left, inverse, rows, parameters)
        freedom = count - 1
    errors = np.sqrt(np.diag(covariance))
    student = library("scipy.stats").t
    reach = student.ppf((1 + level) / 2, freedom) * errors
    p_values = 2 * student.sf(np.abs(beta) / errors, freedom)
    total = float(y_in @ y_in)
    r2 = 1 - float(left @ left) / total if total > 0 else 0.0
    own = np.bincount(who, weights=y - x @ beta) / np.bincount(who)
    return Panel(names, beta, errors, beta - reach, beta + reach, p_values, r2, own, len(y), len(own), count)


def _groups(who: Ints, time: ArrayLike | None, effects: Effects) -> list[Ints]:
    if effects == "none":
        return [np.zeros(len(who), dtype=np.int64)]
    if who.max() == 0:
        raise OneClass("unit holds only one unit: there is no other to compare, use a plain regression")
    if effects == "unit":
        return [who]
    if effects != "both":
        raise OutOfRange(f"effects must be none, unit or both, they are {effects}")
    if time is None:
        raise OutOfRange("effects of both need `time`")
    _, when = np.unique(np.asarray(time), return_inverse=True)
    same_length(unit=who, time=when)
    if when.max() == 0:
        raise OneClass("time holds only one time: there is nothing within units")
    return [who, when]


def _within(values: Floats, groups: list[Ints], *, rounds_max: int = 10_000) -> Floats:
    """Subtract group means by turns; one turn is exact for one grouping, two for a balanced panel."""
    inner: Floats = np.asarray(values - values.mean(), dtype=np.float64)
    size = float(np.abs(inner).max()) or 1.0
    for _ in range(rounds_max):
        before = inner
        for group in groups:
            means = np.bincount(group, weights=inner) / np.bincount(group)
            inner = np.asarray(inner - means[group], dtype=np.float64)
        if len(groups) == 1 or np.abs(inner - before).max() < 1e-12 * size:
            return inner
    raise NotConverged("units and times hang together too loosely to tell their effects apart")


def _clustered(x: Floats, left: Floats, inverse: Floats, rows: Ints, parameters: int) -> tuple[Floats, int]:
    count = int(rows.max()) + 1
    if count < 2:
        raise OneClass("cluster holds only one cluster: nothing can be said of the errors")
    scores = np.stack([np.bincount(rows, weights=column * left, minlength=count) for column in x.T], axis=1)
    n = len(left)
    factor = count / (count - 1) * (n - 1) / (n - parameters)
    covariance: Floats = factor * inverse @ (scores.T @ scores) @ inverse
    return covariance, count
