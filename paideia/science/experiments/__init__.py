"""Experiments: who sees what, whether the split held, what it did, whom it moved, and when one may look."""

from paideia.science.experiments.assignment import SampleRatio, assign, bucket, sample_ratio
from paideia.science.experiments.effect import (
    Effect,
    cuped,
    detectable,
    difference,
    people_needed,
    ratio_difference,
)
from paideia.science.experiments.sequential import AlwaysValid, Guard, always_valid, guard
from paideia.science.experiments.uplift import Qini, UpliftModel, qini, transformed_outcome, two_model

__all__ = [
    "AlwaysValid",
    "Effect",
    "Guard",
    "Qini",
    "SampleRatio",
    "UpliftModel",
    "always_valid",
    "assign",
    "bucket",
    "cuped",
    "detectable",
    "difference",
    "guard",
    "people_needed",
    "qini",
    "ratio_difference",
    "sample_ratio",
    "transformed_outcome",
    "two_model",
]
