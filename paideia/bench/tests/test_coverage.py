"""Every estimator that gives intervals keeps their promise on planted data; one that does not is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paideia.bench.coverage import coverage, measured, trials


def test_a_planted_wrong_estimator_is_found_in_the_table():
    honest = next(t for t in trials() if t.estimator == "experiments.difference")

    def halved(rng):
        truth, low, high = (np.asarray(v) for v in honest.trial(rng))
        return truth, low + (high - low) / 4, high - (high - low) / 4

    rows = measured(honest, 25), measured(replace(honest, trial=halved), 25)
    assert [row["within"] for row in rows] == [True, False]
    assert rows[1]["coverage"] == pytest.approx(0.67, abs=0.06)


def test_the_table_names_every_estimator_asked_for():
    rows = coverage(2, only=["experiments", "series.fit_panel"])
    assert [row["estimator"] for row in rows] == [
        "experiments.difference",
        "experiments.cuped",
        "experiments.ratio_difference",
        "experiments.always_valid",
        "experiments.qini",
        "series.fit_panel",
        "series.fit_panel",
    ]
    assert len({(t.estimator, t.interval) for t in trials()}) == len(trials()) >= 35


@pytest.mark.long
@pytest.mark.parametrize("planted", trials(), ids=lambda t: f"{t.estimator}: {t.interval}")
def test_ninety_five_percent_intervals_hold_the_truth_in_90_to_98_percent(planted):
    row = measured(planted, 50)
    assert 0.90 <= row["coverage"] <= 0.98
    assert row["refused"] <= 0.05 * (row["sets"] + row["refused"])
