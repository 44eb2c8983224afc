"""Fit the well-posed growth model to a community's own numbers, and say what they could not tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from paideia.science.checks import Floats, between, library, positive
from paideia.science.errors import NotConverged, NotFinite, OutOfRange, ShapeMismatch, TooShort
from paideia.science.growth.model import simulate_many
from paideia.science.growth.rates import STATE, Rates, Run

RATE_NAMES = tuple(f.name for f in fields(Rates))
FREE_BY_DEFAULT = (
    "beta", "nu", "delta", "lam", "epsilon", "eta", "kappa", "mu", "n_max", "p_max", "c_max", "r_max",
    "c_shape",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Estimate:
    """One parameter: value and interval; `learned` is 1 - (posterior spread / prior spread)."""

    value: float
    low: float
    high: float
    learned: float
    """0: the data said nothing and this is where the fit started; near 1: the data decided."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted growth model."""

    rates: Rates
    start: Floats
    """N, A, P, C, R at the first time, estimated too: the first values are as noisy as the rest."""
    estimates: dict[str, Estimate]
    """By parameter name; `N0`, `A0` … are the starting values."""
    percentage_errors: dict[str, float]
    """Mean absolute percentage error of each observed variable, in percent."""
    noise: float
    """Estimated standard deviation of the relative errors."""
    log_values: Floats
    log_covariance: Floats
    """Of the logarithms of the estimates, in their order."""
    freedom: float
    """Observations less the effective number of parameters: what `noise` was estimated from."""

    def path(self, times: Sequence[float] | Floats) -> Floats:
        """The fitted course, shape (times, 5)."""
        moments = np.asarray(times, dtype=float)
        course: Floats = simulate_many(asdict(self.rates), start=self.start, times=moments, step_max=0.02)[0]
        return course

    def forecast(
        self, times: Sequence[float] | Floats, *, level: float = 0.95
    ) -> tuple[Floats, Floats, Floats]:
        """The fitted course and its low and high bounds, each (times, 5), by the delta method on logarithms:

            ln X(t) ± t·√(g'·V·g),   g = ∂ ln X(t)/∂ ln θ,   V = `log_covariance` (Seber & Wild 1989, §5.1)

        Courses are better known than the rates they come from: drawing rates from V instead would favour
        courses that bend where pairs of rates can hardly be told apart. Times must begin at the first
        observed one. This is the uncertainty of the curve; single observations scatter around it by `noise`
        more.
        """
        between(level, "level", 0, 1, open_ends=True)
        moments = np.asarray(times, dtype=np.float64)
        step = 1e-4 * np.eye(len(self.log_values))
        moved = self.log_values + np.vstack([np.zeros(len(step)), step, -step])
        courses = _courses(np.exp(moved), list(self.estimates), self.rates, self.start, moments)
        logs = np.log(np.maximum(courses, 1e-300))
        gradient = (logs[1 : len(step) + 1] - logs[len(step) + 1 :]) / 2e-4
        variance = np.einsum("itv,ij,jtv->tv", gradient, self.log_covariance, gradient)
        quantile = library("scipy.stats").t.ppf((1 + level) / 2, self.freedom)
        reach = quantile * np.sqrt(np.maximum(variance, 0))
        return courses[0], np.exp(logs[0] - reach), np.exp(logs[0] + reach)


def calibrate(
    run: Run,
    *,
    free: Sequence[str] = FREE_BY_DEFAULT,
    prior_spread: float = 2.0,
    noise: float | None = None,
    level: float = 0.95,
) -> Calibration:
    """Maximum a posteriori fit of the `free` rates to the observed variables.

    With θ the logarithms of the free rates and of the starting values, minimises

        Σ (ln model - ln observed)² / noise² + Σ (θ - θ₀)² / prior_spread²

    by Gauss-Newton steps in a trust region (scipy `least_squares`), θ₀ from `run.rates`; the second sum
    leaves out the starting values of observed variables, which are observed themselves. `noise` (a relative
    error) is estimated from the residuals if not given, with the effective number of parameters tr(H) as in
    ridge regression (Hastie, Tibshirani & Friedman 2009, §3.4.1). Intervals: θ ± t·sd from the Gauss-Newton
    covariance, exponentiated, so that they stay positive. `prior_spread=inf` gives plain non-linear least
    squares and needs more observations than parameters.

    Raises `NotConverged`, `NotFinite`, `OutOfRange`, `ShapeMismatch` or `TooShort`.
    """
    names = _names(run, free)
    positive(prior_spread if np.isfinite(prior_spread) else 1.0, "prior_spread")
    target, columns = _targets(run)
    if not np.isfinite(prior_spread) and len(target) <= len(names):
        raise TooShort(f"{len(target)} observations for {len(names)} parameters: set a finite prior_spread")
    start = _start(run)
    centre = np.log([_initial(name, run, start) for name in names])
    weight = np.array([0.0 if n.endswith("0") and n[0] in run.values else 1 / prior_spread for n in names])
    spread = float(noise if noise is not None else 0.02)
    theta = centre
    for _ in range(1 if noise is not None else 4):
        theta, jacobian, residual = _fit(theta, centre, weight, names, run, start, columns, target, spread)
        information = jacobian.T @ jacobian / spread**2
        precision = information + np.diag(weight**2)
        covariance = np.asarray(np.linalg.pinv(precision, hermitian=True), dtype=np.float64)
        effective = float(np.trace(covariance @ information))
        freedom = max(len(target) - effective, 1.0)
        if noise is None:
            spread = max(float(np.sqrt(residual @ residual / freedom)), 1e-9)
    return _report(run, names, theta, covariance, start, spread, freedom, weight, level)


def _names(run: Run, free: Sequence[str]) -> list[str]:
    unknown = [name for name in free if name not in RATE_NAMES]
    if unknown:
        raise OutOfRange(f"free names no rate: {', '.join(unknown)}; choose among {', '.join(RATE_NAMES)}")
    if any(getattr(run.rates, name) == 0 or not np.isfinite(getattr(run.rates, name)) for name in free):
        raise OutOfRange("a free rate must start finite and above zero")
    return [*dict.fromkeys(free), *(f"{v}0" for v in STATE)]


def _targets(run: Run) -> tuple[Floats, list[int]]:
    if len(run.times) < 3:
        raise TooShort(f"{len(run.times)} times, at least 3 are needed")
    if not run.values:
        raise TooShort("no variable was observed")
    for name, column in run.values.items():
        if len(column) != len(run.times):
            raise ShapeMismatch(f"{name} has {len(column)} values for {len(run.times)} times")
        if not np.isfinite(column).all():
            raise NotFinite(f"{name} holds values that are NaN or infinite")
    order = [v for v in STATE if v in run.values]
    return np.log(np.stack([run.values[v] for v in order])).ravel(), [STATE.index(v) for v in order]


def _start(run: Run) -> Floats:
    """Observed first values; unobserved ones: three users to an active one, half of what is possible."""
    active = (
        float(run.values["A"][0]) if "A" in run.values else float(run.values.get("N", np.array([3.0]))[0]) / 3
    )
    guess = {
        "N": 3 * active,
        "A": active,
        "P": run.rates.p_max / 2,
        "C": run.rates.c_max / 2,
        "R": run.rates.r_max / 2,
    }
    return np.array([float(run.values[v][0]) if v in run.values else guess[v] for v in STATE])


def _initial(name: str, run: Run, start: Floats) -> float:
    return float(start[STATE.index(name[0])]) if name.endswith("0") else float(getattr(run.rates, name))


def _courses(values: Floats, names: list[str], rates: Rates, start: Floats, times: Floats) -> Floats:
    """Courses of shape (runs, times, 5) for rows of parameter values."""
    coefficients: dict[str, Floats | float] = dict(asdict(rates))
    starts = np.repeat(start[:, None], len(values), axis=1)
    for column, name in enumerate(names):
        if name.endswith("0"):
            starts[STATE.index(name[0])] = values[:, column]
        else:
            coefficients[name] = values[:, column]
    starts[0] = np.maximum(starts[0], starts[1] * (1 + 1e-9))  # at least the active ones are users
    return simulate_many(coefficients, start=starts, times=times, step_max=0.1)


def _fit(
    theta: Floats,
    centre: Floats,
    weight: Floats,
    names: list[str],
    run: Run,
    start: Floats,
    columns: list[int],
    target: Floats,
    noise: float,
) -> tuple[Floats, Floats, Floats]:
    """Optimum, Jacobian of the log course (observations × parameters) there, and residuals of the data."""
    least_squares = library("scipy.optimize").least_squares

    def logs(thetas: Floats) -> Floats:
        courses = _courses(np.exp(thetas), names, run.rates, start, run.times)
        with np.errstate(invalid="ignore", divide="ignore"):
            return (
                np.log(np.maximum(courses[:, :, columns], 1e-300)).transpose(0, 2, 1).reshape(len(thetas), -1)
            )

    def jacobian(at: Floats) -> Floats:
        step = 1e-5 * np.eye(len(at))
        columns: Floats = (logs(at + step) - logs(at - step)) / 2e-5
        return columns.T

    def residual(at: Floats) -> Floats:
        return np.concatenate([(logs(at[None])[0] - target) / noise, (at - centre) * weight])

    def slopes(at: Floats) -> Floats:
        return np.vstack([jacobian(at) / noise, np.diag(weight)])

    found = least_squares(
        residual, theta, jac=slopes, bounds=(centre - 6, centre + 6), x_scale=0.3, max_nfev=2000
    )
    if not found.success:
        raise NotConverged(f"the fit stopped after {found.nfev} steps: {found.message}")
    return found.x, jacobian(found.x), logs(found.x[None])[0] - target


def _report(
    run: Run,
    names: list[str],
    theta: Floats,
    covariance: Floats,
    start: Floats,
    noise: float,
    freedom: float,
    weight: Floats,
    level: float,
) -> Calibration:
    student = library("scipy.stats").t
    reach = student.ppf((1 + level) / 2, freedom) * np.sqrt(np.diag(covariance))
    learned = 1 - np.sqrt(np.diag(covariance)) * weight
    estimates = {
        name: Estimate(float(np.exp(m)), float(np.exp(m - w)), float(np.exp(min(m + w, 700.0))), float(k))
        for name, m, w, k in zip(names, theta, reach, learned, strict=True)
    }
    rates = replace(run.rates, **{n: e.value for n, e in estimates.items() if not n.endswith("0")})
    begin = start.copy()
    for name in names:
        if name.endswith("0"):
            begin[STATE.index(name[0])] = estimates[name].value
    begin[0] = max(begin[0], begin[1])
    course = simulate_many(asdict(rates), start=begin, times=run.times, step_max=0.02)[0]
    errors = {
        v: float(100 * np.mean(np.abs(course[:, STATE.index(v)] / column - 1)))
        for v, column in run.values.items()
    }
    return Calibration(rates, begin, estimates, errors, noise, theta, covariance, freedom)
