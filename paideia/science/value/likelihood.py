"""Maximum likelihood for positive parameters, with the covariance of their logarithms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from paideia.science.checks import Floats, between, library
from paideia.science.errors import NotConverged


@dataclass(frozen=True, slots=True)
class Fit:
    """A maximum of a likelihood over positive parameters."""

    names: tuple[str, ...]
    values: Floats
    log_likelihood: float
    log_covariance: Floats
    """Of the logarithms: the inverse of the observed information."""

    def interval(self, name: str, *, level: float = 0.95) -> tuple[float, float]:
        """Wald interval on the log scale: above zero by construction."""
        between(level, "level", 0, 1, open_ends=True)
        k = self.names.index(name)
        reach = library("scipy.stats").norm.ppf((1 + level) / 2) * np.sqrt(self.log_covariance[k, k])
        return float(self.values[k] * np.exp(-reach)), float(self.values[k] * np.exp(reach))

    def draws(self, size: int, *, rng: np.random.Generator) -> Floats:
        """Parameter vectors (size, parameters) from the fit's log-normal approximation."""
        samples = rng.multivariate_normal(np.log(self.values), self.log_covariance, size=size, method="eigh")
        return np.exp(samples)


def maximise(
    log_likelihood: Callable[[Floats], float], names: tuple[str, ...], *, starts: list[list[float]]
) -> Fit:
    """The best optimum over the starts, by BFGS on logarithms; parameters stay within e^±12.

    Raises `NotConverged`.
    """
    optimize = library("scipy.optimize")

    def loss(theta: Floats) -> float:
        with np.errstate(all="ignore"):
            value = -log_likelihood(np.exp(np.clip(theta, -12, 12)))
        return float(value) if np.isfinite(value) else 1e12

    runs = [
        optimize.minimize(loss, np.log(start), method="Nelder-Mead", options={"maxiter": 400})
        for start in starts
    ]
    best = min(runs, key=lambda run: run.fun)
    polished = optimize.minimize(
        loss, best.x, method="BFGS", options={"gtol": 1e-5 * max(1.0, abs(best.fun)) / 1e3}
    )
    theta = polished.x if polished.fun <= best.fun else best.x
    if not np.isfinite(loss(theta)) or (np.abs(theta) > 11.9).any():
        at = ", ".join(f"{n} {v:.3g}" for n, v in zip(names, np.exp(np.clip(theta, -12, 12)), strict=True))
        raise NotConverged(f"the likelihood has no maximum inside a sensible range; it stopped at {at}")
    information = _hessian(loss, theta)
    covariance = np.asarray(np.linalg.pinv(information, hermitian=True), dtype=np.float64)
    if (np.linalg.eigvalsh(information) <= 0).any():
        raise NotConverged(
            "the likelihood is flat in some direction: there are too few customers for this model"
        )
    return Fit(names, np.exp(theta), -float(loss(theta)), covariance)


def _hessian(f: Callable[[Floats], float], at: Floats, step: float = 1e-3) -> Floats:
    """Central second differences."""
    n = len(at)
    hessian = np.empty((n, n))
    for i in range(n):
        for j in range(i, n):
            ei, ej = step * np.eye(n)[i], step * np.eye(n)[j]
            mixed = f(at + ei + ej) - f(at + ei - ej) - f(at - ei + ej) + f(at - ei - ej)
            hessian[i, j] = hessian[j, i] = mixed / (4 * step**2)
    return hessian
