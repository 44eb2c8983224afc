"""Why a rate changed: because the mix changed, because rates changed within groups, or because factors did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import factorial
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.activity.regression import Columns, stacked
from paideia.science.checks import Floats, same_length, vector
from paideia.science.errors import EmptyInput, OutOfRange, ShapeMismatch, TooShort

FACTORS_MAX = 12


@dataclass(frozen=True, slots=True)
class RateChange:
    """after - before = Σ mix + Σ within, exactly; one entry for each group."""

    before: float
    after: float
    mix: Floats
    """Because the group's share of all changed; above 0 where a group above average grew."""
    within: Floats
    """Because the group's own rate changed."""


def mix_and_within(
    size_before: ArrayLike, rate_before: ArrayLike, size_after: ArrayLike, rate_after: ArrayLike
) -> RateChange:
    """Split the change of a rate over groups (Kitagawa 1955): both parts with the other at its mean.

    w are shares of the sizes and r rates, with mean r̄ and w̄ over before and after and R̄ that of the whole:

        mix_i = (w'_i - w_i)·(r̄_i - R̄),     within_i = w̄_i·(r'_i - r_i)

    R̄ leaves the sum as it is, since shares sum to 1. Of two factors this is the Shapley value, so no order
    is preferred. The rate of a group of size 0 is not looked at: all that it brings is mix.

    Raises `OutOfRange`.
    """
    w = [vector(s, name) for s, name in ((size_before, "size_before"), (size_after, "size_after"))]
    r = [np.asarray(rate_before, dtype=np.float64), np.asarray(rate_after, dtype=np.float64)]
    same_length(size_before=w[0], rate_before=r[0], size_after=w[1], rate_after=r[1])
    if min(w[0].min(), w[1].min()) < 0 or min(w[0].sum(), w[1].sum()) <= 0:
        raise OutOfRange("sizes must be at least 0 with a sum above 0, before and after")
    share = [size / size.sum() for size in w]
    here, there = (np.where(size > 0, rate, np.nan) for size, rate in zip(w, r, strict=True))
    here, there = np.where(np.isnan(here), there, here), np.where(np.isnan(there), here, there)
    here, there = (np.where((w[0] > 0) | (w[1] > 0), rate, 0.0) for rate in (here, there))
    for size, rate, name in ((w[0], r[0], "rate_before"), (w[1], r[1], "rate_after")):
        vector(rate[size > 0], name)
    before, after = float(share[0] @ here), float(share[1] @ there)
    mix = (share[1] - share[0]) * ((here + there) / 2 - (before + after) / 2)
    return RateChange(before, after, mix, (share[0] + share[1]) / 2 * (there - here))


def change_by_factor(
    value: Callable[..., float], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, float]:
    """What each factor contributed to value(**after) - value(**before), exactly (Das Gupta 1993; Shorrocks
    2013).

    The Shapley value: the mean, over all orders in which the factors may change one by one, of the step
    that a factor makes. A factor may be a number or an array, as `value` likes it: new members = visitors ·
    share who sign up · share who stay, or a rate over groups.

    Raises `EmptyInput`, `OutOfRange` or `ShapeMismatch`.
    """
    names = list(before)
    if set(names) != set(after):
        raise ShapeMismatch(f"before and after must name the same factors: {sorted(set(names) ^ set(after))}")
    if not names:
        raise EmptyInput("before is empty: name at least one factor")
    if len(names) > FACTORS_MAX:
        raise OutOfRange(f"{len(names)} factors are too many: at most {FACTORS_MAX}")
    size = len(names)
    values = [
        float(value(**{n: (after if subset >> k & 1 else before)[n] for k, n in enumerate(names)}))
        for subset in range(2**size)
    ]
    effect = dict.fromkeys(names, 0.0)
    for subset in range(2**size):
        count = subset.bit_count()
        for k, name in enumerate(names):
            if not subset >> k & 1:
                weight = factorial(count) * factorial(size - 1 - count) / factorial(size)
                effect[name] += weight * (values[subset | 1 << k] - values[subset])
    return effect


@dataclass(frozen=True, slots=True)
class Gap:
    """Mean of group a minus mean of group b, and what it is made of; sums over names are exact."""

    names: tuple[str, ...]
    gap: float
    explained: Floats
    """One for each name: because the groups differ in the column."""
    unexplained: Floats
    """One for each name: because the column counts differently in the groups."""
    unexplained_intercept: float
    """What is left at the origin: it and `unexplained` depend on where a column's 0 lies, their sum does
    not.
    """
    endowments: float
    coefficients: float
    interaction: float
    """The three-fold split: gap = endowments + coefficients + interaction."""


def oaxaca_blinder(
    columns_a: Columns,
    outcome_a: ArrayLike,
    columns_b: Columns,
    outcome_b: ArrayLike,
    *,
    reference: Literal["pooled", "average"] = "pooled",
) -> Gap:
    """Split a difference of means by regressions within two groups or periods (Oaxaca 1973; Blinder 1973).

    With β* the reference, explained_j = (x̄a_j - x̄b_j)·β*_j and unexplained_j = x̄a_j·(βa_j - β*_j) +
    x̄b_j·(β*_j - βb_j). pooled: β* from both together with an indicator of the group (Jann 2008). average:
    β* = (βa + βb)/2 (Reimers 1983), which on indicators of groups is Kitagawa's split. Three-fold:
    endowments (x̄a - x̄b)'βb, coefficients x̄b'(βa - βb), interaction (x̄a - x̄b)'(βa - βb).

    Raises `OutOfRange`, `ShapeMismatch` or `TooShort`.
    """
    if list(columns_a) != list(columns_b):
        raise ShapeMismatch("columns_a and columns_b must name the same columns in the same order")
    a, b = _design(columns_a), _design(columns_b)
    y_a, y_b = vector(outcome_a, "outcome_a"), vector(outcome_b, "outcome_b")
    same_length(columns_a=a, outcome_a=y_a)
    same_length(columns_b=b, outcome_b=y_b)
    beta_a, beta_b = _coefficients(a, y_a, "a"), _coefficients(b, y_b, "b")
    middle = (beta_a + beta_b) / 2
    if reference == "pooled":
        both = np.hstack([np.vstack([a, b]), np.repeat([1.0, 0.0], (len(a), len(b)))[:, None]])
        middle = _coefficients(both, np.concatenate([y_a, y_b]), "both groups together")[:-1]
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    explained = (mean_a - mean_b) * middle
    unexplained = mean_a * (beta_a - middle) + mean_b * (middle - beta_b)
    return Gap(
        names=tuple(str(name) for name in columns_a),
        gap=float(y_a.mean() - y_b.mean()),
        explained=explained[1:],
        unexplained=unexplained[1:],
        unexplained_intercept=float(unexplained[0]),
        endowments=float((mean_a - mean_b) @ beta_b),
        coefficients=float(mean_b @ (beta_a - beta_b)),
        interaction=float((mean_a - mean_b) @ (beta_a - beta_b)),
    )


def _design(columns: Columns) -> Floats:
    x = stacked(columns)
    return np.hstack([np.ones((len(x), 1)), x])


def _coefficients(design: Floats, y: Floats, group: str) -> Floats:
    if len(y) <= design.shape[1]:
        raise TooShort(f"group {group} has {len(y)} rows for {design.shape[1]} coefficients")
    scale = np.linalg.norm(design, axis=0)
    beta, _, rank, _ = np.linalg.lstsq(design / np.where(scale > 0, scale, 1.0), y, rcond=1e-12)
    if rank < design.shape[1]:
        raise OutOfRange(f"in {group} a column is constant or a combination of others: leave it out")
    return np.asarray(beta / scale)
