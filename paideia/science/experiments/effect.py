"""How much did it do: differences of means and ratios, with pre-period adjustment (CUPED), and power."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, between, library, positive, same_length, varies, vector
from paideia.science.errors import OutOfRange


@dataclass(frozen=True, slots=True)
class Effect:
    """Treatment minus control."""

    difference: float
    variance: float
    """Of the difference, as an estimator."""
    low: float
    high: float
    p_value: float
    """Two-sided, for one look; for repeated looks see `always_valid`."""
    variance_left: float = 1.0
    """Share of the variance that adjustment left: .6 is what 40 % fewer users would cost without it."""


def difference(treated: ArrayLike, control: ArrayLike, *, level: float = 0.95) -> Effect:
    """Difference of means with Welch's interval: variance s²_t/n_t + s²_c/n_c, Satterthwaite's freedom."""
    t, c = vector(treated, "treated", least=2), vector(control, "control", least=2)
    between(level, "level", 0, 1, open_ends=True)
    parts = t.var(ddof=1) / len(t), c.var(ddof=1) / len(c)
    variance = float(sum(parts))
    freedom = variance**2 / max(parts[0] ** 2 / (len(t) - 1) + parts[1] ** 2 / (len(c) - 1), 1e-300)
    return _effect(float(t.mean() - c.mean()), variance, max(freedom, 1.0), level)


def cuped(
    treated: ArrayLike,
    control: ArrayLike,
    *,
    treated_before: ArrayLike,
    control_before: ArrayLike,
    level: float = 0.95,
) -> Effect:
    """Difference of means adjusted by what the same people did before (Deng, Xu, Kohavi & Walker 2013).

    Y' = Y - θ·(X - mean X), θ = cov(X, Y)/var(X) within the groups, pooled. Unbiased because X was there
    before the treatment; the variance falls by the factor 1 - ρ². `…_before` may be matrices of several
    columns.
    """
    t, c = vector(treated, "treated", least=3), vector(control, "control", least=3)
    before_t, before_c = _columns(treated_before), _columns(control_before)
    same_length(treated=t, treated_before=before_t)
    same_length(control=c, control_before=before_c)
    within = np.vstack([before_t - before_t.mean(axis=0), before_c - before_c.mean(axis=0)])
    varies(within, "what happened before")
    outcome = np.r_[t - t.mean(), c - c.mean()]
    theta = np.linalg.lstsq(within, outcome, rcond=None)[0]
    centre = np.vstack([before_t, before_c]).mean(axis=0)
    plain = difference(t, c, level=level)
    adjusted = difference(t - (before_t - centre) @ theta, c - (before_c - centre) @ theta, level=level)
    left = adjusted.variance / plain.variance if plain.variance > 0 else 1.0
    return Effect(adjusted.difference, adjusted.variance, adjusted.low, adjusted.high, adjusted.p_value, left)


def ratio_difference(
    treated: ArrayLike,
    treated_base: ArrayLike,
    control: ArrayLike,
    control_base: ArrayLike,
    *,
    level: float = 0.95,
) -> Effect:
    """Difference of ratios of sums (clicks per page where people are assigned), by the delta method.

    For each group R = ΣY/ΣZ with variance Σ (Y_i - R·Z_i)² / (n - 1) · n / (ΣZ)² (Deng, Knoblich & Lu 2018,
    eq. 3).

    Raises `OutOfRange`.
    """
    groups = []
    for y, z, name in ((treated, treated_base, "treated"), (control, control_base, "control")):
        top, base = vector(y, name, least=2), vector(z, f"{name}_base", least=2)
        n = same_length(**{name: top, f"{name}_base": base})
        if base.sum() <= 0:
            raise OutOfRange(f"{name}_base must have a sum above zero")
        ratio = top.sum() / base.sum()
        groups.append((ratio, ((top - ratio * base) ** 2).sum() / (n - 1) * n / base.sum() ** 2, n))
    (r_t, v_t, n_t), (r_c, v_c, n_c) = groups
    return _effect(float(r_t - r_c), float(v_t + v_c), float(n_t + n_c - 2), level)


def people_needed(
    effect: float, *, deviation: float, share: float = 0.5, level: float = 0.05, power: float = 0.8
) -> int:
    """People in both groups together so that a difference of `effect` is found with probability `power`.

    N = (z_{1-level/2} + z_power)² · deviation² / (effect² · share · (1 - share)). For a proportion p take
    deviation = √(p·(1 - p)); with CUPED multiply the deviation by √`variance_left`.

    Raises `OutOfRange`.
    """
    if effect == 0:
        raise OutOfRange("effect must not be 0: no number of people finds nothing")
    positive(deviation, "deviation")
    for value, name in ((share, "share"), (level, "level"), (power, "power")):
        between(value, name, 0, 1, open_ends=True)
    ppf = library("scipy.stats").norm.ppf
    reach = ppf(1 - level / 2) + ppf(power)
    return int(np.ceil((reach * deviation / effect) ** 2 / (share * (1 - share))))


def detectable(
    people: int, *, deviation: float, share: float = 0.5, level: float = 0.05, power: float = 0.8
) -> float:
    """The smallest difference that so many people find with probability `power`: inverts `people_needed`."""
    positive(people, "people")
    positive(deviation, "deviation")
    ppf = library("scipy.stats").norm.ppf
    return float((ppf(1 - level / 2) + ppf(power)) * deviation / np.sqrt(people * share * (1 - share)))


def _columns(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    return vector(array, "before")[:, None] if array.ndim == 1 else array


def _effect(value: float, variance: float, freedom: float, level: float) -> Effect:
    student = library("scipy.stats").t
    deviation = np.sqrt(variance)
    reach = float(student.ppf((1 + level) / 2, freedom) * deviation)
    certain = 1.0 if value == 0 else 0.0
    p = float(2 * student.sf(abs(value) / deviation, freedom)) if deviation > 0 else certain
    return Effect(value, variance, value - reach, value + reach, p)
