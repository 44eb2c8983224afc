"""Growth: the well-posed model calibrated to the two reference runs."""

from __future__ import annotations

from collections.abc import Iterator

from paideia.bench.science.rows import Row, at_most
from paideia.bench.science.sources import Sources
from paideia.science.growth import ONLINE_SCHOOL, TECH_GROUP, calibrate


def rows(data: Sources) -> Iterator[Row]:
    """Mean absolute percentage error of each variable; needs no file."""
    for run in (ONLINE_SCHOOL, TECH_GROUP):
        errors = calibrate(run).percentage_errors
        figures = [at_most(f"MAPE {name}, %", errors[name], 2.0, digits=2) for name in "ARPC"]
        yield Row(run.name, figures, "in-sample: five times, twenty observations")
