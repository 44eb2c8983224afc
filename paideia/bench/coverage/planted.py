"""The table of trials: what each tests, and how many data sets it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from paideia.science.coverage import Trial

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Planted:
    """A trial, what it tests, and how many data sets of each seed it takes for a steady share."""

    estimator: str
    interval: str
    repeats: int
    trial: Trial


TRIALS: list[Planted] = []


def planted(estimator: str, interval: str, *, repeats: int = 1) -> Callable[[Trial], Trial]:
    """Enter a trial in the table."""

    def enter(trial: Trial) -> Trial:
        TRIALS.append(Planted(estimator, interval, repeats, trial))
        return trial

    return enter
