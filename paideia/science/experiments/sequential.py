"""Looking as often as one likes: intervals and verdicts that stay valid at every look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, between, positive, same_length, vector
from paideia.science.errors import EmptyInput, OutOfRange


@dataclass(frozen=True, slots=True)
class AlwaysValid:
    """One row for each look; the true effect lies within all intervals at once with probability `level`."""

    low: Floats
    high: Floats
    p_values: Floats
    """Never rising; below 1 - level at some look if and only if 0 has left the interval by then."""


def always_valid(
    differences: ArrayLike, variances: ArrayLike, *, likely_effect: float, level: float = 0.95
) -> AlwaysValid:
    """A confidence sequence for a difference watched over time (mSPRT: Johari, Pekelis & Walsh 2022, §4).

    `differences[k]` is the estimate at look k and `variances[k]` its variance. Mixing the likelihood ratio
    over effects N(0, τ²), τ = `likely_effect`, gives

        Λ = √(v/(v + τ²)) · exp(τ²·d² / (2·v·(v + τ²))),     p = min over looks of 1/Λ
        d ± √(2·v·(v + τ²)/τ² · (ln(1/α) + ½·ln((v + τ²)/v)))

    Exact for normal observations of known variance, asymptotic otherwise: begin with some hundred people.
    `likely_effect` sets where the sequence is tight, not whether it is valid; fix it before looking.
    Intervals are intersected over the looks, so they never widen.

    Raises `OutOfRange`.
    """
    d, v = vector(differences, "differences"), vector(variances, "variances")
    same_length(differences=d, variances=v)
    if (v <= 0).any():
        raise OutOfRange("variances must be above zero: wait until both groups have varied")
    positive(likely_effect, "likely_effect")
    between(level, "level", 0, 1, open_ends=True)
    tau = likely_effect**2
    log_ratio = 0.5 * np.log(v / (v + tau)) + tau * d**2 / (2 * v * (v + tau))
    reach = np.sqrt(2 * v * (v + tau) / tau * (-np.log(1 - level) + 0.5 * np.log((v + tau) / v)))
    return AlwaysValid(
        low=np.maximum.accumulate(d - reach),
        high=np.minimum.accumulate(d + reach),
        p_values=np.minimum.accumulate(np.minimum(1.0, np.exp(-log_ratio))),
    )


@dataclass(frozen=True, slots=True)
class Guard:
    """What can be said of a metric that must not get worse."""

    verdict: Literal["safe", "harmed", "undecided"]
    low: float
    """Always-valid bounds of treatment minus control, at the latest look."""
    high: float
    margin: float


def guard(
    looks: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    margins: Mapping[str, float],
    likely_effects: Mapping[str, float],
    level: float = 0.95,
) -> dict[str, Guard]:
    """Verdict for each metric after every look so far; `looks[name]` is (differences, variances), higher is
    better.

    "safe": the whole interval lies above -margin; "harmed": below it; else "undecided". The level is shared
    out over the metrics (Bonferroni), so that all verdicts together are wrong with probability at most 1 -
    level, at any time.

    Raises `EmptyInput` or `OutOfRange`.
    """
    if not looks:
        raise EmptyInput("looks is empty: name at least one metric")
    verdicts = {}
    for name, (differences, variances) in looks.items():
        margin = margins[name]
        if margin < 0:
            raise OutOfRange(f"the margin of {name} must be at least 0, it is {margin:g}")
        sequence = always_valid(
            differences,
            variances,
            likely_effect=likely_effects[name],
            level=1 - (1 - level) / len(looks),
        )
        low, high = float(sequence.low[-1]), float(sequence.high[-1])
        verdicts[name] = Guard(_verdict(low, high, margin), low, high, margin)
    return verdicts


def _verdict(low: float, high: float, margin: float) -> Literal["safe", "harmed", "undecided"]:
    if low > -margin:
        return "safe"
    return "harmed" if high < -margin else "undecided"
