"""Planted rates of a community's growth."""

from __future__ import annotations

from typing import Any

import numpy as np

from paideia.bench.coverage.planted import Rng, planted
from paideia.science.checks import Floats
from paideia.science.coverage import Intervals


@planted("growth.calibrate", "rates, flat prior", repeats=2)
def _rates(rng: Rng) -> Intervals:
    from paideia.science.growth import ONLINE_SCHOOL, Run, calibrate

    free = ("beta", "delta", "epsilon", "nu")
    true = ONLINE_SCHOOL.rates.scaled(**dict(zip(free, np.exp(rng.normal(0, 0.1, 4)), strict=True)))
    times, values, _ = _grown(true, rng)
    fit = calibrate(Run(times, values, ONLINE_SCHOOL.rates), free=free, prior_spread=np.inf)
    found = [fit.estimates[name] for name in free]
    return [getattr(true, n) for n in free], [e.low for e in found], [e.high for e in found]


@planted("growth.calibrate", "rates drawn from the prior", repeats=2)
def _rates_with_prior(rng: Rng) -> Intervals:
    from paideia.science.growth import ONLINE_SCHOOL, Run, calibrate
    from paideia.science.growth.calibrate import FREE_BY_DEFAULT as free

    factors = np.exp(rng.normal(0, 0.15, len(free)))
    true = ONLINE_SCHOOL.rates.scaled(**dict(zip(free, factors, strict=True)))
    times, values, _ = _grown(true, rng, times=np.arange(8.0))
    fit = calibrate(Run(times, values, ONLINE_SCHOOL.rates), prior_spread=0.15)
    found = [fit.estimates[name] for name in free]
    return [getattr(true, n) for n in free], [e.low for e in found], [e.high for e in found]


@planted("growth.Calibration.forecast", "course of N, A, P, C, R", repeats=2)
def _course(rng: Rng) -> Intervals:
    from paideia.science.growth import ONLINE_SCHOOL, Run, calibrate

    free = ("beta", "delta", "epsilon", "nu")
    true = ONLINE_SCHOOL.rates.scaled(**dict(zip(free, np.exp(rng.normal(0, 0.1, 4)), strict=True)))
    times, values, path = _grown(true, rng, times=np.arange(6.0), ahead=np.array([8.0, 12.0]))
    fit = calibrate(Run(times, values, ONLINE_SCHOOL.rates), free=free, prior_spread=np.inf)
    _, low, high = fit.forecast(np.r_[times, 8.0, 12.0])
    return path[2:], low[2:], high[2:]


def _grown(
    true: Any, rng: Rng, *, times: Floats | None = None, ahead: Floats | None = None
) -> tuple[Floats, dict[str, Floats], Floats]:
    """Noisy observations of a planted course, and the course itself with the times ahead."""
    from paideia.science.growth import simulate

    seen = np.linspace(0, 8, 12) if times is None else times
    path = simulate(
        true, start=np.array([3000.0, 1000, 0.7, 0.8, 0.7]), times=np.r_[seen, [] if ahead is None else ahead]
    )
    noisy = {v: path.of(v)[: len(seen)] * np.exp(rng.normal(0, 0.02, len(seen))) for v in "NARPC"}
    return seen, noisy, path.states
