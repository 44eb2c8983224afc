"""Pareto/NBD: how often will a customer buy again, when they may drop out at any moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paideia.science.checks import Floats, library, positive
from paideia.science.errors import OutOfRange
from paideia.science.value.likelihood import Fit, maximise
from paideia.science.value.purchases import Purchases


@dataclass(frozen=True, slots=True)
class ParetoNbd:
    """The fitted model of Schmittlein, Morrison & Colombo (1987).

    While alive a customer buys at rate λ ~ Gamma(r, α); they drop out at rate μ ~ Gamma(s, β).
    """

    r: float
    alpha: float
    s: float
    beta: float
    fit: Fit
    """In the order r, alpha, s, beta."""

    def alive(self, purchases: Purchases) -> Floats:
        """Probability of still being a customer at the end of observation."""
        return _alive(self._vector, purchases)

    def expected(self, purchases: Purchases, *, horizon: float) -> Floats:
        """Expected purchases in the next `horizon`, in the fit's unit of time.

        P(alive) · (r + x)·(β + T)/((α + T)·(s - 1)) · (1 - ((β + T)/(β + T + t))^(s - 1)) (Fader & Hardie
        2005, eq. 41).
        """
        return _expected(self._vector, purchases, positive(horizon, "horizon"))

    def expected_interval(
        self,
        purchases: Purchases,
        *,
        horizon: float,
        rng: np.random.Generator,
        draws: int = 400,
        level: float = 0.95,
    ) -> tuple[Floats, Floats]:
        """Bounds of the expectation from the uncertainty of the parameters."""
        values = [_expected(p, purchases, horizon) for p in self.fit.draws(draws, rng=rng)]
        tail = 100 * (1 - level) / 2
        low, high = np.percentile(values, [tail, 100 - tail], axis=0)
        return low, high

    @property
    def _vector(self) -> Floats:
        return np.array([self.r, self.alpha, self.s, self.beta])


def fit_pareto_nbd(purchases: Purchases) -> ParetoNbd:
    """Maximum likelihood (Fader & Hardie 2005, "A Note on Deriving the Pareto/NBD Model", eq. 18):

    L = Γ(r + x)·α^r·β^s/Γ(r) · [1/((α + T)^(r + x)·(β + T)^s) + s/(r + s + x)·A₀], A₀ a difference of two
    values of Gauss's hypergeometric function at t_x and T.

    Raises `OutOfRange`.
    """
    if not (purchases.repeats > 0).any():
        raise OutOfRange("nobody bought twice: there is nothing to learn about repeat purchases")
    gammaln = library("scipy.special").gammaln
    rows, weight = np.unique(
        np.stack([purchases.repeats, purchases.recency, purchases.age]), axis=1, return_counts=True
    )
    x, recency, age = rows

    def log_likelihood(parameters: Floats) -> float:
        r, alpha, s, beta = parameters
        shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        living, gone = _terms(parameters, x, recency, age)
        return float(weight @ (shared + np.logaddexp(living, gone)))

    typical = max(float(np.average(age, weights=weight)) / 3, 1e-3)
    fit = maximise(
        log_likelihood,
        ("r", "alpha", "s", "beta"),
        starts=[[0.5, typical, 0.6, typical], [1.0, typical * 0.7, 1.0, typical * 2]],
    )
    r, alpha, s, beta = (float(v) for v in fit.values)
    return ParetoNbd(r, alpha, s, beta, fit)


def _terms(parameters: Floats, x: Floats, recency: Floats, age: Floats) -> tuple[Floats, Floats]:
    """Logarithms of the two terms in brackets: alive at T, and gone between t_x and T."""
    r, alpha, s, beta = parameters
    living = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
    early, late = (_log_gauss(parameters, x, t) for t in (recency, age))
    ratio = np.minimum(late - early, 0.0)
    with np.errstate(divide="ignore"):
        gone = np.log(s) - np.log(r + s + x) + early + np.log(-np.expm1(ratio))
    return living, gone


def _log_gauss(parameters: Floats, x: Floats, t: Floats) -> Floats:
    """ln [₂F₁(r+s+x, c; r+s+x+1; |α-β|/(m+t)) / (m+t)^(r+s+x)], m the larger of α and β, c = s+1 or r+x.

    In Euler's form ₂F₁(A, c; A+1; z) = (1-z)^(1-c)·₂F₁(1, A+1-c; A+1; z), whose terms are below 1.
    """
    hyp2f1 = library("scipy.special").hyp2f1
    r, alpha, s, beta = parameters
    larger = max(alpha, beta)
    order = r + s + x
    c = np.full_like(x, s + 1) if alpha >= beta else r + x
    z = abs(alpha - beta) / (larger + t)
    log_f = (1 - c) * np.log1p(-z) + np.log(hyp2f1(1.0, order + 1 - c, order + 1, z))
    value: Floats = log_f - order * np.log(larger + t)
    return value


def _alive(parameters: Floats, p: Purchases) -> Floats:
    living, gone = _terms(parameters, p.repeats.astype(np.float64), p.recency, p.age)
    return np.asarray(np.exp(living - np.logaddexp(living, gone)))


def _expected(parameters: Floats, p: Purchases, horizon: float) -> Floats:
    r, alpha, s, beta = parameters
    s = s + 2e-6 if abs(s - 1) < 1e-6 else s
    rate = (r + p.repeats) * (beta + p.age) / ((alpha + p.age) * (s - 1))
    staying = 1 - ((beta + p.age) / (beta + p.age + horizon)) ** (s - 1)
    expected: Floats = _alive(parameters, p) * rate * staying
    return expected
