"""Planted customers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from paideia.bench.coverage.planted import Rng, planted
from paideia.science.checks import Floats
from paideia.science.coverage import Intervals


@planted("value.fit_bg_nbd", "parameters", repeats=6)
def _bg_nbd(rng: Rng) -> Intervals:
    from paideia.science.value import fit_bg_nbd

    true, seen, _ = bought(rng)
    fit = fit_bg_nbd(seen).fit
    bounds = [fit.interval(name) for name in fit.names]
    return true, [b[0] for b in bounds], [b[1] for b in bounds]


@planted("value.BgNbd.expected_interval", "expected purchases", repeats=6)
def _bg_nbd_expected(rng: Rng) -> Intervals:
    from paideia.science.value import fit_bg_nbd

    (r, alpha, a, b), seen, _ = bought(rng)
    model = fit_bg_nbd(seen)
    low, high = model.expected_interval(seen, horizon=26, rng=rng)
    return replace(model, r=r, alpha=alpha, a=a, b=b).expected(seen, horizon=26), low, high


@planted("value.BgNbd.simulate", "purchases of all customers", repeats=8)
def _bg_nbd_total(rng: Rng) -> Intervals:
    from paideia.science.value import fit_bg_nbd

    _, seen, future = bought(rng)
    totals = fit_bg_nbd(seen).simulate(seen, horizon=26, rng=rng).sum(axis=1)
    low, high = np.percentile(totals, [2.5, 97.5])
    return future.sum(), low, high


def bought(rng: Rng, *, customers: int = 500, horizon: float = 26.0) -> tuple[Floats, Any, Floats]:
    """Parameters r, α, a, b; what 500 customers bought in up to a year; what they buy in the next half."""
    from paideia.science.value import counted

    true = np.array([0.8, 6.0, 0.9, 2.5]) * np.exp(rng.normal(0, 0.2, 4))
    rate, quits = rng.gamma(true[0], 1 / true[1], customers), rng.beta(true[2], true[3], customers)
    age = rng.uniform(20, 52, customers)
    x, last, future = np.zeros(customers, dtype=int), np.zeros(customers), np.zeros(customers)
    for i in range(customers):
        moments = np.cumsum(rng.exponential(1 / max(rate[i], 1e-12), rng.geometric(quits[i])))
        inside = moments[moments <= age[i]]
        x[i], last[i] = len(inside), inside[-1] if len(inside) else 0.0
        future[i] = ((moments > age[i]) & (moments <= age[i] + horizon)).sum()
    return true, counted(x, last, age), future


@planted("value.fit_pareto_nbd", "parameters", repeats=2)
def _pareto(rng: Rng) -> Intervals:
    from paideia.science.value import fit_pareto_nbd

    true, seen = _bought_until(rng)
    fit = fit_pareto_nbd(seen).fit
    bounds = [fit.interval(name) for name in fit.names]
    return true, [b[0] for b in bounds], [b[1] for b in bounds]


@planted("value.ParetoNbd.expected_interval", "expected purchases", repeats=2)
def _pareto_expected(rng: Rng) -> Intervals:
    from paideia.science.value import fit_pareto_nbd

    (r, alpha, s, beta), seen = _bought_until(rng)
    model = fit_pareto_nbd(seen)
    low, high = model.expected_interval(seen, horizon=26, rng=rng)
    return replace(model, r=r, alpha=alpha, s=s, beta=beta).expected(seen, horizon=26), low, high


def _bought_until(rng: Rng, *, customers: int = 800) -> tuple[Floats, Any]:
    """Parameters r, α, s, β, and what customers bought who drop out at any moment."""
    from paideia.science.value import counted

    true = np.array([0.9, 6.0, 0.8, 15.0]) * np.exp(rng.normal(0, 0.15, 4))
    rate, leaves = rng.gamma(true[0], 1 / true[1], customers), rng.gamma(true[2], 1 / true[3], customers)
    age = rng.uniform(30, 78, customers)
    until = np.minimum(age, rng.exponential(1 / np.maximum(leaves, 1e-12)))
    x = rng.poisson(rate * until)
    last = np.where(x > 0, until * rng.random(customers) ** (1 / np.maximum(x, 1)), 0.0)
    return true, counted(x, last, age)


@planted("value.GammaGamma.expected_value_interval", "value of a purchase", repeats=6)
def _gamma_gamma(rng: Rng) -> Intervals:
    from paideia.science.value import counted, fit_gamma_gamma

    p, q, gamma = np.array([5.0, 4.0, 15.0]) * np.exp(rng.normal(0, 0.2, 3))
    x = 1 + rng.poisson(2, 300)
    mean = rng.gamma(p * x) / rng.gamma(q, 1 / gamma, 300) / x
    seen = counted(x, np.ones(300), np.full(300, 2.0), mean)
    model = fit_gamma_gamma(seen)
    low, high = model.expected_value_interval(seen, rng=rng)
    return replace(model, p=p, q=q, gamma=gamma).expected_value(seen), low, high
