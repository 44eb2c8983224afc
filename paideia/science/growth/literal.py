"""The growth model taken word for word, and how soon it leaves any sensible range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paideia.science.checks import Floats, library, positive
from paideia.science.errors import OutOfRange, ShapeMismatch
from paideia.science.growth.rates import Rates


@dataclass(frozen=True, slots=True)
class Escape:
    """When the literal model passes a bound, and which variable does so first."""

    time: float
    variable: str
    state: Floats
    """N, A, P, C at that time."""


def literal_slope(state: Floats, rates: Rates) -> Floats:
    """(N', A', P', C') of the model as published, state and result of shape (4,) in the order N, A, P, C.

    N' = γ_A·A + γ_P·P + γ_C·C - μ·N,  A' = β·R·A - ν·A,  P' = δ·A·P - λ·P,  C' = ε·R·C - η·C, with the
    closure R = N · (γ_A·P + γ_C·C) / (μ·N + γ_A·P + γ_C·C).

    Nothing bounds it: A stands in P' as a count, so with A = 1000 and δ = .6 precision grows e-fold every
    1/600 of a unit of time; and since R ≤ N while N' ≥ γ_A·A - μ·N, A' grows with the product N·A and
    reaches infinity in finite time.

    Raises `ShapeMismatch`.
    """
    if np.shape(state) != (4,):
        raise ShapeMismatch(f"state must be (N, A, P, C), its shape is {np.shape(state)}")
    n, a, p, c = state
    drive = rates.gamma_a * p + rates.gamma_c * c
    lost = rates.mu * n
    r = n * drive / (lost + drive) if lost + drive > 0 else 0.0
    return np.array(
        [
            rates.gamma_a * a + rates.gamma_p * p + rates.gamma_c * c - lost,
            rates.beta * r * a - rates.nu * a,
            rates.delta * a * p - rates.lam * p,
            rates.epsilon * r * c - rates.eta * c,
        ]
    )


def literal_escape(
    rates: Rates,
    *,
    start: Floats,
    bounds: Floats | None = None,
    horizon: float = 4.0,
) -> Escape | None:
    """The first time at which the literal model passes a bound; None if it stays inside until the horizon.

    `start` is (N, A, P, C) at time 0. `bounds` defaults to what nobody would call sensible: a hundred times
    the starting users for N and A, and 10 for P and C, which are indices of about 1.
    Integrated by LSODA with the crossing located to 1e-10.

    Raises `OutOfRange`.
    """
    begin = np.asarray(start, dtype=np.float64)
    if begin.shape != (4,) or not (begin > 0).all():
        raise OutOfRange("start must be four numbers above zero: N, A, P, C")
    positive(horizon, "horizon")
    limits = np.array([100 * begin[0], 100 * begin[0], 10.0, 10.0]) if bounds is None else np.asarray(bounds)
    if (begin >= limits).any():
        raise OutOfRange("start is already outside the bounds")

    def nearest(_: float, log_state: Floats) -> float:
        return float((log_state - np.log(limits)).max())

    nearest.terminal = True  # type: ignore[attr-defined]
    integrate = library("scipy.integrate")
    solved = integrate.solve_ivp(
        lambda _, log_state: literal_slope(np.exp(log_state), rates) / np.exp(log_state),
        (0.0, horizon),
        np.log(begin),
        method="LSODA",
        events=nearest,
        rtol=1e-10,
        atol=1e-10,
    )
    if not solved.t_events[0].size:
        return None
    state = np.exp(solved.y_events[0][0])
    return Escape(float(solved.t_events[0][0]), "NAPC"[int(np.argmax(state / limits))], state)
