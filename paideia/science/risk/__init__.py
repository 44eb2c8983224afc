"""What looks wrong: unusual rows, fraud under late labels, colluding accounts, and accounts that are shared."""

from paideia.science.classifier import Classifier, Reason, fit_classifier
from paideia.science.risk.anomalies import IsolationForest, fit_isolation_forest, most_unusual, typical_depth
from paideia.science.risk.collusion import Block, Circle, circles, core, dense_blocks
from paideia.science.risk.detection import DelayedSplit, Detection, alerts, delayed_split, detect
from paideia.science.risk.sharing import (
    Journeys,
    Parallel,
    great_circle_km,
    impossible_journeys,
    parallel_sessions,
)
from paideia.science.risk.velocity import Trailing, Velocity, trailing, velocity

__all__ = [
    "Block",
    "Circle",
    "Classifier",
    "DelayedSplit",
    "Detection",
    "IsolationForest",
    "Journeys",
    "Parallel",
    "Reason",
    "Trailing",
    "Velocity",
    "alerts",
    "circles",
    "core",
    "delayed_split",
    "dense_blocks",
    "detect",
    "fit_classifier",
    "fit_isolation_forest",
    "great_circle_km",
    "impossible_journeys",
    "most_unusual",
    "parallel_sessions",
    "trailing",
    "typical_depth",
    "velocity",
]
