"""Where the well-posed model can rest, whether it returns there when pushed, and what tips it over."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import product

import numpy as np

from paideia.science.checks import Floats, library
from paideia.science.errors import OutOfRange
from paideia.science.growth.model import retention_ceiling, slope
from paideia.science.growth.rates import Rates


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """A resting point: N, a, P, C, R do not change."""

    n: float
    active_share: float
    precision: float
    climate: float
    retention: float
    eigenvalues: np.ndarray[tuple[int], np.dtype[np.complex128]]
    """Of the Jacobian in (N/N_max, a, P, C, R), largest real part first."""

    @property
    def stable(self) -> bool:
        """Small pushes die away: every eigenvalue has a negative real part."""
        return bool(self.eigenvalues.real.max() < 0)

    @property
    def return_time(self) -> float:
        """Time in which a small push shrinks to 1/e in the end; infinite if unstable."""
        slowest = float(self.eigenvalues.real.max())
        return -1 / slowest if slowest < 0 else float("inf")

    @property
    def state(self) -> Floats:
        """(N, A, P, C, R), as `simulate` takes it."""
        return np.array([self.n, self.n * self.active_share, self.precision, self.climate, self.retention])


@dataclass(frozen=True, slots=True)
class Thresholds:
    """By how much each variable clears the level above which it grows from small: above 0 it does."""

    active: float
    """β·R - ν"""
    precision: float
    """δ·a - λ"""
    climate: float
    """ε·R - η"""
    users: float
    """γ_A·a + γ_P·P + γ_C·C - μ"""


def thresholds(rates: Rates, state: Floats) -> Thresholds:
    """The margins at a state (N, A, P, C, R)."""
    n, active, p, c, r = np.asarray(state, dtype=float)
    share = active / n if n > 0 else 0.0
    return Thresholds(
        active=rates.beta * r - rates.nu,
        precision=rates.delta * share - rates.lam,
        climate=rates.epsilon * r - rates.eta,
        users=rates.gamma_a * share + rates.gamma_p * p + rates.gamma_c * c - rates.mu,
    )


def equilibria(rates: Rates, *, resolution: int = 2000) -> list[Equilibrium]:
    """Every equilibrium, the most lively first.

    At rest R fixes climate (C = C_max·(1 - η/(ε·R))^(1/θ) or 0) and the active share a: 1 - ν/(β·R), or 0,
    or, where users die out, the root of β·R·(1 - a) - ν = g - μ·(1 - a), since N shrinks beneath it. The
    share fixes precision (P = P_max·(1 - λ/(δ·a)) or 0), P and C fix R through the closure, and N =
    N_max·(1 - μ·(1 - a)/g) or 0. So for each choice of which are zero, the roots of R*(R) - R on 0 … R_max
    are bracketed on a grid of `resolution` points and refined by Brent's method. Raises if `n_max` is
    infinite.

    Raises `OutOfRange`.
    """
    if not np.isfinite(rates.n_max):
        raise OutOfRange("n_max must be finite: without it users have no resting place")
    points: list[Floats] = []
    for alive in product((True, False), repeat=4):
        for retention in _roots(rates, alive, resolution):
            levels = _levels(rates, alive, np.array([retention]))[:, 0]
            n = _users(rates, levels) if alive[0] else 0.0
            if np.isfinite(levels).all() and np.isfinite(n):
                points.append(np.array([n, *levels, retention]))
    distinct = [p for i, p in enumerate(points) if not any(np.allclose(p, q, atol=1e-7) for q in points[:i])]
    found = [_equilibrium(rates, point) for point in distinct]
    return sorted(found, key=lambda e: (-e.n, -e.active_share, -e.precision, -e.climate, -e.retention))


def residual(rates: Rates, equilibrium: Equilibrium) -> float:
    """Largest |x'| at an equilibrium by the model itself, users in units of N_max: 0 up to rounding."""
    e = equilibrium
    point = np.array([e.n, e.active_share, e.precision, e.climate, e.retention])
    return float(np.abs(slope(point, asdict(rates)) / np.array([rates.n_max, 1, 1, 1, 1])).max())


def _users(rates: Rates, levels: Floats) -> float:
    growth = float(levels @ (rates.gamma_a, rates.gamma_p, rates.gamma_c))
    loss = rates.mu * (1 - float(levels[0]))
    return rates.n_max * (1 - loss / growth) if growth > loss else float("nan")


def _levels(rates: Rates, alive: tuple[bool, ...], retention: Floats) -> Floats:
    """(a, P, C) at rest for each R, NaN where this choice of living variables does not exist."""
    users, active, precise, warm = alive
    nothing = np.zeros_like(retention)
    warmth = _lifted(rates.eta, rates.epsilon * retention) if warm else nothing
    climate = rates.c_max * warmth ** (1 / rates.c_shape)
    if not active:
        share = nothing
    elif users:
        share = _lifted(rates.nu, rates.beta * retention)
    else:
        share = _share_of_the_dwindling(rates, rates.beta * retention, climate, precise)
    precision = rates.p_max * _lifted(rates.lam, rates.delta * share) if precise else nothing
    return np.stack([share, precision, climate])


def _share_of_the_dwindling(rates: Rates, drive: Floats, climate: Floats, precise: bool) -> Floats:
    """Root a in (0, 1] of (drive + μ)·(1 - a) - ν - γ_A·a - γ_P·P(a) - γ_C·C = 0, NaN where there is none."""
    level = rates.gamma_p * rates.p_max if precise else 0.0
    steepness = drive + rates.mu + rates.gamma_a
    rest = drive + rates.mu - rates.nu - rates.gamma_c * climate - level
    constant = level * rates.lam / rates.delta if precise and rates.delta > 0 else 0.0
    root = (rest + np.sqrt(rest**2 + 4 * steepness * constant)) / (
        2 * np.where(steepness > 0, steepness, np.nan)
    )
    share: Floats = np.where((root > 0) & (root <= 1), root, np.nan)
    return share


def _lifted(loss: float, gain: Floats) -> Floats:
    """The positive resting level of x' = gain·x·(1 - x) - loss·x, NaN where there is none."""
    level: Floats = np.where(gain > loss, 1 - loss / np.where(gain > 0, gain, 1.0), np.nan)
    return level


def _roots(rates: Rates, alive: tuple[bool, ...], resolution: int) -> list[float]:
    def gap(retention: Floats) -> Floats:
        _, p, c = _levels(rates, alive, retention)
        difference: Floats = retention_ceiling(p, c, rates) - retention
        return difference

    brentq = library("scipy.optimize").brentq
    grid = np.linspace(0.0, rates.r_max, resolution + 1)
    values = gap(grid)
    roots = [0.0]  # R = 0 always rests: R' has the factor R
    roots += [float(r) for r in grid[1:][values[1:] == 0]]
    for i in np.flatnonzero(values[:-1] * values[1:] < 0):
        roots.append(float(brentq(lambda r: float(gap(np.array([r]))[0]), grid[i], grid[i + 1], xtol=1e-14)))
    return roots


def _equilibrium(rates: Rates, point: Floats) -> Equilibrium:
    values = np.linalg.eigvals(_jacobian(rates, point)).astype(np.complex128)
    n, share, precision, climate, retention = (float(v) for v in point)
    return Equilibrium(n, share, precision, climate, retention, values[np.argsort(-values.real)])


def _jacobian(rates: Rates, point: Floats) -> Floats:
    """In (N/N_max, a, P, C, R), by the complex step (Squire & Trapp 1998): exact to rounding."""
    unit = asdict(replace(rates, n_max=1.0))
    scaled = point / np.array([rates.n_max, 1, 1, 1, 1])
    moved = scaled[:, None] + 1e-30j * np.eye(5)
    return np.asarray(slope(moved, unit)).imag / 1e-30
