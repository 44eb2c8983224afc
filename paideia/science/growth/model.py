"""The well-posed growth model: the same symbols, with A as a share of N and logistic P, C and R."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from paideia.science.checks import Floats, library, vector
from paideia.science.errors import OutOfRange, ShapeMismatch
from paideia.science.growth.rates import STATE, Rates

Coefficients = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Path:
    """The model's course: `states[k]` is N, A, P, C, R at `times[k]`."""

    times: Floats
    states: Floats

    def of(self, variable: str) -> Floats:
        """The course of one variable, e.g. `path.of("A")`. Raises `OutOfRange`."""
        if variable not in STATE:
            raise OutOfRange(f"{variable} is not one of {', '.join(STATE)}")
        column: Floats = self.states[..., STATE.index(variable)]
        return column


def slope(state: Floats, rates: Rates | Coefficients) -> Floats:
    """(N', a', P', C', R') at a state (N, a, P, C, R) with a = A/N; shapes (5,) or (5, runs), rates alike.

    With the growth g = γ_A·a + γ_P·P + γ_C·C of users per head:

        N' = g·N·(1 - N/N_max) - μ·(N - A)
        A' = β·R·A·(1 - A/N) - ν·A                    (in shares: a' = a·(β·R·(1 - a) - ν - N'/N))
        P' = δ·a·P·(1 - P/P_max) - λ·P
        C' = ε·R·C·(1 - (C/C_max)^θ) - η·C            (θ = c_shape, Richards 1959; 1 is the logistic)
        R' = κ·R·(R* - R),   R* = R_max · (γ_A·P + γ_C·C) / (μ + γ_A·P + γ_C·C)

    Nobody leaves while active: people fall silent first (ν), and the silent leave (μ). That keeps A within N.
    Each variable stays within 0 … its maximum (a within 0 … 1) if it starts there, and the published
    thresholds hold for what is small: A grows iff β·R > ν, P iff δ·a > λ, C iff ε·R > η. R* is
    the published closure per head (R/N and N/N in place of R and N).
    """
    r = rates if isinstance(rates, Mapping) else asdict(rates)
    n, a, p, c, retention = state
    growth = r["gamma_a"] * a + r["gamma_p"] * p + r["gamma_c"] * c
    per_head = growth * (1 - n / r["n_max"]) - r["mu"] * (1 - a)
    change: Floats = np.stack(
        [
            per_head * n,
            (r["beta"] * retention * (1 - a) - r["nu"] - per_head) * a,
            r["delta"] * a * p * (1 - p / r["p_max"]) - r["lam"] * p,
            r["epsilon"] * retention * c * (1 - (c / r["c_max"]) ** r["c_shape"]) - r["eta"] * c,
            r["kappa"] * retention * (retention_ceiling(p, c, r) - retention),
        ]
    )
    return change


def retention_ceiling(precision: Any, climate: Any, rates: Rates | Coefficients) -> Any:
    """R* = R_max · (γ_A·P + γ_C·C) / (μ + γ_A·P + γ_C·C): the closure, 0 where nothing is found or lost."""
    r = rates if isinstance(rates, Mapping) else asdict(rates)
    drive = r["gamma_a"] * precision + r["gamma_c"] * climate
    whole = r["mu"] + drive
    return r["r_max"] * drive / np.where(whole == 0, 1.0, whole)


def simulate(rates: Rates, *, start: Floats, times: Floats) -> Path:
    """The course from `start` (N, A, P, C, R) at times[0]; Dormand-Prince 8(5,3), relative error 1e-9.

    Raises `OutOfRange` or `ShapeMismatch`.
    """
    integrate = library("scipy.integrate")
    begin, moments = _checked(start, times)
    coefficients = asdict(rates)
    solved = integrate.solve_ivp(
        lambda _, state: slope(state, coefficients),
        (moments[0], moments[-1]),
        _share(begin),
        method="DOP853",
        t_eval=moments,
        rtol=1e-9,
        atol=1e-12,
    )
    return Path(moments, _count(solved.y).T)


def simulate_many(rates: Coefficients, *, start: Floats, times: Floats, step_max: float = 0.05) -> Floats:
    """Many courses at once by the classical Runge-Kutta method: shape (runs, times, 5).

    `rates` maps every field of `Rates` to a number or an array (runs,); `start` (N, A, P, C, R) has shape
    (5,) or (5, runs). Its error against `simulate` is below 1e-6 relative at the reference rates; steps
    shrink where rates are fast, and what overshoots a bound is put back on it.

    Raises `OutOfRange` or `ShapeMismatch`.
    """
    starts = np.asarray(start, dtype=np.float64).reshape(len(start), -1)
    moments = _checked(starts[:, 0], times)[1]
    runs = max(starts.shape[1], *(np.size(value) for value in rates.values()))
    state = _share(np.broadcast_to(starts, (5, runs)))
    courses = np.empty((runs, len(moments), 5))
    courses[:, 0] = _count(state).T
    tops = np.stack([np.broadcast_to(rates[n], runs) for n in ("n_max", "p_max", "c_max", "r_max")])
    tops = np.maximum(np.insert(tops, 1, 1.0, axis=0), state)
    step = min(step_max, 1 / _fastest(rates))
    for k, (before, after) in enumerate(pairwise(moments), 1):
        steps = max(1, int(np.ceil((after - before) / step)))
        for _ in range(steps):
            state = np.clip(_runge_kutta(state, rates, (after - before) / steps), 0.0, tops)
        courses[:, k] = _count(state).T
    return courses


def _runge_kutta(state: Floats, rates: Coefficients, h: float) -> Floats:
    k1 = slope(state, rates)
    k2 = slope(np.maximum(state + h / 2 * k1, 0.0), rates)
    k3 = slope(np.maximum(state + h / 2 * k2, 0.0), rates)
    k4 = slope(np.maximum(state + h * k3, 0.0), rates)
    return state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def _fastest(rates: Coefficients) -> float:
    """The largest rate of change per unit of time that the model can show, at most 500."""
    r_max = np.asarray(rates["r_max"])
    speeds = [rates["beta"] * r_max, rates["epsilon"] * r_max, rates["kappa"] * r_max**2, rates["delta"]]
    speeds += [rates[name] for name in ("mu", "nu", "lam", "eta")]
    return float(min(max(np.max(speed) for speed in speeds), 500.0))


def _share(state: Floats) -> Floats:
    """(N, A, …) to (N, A/N, …)."""
    shares = np.array(state, dtype=np.float64)
    shares[1] = state[1] / np.where(state[0] > 0, state[0], 1.0)
    return shares


def _count(state: Floats) -> Floats:
    """(N, a, …) to (N, a·N, …)."""
    counts = state.copy()
    counts[1] = state[1] * state[0]
    return counts


def _checked(start: Floats, times: Floats) -> tuple[Floats, Floats]:
    begin, moments = vector(start, "start"), vector(times, "times", least=2)
    if len(begin) != 5:
        raise ShapeMismatch(f"start must be (N, A, P, C, R), it has {len(begin)} numbers")
    if (begin < 0).any() or begin[1] > begin[0]:
        raise OutOfRange("start must hold numbers of at least 0 with A at most N")
    if (np.diff(moments) <= 0).any():
        raise OutOfRange("times must increase")
    return begin, moments
