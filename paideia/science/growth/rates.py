"""The growth model's symbols, shared by its literal and its well-posed form, and the two reference runs."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

from paideia.science.checks import Floats, positive
from paideia.science.errors import OutOfRange

STATE = ("N", "A", "P", "C", "R")
"""Order of a state vector: users, active users, content precision, climate, retention."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The coefficients, all per unit of time unless said otherwise.

    The first ten stand in both forms. The rest is what the well-posed form adds: how fast retention
    follows what people find (`kappa`), the levels that cannot be passed, and how climate nears its own.

    Raises `OutOfRange`.
    """

    gamma_a: float
    """Growth of users through active users; in the closure, weight of precision in retention."""
    gamma_p: float
    """Growth of users through content precision."""
    gamma_c: float
    """Growth of users through climate; in the closure, weight of climate in retention."""
    mu: float
    """Users lost."""
    beta: float
    """Activation by retention."""
    nu: float
    """Active users who fall silent."""
    delta: float
    """Precision gained from activity."""
    lam: float
    """Precision lost (λ)."""
    epsilon: float
    """Climate gained from retention."""
    eta: float
    """Climate lost."""
    kappa: float = 1.0
    """Speed at which retention follows its closure."""
    n_max: float = np.inf
    """Users who could be reached at all."""
    p_max: float = 1.0
    """Highest precision, in the unit of P."""
    c_max: float = 1.0
    """Highest climate, in the unit of C."""
    r_max: float = 1.0
    """Highest retention, in the unit of R."""
    c_shape: float = 1.0
    """How climate nears its maximum: 1 logistic, towards 0 Gompertz (early), above 1 late (Richards)."""

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if np.isnan(value) or value < 0:
                raise OutOfRange(f"{f.name} must be at least 0, it is {value:g}")
        for name in ("n_max", "p_max", "c_max", "r_max", "c_shape"):
            if getattr(self, name) <= 0:
                raise OutOfRange(f"{name} must be above 0")

    def scaled(self, **factors: float) -> Rates:
        """These rates with the named ones multiplied, e.g. `rates.scaled(beta=1.1)`."""
        return replace(self, **{name: getattr(self, name) * factor for name, factor in factors.items()})


@dataclass(frozen=True, slots=True)
class Run:
    """Observed values of A, R, P and C at some times. Raises `OutOfRange`."""

    times: Floats
    values: dict[str, Floats]
    rates: Rates
    """Where calibration starts from."""
    name: str = field(default="")

    def __post_init__(self) -> None:
        for name, column in self.values.items():
            if name not in STATE:
                raise OutOfRange(f"{name} is not one of {', '.join(STATE)}")
            positive(float(np.min(column)), f"the smallest {name}")


def _run(name: str, rates: Rates, **values: list[float]) -> Run:
    columns = {key: np.array(column) for key, column in values.items()}
    return Run(np.arange(5.0), columns, rates, name)


ONLINE_SCHOOL = _run(
    "online school",
    Rates(0.5, 0.3, 0.2, 0.05, 0.8, 0.2, 0.6, 0.1, 0.9, 0.1, n_max=4000, p_max=1.5, c_max=2.0, r_max=1.05),
    A=[1000, 1198.24, 1430.28, 1657.86, 1879.33],
    R=[0.7, 0.8, 0.9, 0.96, 0.99],
    P=[0.7, 0.77, 0.84, 0.91, 0.97],
    C=[0.8, 0.91, 1.06, 1.23, 1.39],
)
TECH_GROUP = _run(
    "tech group",
    Rates(0.4, 0.2, 0.3, 0.05, 0.9, 0.1, 0.5, 0.1, 0.95, 0.1, n_max=4000, p_max=1.5, c_max=2.0, r_max=1.05),
    A=[500, 682.49, 833.95, 1002.94, 1186.83],
    R=[0.6, 0.9, 0.97, 0.99, 1.01],
    P=[0.6, 0.65, 0.69, 0.73, 0.76],
    C=[0.6, 0.91, 1.14, 1.35, 1.53],
)
