"""Gamma-Gamma: what the next purchase will be worth; with a counting model, what a customer is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from paideia.science.checks import Floats, library, positive
from paideia.science.errors import OutOfRange, TooShort
from paideia.science.value.likelihood import Fit, maximise
from paideia.science.value.purchases import Purchases


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """The fitted model of Fader & Hardie (2013): value of a purchase ~ Gamma(p, ν) with ν ~ Gamma(q, γ)."""

    p: float
    q: float
    gamma: float
    fit: Fit
    """In the order p, q, gamma."""

    def expected_value(self, purchases: Purchases) -> Floats:
        """Mean value of each customer's purchases: p·(γ + x·m)/(p·x + q - 1) (eq. 5), m their mean so far.

        A mean between what they spent and what everybody spends, the nearer to their own the more they
        bought.
        """
        return _expected(np.array([self.p, self.q, self.gamma]), purchases)

    def expected_value_interval(
        self, purchases: Purchases, *, rng: np.random.Generator, draws: int = 400, level: float = 0.95
    ) -> tuple[Floats, Floats]:
        """Bounds of `expected_value` from the uncertainty of the parameters."""
        drawn = self.fit.draws(draws, rng=rng)
        values = [_expected(row, purchases) for row in drawn[drawn[:, 1] > 1]]
        tail = 100 * (1 - level) / 2
        low, high = np.percentile(values, [tail, 100 - tail], axis=0)
        return low, high


def fit_gamma_gamma(purchases: Purchases) -> GammaGamma:
    """Maximum likelihood over customers who bought again, from the mean m of their x repeat purchases (eq.
    1a).

    ln L = lnΓ(px + q) - lnΓ(px) - lnΓ(q) + q·ln γ + (px - 1)·ln m + px·ln x - (px + q)·ln(γ + m·x)

    Assumes that value and frequency are unrelated: see `value_follows_frequency`.

    Raises `OutOfRange` or `TooShort`.
    """
    again = (purchases.repeats > 0) & (purchases.repeat_value > 0)
    if again.sum() < 10:
        raise TooShort(f"{again.sum()} customers bought again at a price above 0, at least 10 are needed")
    gammaln = library("scipy.special").gammaln
    x, m = purchases.repeats[again].astype(np.float64), purchases.repeat_value[again]

    def log_likelihood(parameters: Floats) -> float:
        p, q, gamma = parameters
        terms = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
        terms += (p * x - 1) * np.log(m) + p * x * np.log(x) - (p * x + q) * np.log(gamma + m * x)
        return float(terms.sum())

    typical = float(np.median(m))
    fit = maximise(log_likelihood, ("p", "q", "gamma"), starts=[[5.0, 4.0, typical / 2], [1.5, 2.5, typical]])
    p, q, gamma = (float(v) for v in fit.values)
    if q <= 1:
        raise OutOfRange(
            f"q is {q:.2f}: values are so spread that their mean does not exist; look for outliers"
        )
    return GammaGamma(p, q, gamma, fit)


def value_follows_frequency(purchases: Purchases) -> float:
    """Spearman's correlation of repeat value and number of repeats; far from 0 Gamma-Gamma does not apply.

    Raises `TooShort`.
    """
    again = purchases.repeats > 0
    if again.sum() < 3:
        raise TooShort("at least 3 customers must have bought again")
    return float(library("scipy.stats").spearmanr(purchases.repeats[again], purchases.repeat_value[again])[0])


class Counting(Protocol):
    """A fitted model of how often customers buy: `BgNbd` or `ParetoNbd`."""

    def expected(self, purchases: Purchases, *, horizon: float) -> Floats:
        """Expected purchases of each customer in the next `horizon`."""


def lifetime_value(
    counting: Counting,
    spend: GammaGamma,
    purchases: Purchases,
    *,
    horizon: float,
    discount: float = 0.0,
    margin: float = 1.0,
    step: float = 4.0,
) -> Floats:
    """Expected discounted margin of each customer over the next `horizon`.

    Σ over steps of (expected purchases in the step) · value · margin / (1 + discount)^(middle of the step);
    `discount` is per unit of time. Treats the number of purchases and their value as independent.
    """
    positive(horizon, "horizon")
    positive(step, "step")
    edges = np.append(np.arange(0, horizon, step), horizon)
    until = [counting.expected(purchases, horizon=float(t)) for t in edges[1:]]
    each = np.diff(np.vstack([np.zeros(len(purchases.repeats)), *until]), axis=0)
    factors = (1 + discount) ** -((edges[1:] + edges[:-1]) / 2)
    value: Floats = (factors @ each) * spend.expected_value(purchases) * margin
    return value


def _expected(parameters: Floats, purchases: Purchases) -> Floats:
    p, q, gamma = parameters
    x = purchases.repeats
    value: Floats = p * (gamma + x * purchases.repeat_value) / (p * x + q - 1)
    return value
