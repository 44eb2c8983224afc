"""The growth model: users, active users, precision, climate, retention, and what a budget does to them."""

from paideia.science.growth.calibrate import Calibration, Estimate, calibrate
from paideia.science.growth.equilibria import Equilibrium, Thresholds, equilibria, residual, thresholds
from paideia.science.growth.literal import Escape, literal_escape, literal_slope
from paideia.science.growth.model import Path, retention_ceiling, simulate, simulate_many, slope
from paideia.science.growth.policy import (
    ASSUMED_RESPONSES,
    GOALS,
    LEVERS,
    Front,
    Response,
    outcomes,
    pareto_front,
    undominated,
)
from paideia.science.growth.rates import ONLINE_SCHOOL, STATE, TECH_GROUP, Rates, Run
from paideia.science.growth.sensitivity import Sobol, elasticities, sobol_indices

__all__ = [
    "ASSUMED_RESPONSES",
    "GOALS",
    "LEVERS",
    "ONLINE_SCHOOL",
    "STATE",
    "TECH_GROUP",
    "Calibration",
    "Equilibrium",
    "Escape",
    "Estimate",
    "Front",
    "Path",
    "Rates",
    "Response",
    "Run",
    "Sobol",
    "Thresholds",
    "calibrate",
    "elasticities",
    "equilibria",
    "literal_escape",
    "literal_slope",
    "outcomes",
    "pareto_front",
    "residual",
    "retention_ceiling",
    "simulate",
    "simulate_many",
    "slope",
    "sobol_indices",
    "thresholds",
    "undominated",
]
