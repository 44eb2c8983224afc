"""How to split a monthly budget when several goals count: the Pareto front of A, R, P and C."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from paideia.science.checks import Floats, library, positive
from paideia.science.errors import OutOfRange
from paideia.science.growth.model import simulate_many
from paideia.science.growth.rates import Rates

GOALS = ("A", "R", "P", "C")
LEVERS = ("recommendation", "incentives", "interaction")


@dataclass(frozen=True, slots=True)
class Response:
    """What money does to one coefficient: factor 1 + gain · spend / (spend + half_spend), saturating.

    A negative gain is a side effect (incentives that are gamed raise η). Estimate gains by experiments; the
    defaults below are an assumption to be replaced.

    Raises `OutOfRange`.
    """

    lever: str
    rate: str
    gain: float
    half_spend: float
    """Monthly spend at which half of the gain is reached."""

    def __post_init__(self) -> None:
        if self.lever not in LEVERS:
            raise OutOfRange(f"lever {self.lever} is not one of {', '.join(LEVERS)}")
        positive(self.half_spend, "half_spend")
        if self.gain <= -1:
            raise OutOfRange(f"gain must be above -1, it is {self.gain:g}")


ASSUMED_RESPONSES = (
    Response("recommendation", "delta", 0.35, 4000),
    Response("recommendation", "gamma_p", 0.20, 4000),
    Response("incentives", "beta", 0.30, 3000),
    Response("incentives", "nu", -0.20, 5000),
    Response("incentives", "eta", 0.60, 6000),
    Response("interaction", "epsilon", 0.25, 3000),
    Response("interaction", "eta", -0.30, 4000),
    Response("interaction", "gamma_c", 0.20, 4000),
)


@dataclass(frozen=True, slots=True)
class Front:
    """Splits none of which is beaten on every goal; rows sorted by activity."""

    spends: Floats
    """Money a month on recommendation, incentives and interaction, shape (points, 3)."""
    outcomes: Floats
    """A, R, P, C at the horizon, shape (points, 4)."""
    untouched: Floats
    """The same four with no money spent."""

    def compromise(self) -> int:
        """Index of the point nearest to the best of each goal, goals scaled to 0 … 1 over the front."""
        low, high = self.outcomes.min(axis=0), self.outcomes.max(axis=0)
        scaled = (self.outcomes - low) / np.where(high > low, high - low, 1)
        return int(np.linalg.norm(1 - scaled, axis=1).argmin())


def outcomes(
    spends: Floats, *, rates: Rates, start: Floats, horizon: float, responses: Sequence[Response]
) -> Floats:
    """A, R, P, C at the horizon for each row of monthly spends (rows, 3). Raises `OutOfRange`."""
    money = np.atleast_2d(np.asarray(spends, dtype=float))
    if money.shape[1] != len(LEVERS) or (money < 0).any():
        raise OutOfRange(f"spends must have a column of at least 0 for each of {', '.join(LEVERS)}")
    coefficients = dict(asdict(rates))
    for response in responses:
        x = money[:, LEVERS.index(response.lever)]
        factor = 1 + response.gain * x / (x + response.half_spend)
        coefficients[response.rate] = coefficients[response.rate] * factor
    courses = simulate_many(coefficients, start=start, times=np.array([0.0, horizon]), step_max=0.1)
    return courses[:, -1][:, [1, 4, 2, 3]]


def pareto_front(
    rates: Rates,
    *,
    start: Floats,
    budget: float,
    horizon: float,
    responses: Sequence[Response] = ASSUMED_RESPONSES,
    population: int = 80,
    generations: int = 60,
    rng: np.random.Generator,
) -> Front:
    """The splits of a monthly `budget` that cannot be improved in one of A, R, P, C without losing in
    another.

    NSGA-II (Deb, Pratap, Agarwal & Meyarivan 2002) from pymoo: shares of the budget are the genes, repaired
    onto the simplex, so that all money is spent. `horizon` is in the model's unit of time.
    """
    positive(budget, "budget")
    positive(horizon, "horizon")
    nsga2 = library("pymoo.algorithms.moo.nsga2")
    problem = library("pymoo.core.problem")
    optimize = library("pymoo.optimize")

    def result(genes: Floats) -> Floats:
        return outcomes(
            _spends(genes, budget), rates=rates, start=start, horizon=horizon, responses=responses
        )

    class Split(problem.Problem):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__(n_var=3, n_obj=4, xl=0.0, xu=1.0)

        def _evaluate(self, genes: Floats, out: dict[str, Floats], *_: object, **__: object) -> None:
            out["F"] = -result(genes)

    found = optimize.minimize(
        Split(),
        nsga2.NSGA2(pop_size=population),
        ("n_gen", generations),
        seed=int(rng.integers(2**31)),
        verbose=False,
    )
    spends = _spends(np.atleast_2d(found.X), budget)
    reached = result(np.atleast_2d(found.X))
    kept = undominated(reached)
    order = kept[np.argsort(-reached[kept, 0], kind="stable")]
    untouched = outcomes(np.zeros((1, 3)), rates=rates, start=start, horizon=horizon, responses=responses)[0]
    return Front(spends[order], reached[order], untouched)


def undominated(points: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Rows that no other row matches on every column and beats on one; among equal rows the first."""
    _, first = np.unique(points, axis=0, return_index=True)
    rows = np.sort(first)
    unique = points[rows]
    least = (unique[:, None, :] >= unique[None, :, :]).all(axis=2)
    beaten = (least & (unique[:, None, :] > unique[None, :, :]).any(axis=2)).any(axis=0)
    kept: np.ndarray[tuple[int], np.dtype[np.int64]] = rows[~beaten]
    return kept


def _spends(genes: Floats, budget: float) -> Floats:
    total = genes.sum(axis=1, keepdims=True)
    shares = np.where(total > 0, genes / np.where(total > 0, total, 1), 1 / genes.shape[1])
    return budget * shares
