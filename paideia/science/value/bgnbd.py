"""BG/NBD: how often will a customer buy again, when each purchase may be the last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, library, positive
from paideia.science.errors import OutOfRange
from paideia.science.value.likelihood import Fit, maximise
from paideia.science.value.purchases import Purchases


@dataclass(frozen=True, slots=True)
class BgNbd:
    """The fitted model of Fader, Hardie & Lee (2005).

    While alive a customer buys at rate λ ~ Gamma(r, α); after each purchase they die with probability p ~
    Beta(a, b).
    """

    r: float
    alpha: float
    a: float
    b: float
    fit: Fit
    """Log-likelihood and the covariance of the log parameters, in the order r, alpha, a, b."""

    def alive(self, purchases: Purchases) -> Floats:
        """Probability of still being a customer, with δ = [x > 0].

        1/(1 + δ·a/(b + x - 1)·((α + T)/(α + t_x))^(r + x))
        """
        return 1 / (1 + _dead_odds(self._vector, purchases))

    def expected(self, purchases: Purchases, *, horizon: float) -> Floats:
        """Expected purchases of each customer in the next `horizon` (eq. 10), in the fit's unit of time."""
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
        """Bounds of the expectation from the uncertainty of the parameters (not of the customer's luck)."""
        values = [_expected(p, purchases, horizon) for p in self.fit.draws(draws, rng=rng)]
        tail = 100 * (1 - level) / 2
        low, high = np.percentile(values, [tail, 100 - tail], axis=0)
        return low, high

    def simulate(
        self, purchases: Purchases, *, horizon: float, rng: np.random.Generator, draws: int = 400
    ) -> Floats:
        """Purchases in the next `horizon`, drawn (draws, customers) from each customer's posterior.

        Each draw has its own parameters, from the fit's uncertainty: what is not known of them moves all
        customers together. Quantiles of a column are a customer's predictive interval; quantiles of row
        sums the group's.
        """
        parameters = self.fit.draws(draws, rng=rng).T[:, :, None]
        return _future(parameters, purchases, positive(horizon, "horizon"), draws, rng)

    def expected_of_new(self, times: ArrayLike) -> Floats:
        """Expected repeat purchases of somebody new by each time since their first purchase (eq. 9)."""
        hyp2f1 = library("scipy.special").hyp2f1
        t = np.asarray(times, dtype=np.float64)
        r, alpha, a, b = _off_one(self._vector)
        z = t / (alpha + t)
        expected: Floats = (
            (a + b - 1) / (a - 1) * (1 - (1 - z) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, a + b - 1, z))
        )
        return expected

    @property
    def _vector(self) -> Floats:
        return np.array([self.r, self.alpha, self.a, self.b])


def fit_bg_nbd(purchases: Purchases) -> BgNbd:
    """Maximum likelihood (Fader, Hardie & Lee 2005, eq. 6 in the form of their eq. 7):

    L = B(a, b + x)/B(a, b) · Γ(r + x)·α^r/Γ(r) · [(α + T)^-(r + x) + δ·a/(b + x - 1)·(α + t_x)^-(r + x)]

    Customers with equal (x, t_x, T) are counted once with their number as weight.

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
        r, alpha, a, b = parameters
        shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        shared += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        living = -(r + x) * np.log(alpha + age)
        dead = np.where(
            x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency), -np.inf
        )
        return float(weight @ (shared + np.logaddexp(living, dead)))

    typical = max(float(np.average(age, weights=weight)) / 5, 1e-3)
    fit = maximise(
        log_likelihood,
        ("r", "alpha", "a", "b"),
        starts=[[0.5, typical, 0.8, 2.5], [1.0, typical * 2, 1.5, 6.0]],
    )
    r, alpha, a, b = (float(v) for v in fit.values)
    return BgNbd(r, alpha, a, b, fit)


def _dead_odds(parameters: Floats, p: Purchases) -> Floats:
    r, alpha, a, b = parameters
    x = p.repeats
    log_odds = np.log(a) - np.log(b + np.maximum(x, 1) - 1)
    log_odds += (r + x) * (np.log(alpha + p.age) - np.log(alpha + p.recency))
    odds: Floats = np.where(x > 0, np.exp(np.minimum(log_odds, 700)), 0.0)
    return odds


def _expected(parameters: Floats, p: Purchases, horizon: float) -> Floats:
    """Eq. 10 with the hypergeometric function in Euler's form, which stays accurate for many purchases."""
    hyp2f1 = library("scipy.special").hyp2f1
    r, alpha, a, b = _off_one(parameters)
    z = horizon / (alpha + p.age + horizon)
    gauss = hyp2f1(a + b - 1 - r, a - 1, a + b + p.repeats - 1, z)
    bought = (a + b + p.repeats - 1) / (a - 1) * (1 - (1 - z) ** (a - 1) * gauss)
    expected: Floats = bought / (1 + _dead_odds(parameters, p))
    return expected


def _off_one(parameters: Floats) -> Floats:
    """The formulas have a removable singularity at a = 1."""
    r, alpha, a, b = parameters
    return np.array([r, alpha, a + 2e-6 if abs(a - 1) < 1e-6 else a, b])


def _future(parameters: Floats, p: Purchases, horizon: float, draws: int, rng: np.random.Generator) -> Floats:
    r, alpha, a, b = parameters
    shape = (draws, len(p.repeats))
    alive = rng.random(shape) < 1 / (1 + _dead_odds(parameters, p))
    rate = rng.gamma(r + p.repeats, 1 / (alpha + p.age), shape)
    death = rng.beta(a, b + p.repeats, shape)
    # purchases until death are geometric; those that fit into the horizon are Poisson
    possible = rng.poisson(rate * horizon)
    until_death = rng.geometric(np.maximum(death, 1e-12))
    bought: Floats = np.where(alive, np.minimum(possible, until_death), 0).astype(np.float64)
    return bought
