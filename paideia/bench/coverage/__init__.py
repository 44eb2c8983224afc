"""`paideia bench science --coverage`: do the intervals of paideia.science hold what they were made from?

Each trial plants a truth, drawn anew for every data set, makes data from it as the estimator assumes, and returns
truths and bounds. Sizes are those of a small community: where intervals are hardest.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from paideia.bench.coverage.planted import TRIALS, Planted
from paideia.science.coverage import measure_coverage
from paideia.science.threads import few_threads

FAMILIES = ("activity", "experiments", "growth", "learning", "ranking", "retention", "series", "value")


def coverage(seeds: int = 50, *, only: Iterable[str] = ()) -> list[dict[str, Any]]:
    """One row for each estimator with 95 % intervals: share that held the truth, and whether it may be so.

    `only` picks trials whose estimator begins with one of the given names, e.g. "experiments".
    """
    wanted = tuple(only)
    return [measured(t, seeds) for t in trials() if not wanted or t.estimator.startswith(wanted)]


def trials() -> list[Planted]:
    """Every trial, by family."""
    for family in FAMILIES:
        import_module(f"{__name__}.{family}")
    return list(TRIALS)


def measured(planted: Planted, seeds: int) -> dict[str, Any]:
    """The row of one trial; `below` and `above` are the shares of truths on either side of their interval."""
    started = time.process_time()
    with few_threads():
        found = measure_coverage(planted.trial, seeds=seeds, repeats=planted.repeats)
    return {
        "estimator": planted.estimator,
        "interval": planted.interval,
        "coverage": round(found.share, 4),
        "error": round(found.error, 4),
        "below": round(found.below, 4),
        "above": round(found.above, 4),
        "intervals": found.intervals,
        "sets": found.sets,
        "refused": found.refused,
        "within": found.within(),
        "seconds": round(time.process_time() - started, 2),
    }
