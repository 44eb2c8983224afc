"""Risk: the handbook's simulated card payments, split as the handbook does but inside April to July."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from paideia.bench.science.rows import Row, at_least
from paideia.bench.science.sources import Sources
from paideia.science.checks import Ints
from paideia.science.classifier import fit_classifier
from paideia.science.measures import assess
from paideia.science.risk import Velocity, delayed_split, detect, velocity

MONTHS = ("04", "05", "06", "07")
FIRST_DAY = 17_622
"""2018-04-01 in days from 1970."""
START = 101
"""2018-07-11: seven days to learn from, seven until labels are known, seven to judge (07-25 to 07-31)."""


def rows(data: Sources) -> Iterator[Row]:
    """Boosted trees on velocity features (Le Borgne et al. 2022)."""
    paid = payments(data)
    made = features(paid)
    day, customer, fraud = paid["TX_TIME_DAYS"], paid["CUSTOMER_ID"], paid["TX_FRAUD"]
    held = delayed_split(day, customer, fraud, start=START)
    model = fit_classifier(made.columns(held.train), fraud[held.train], groups=customer[held.train])
    p = model.probability(made.columns(held.test))
    judged = assess(fraud[held.test], p)
    found = detect(p, day[held.test], customer[held.test], fraud[held.test])
    draws = np.random.default_rng(1).choice(found.by_day, (1000, len(found.by_day))).mean(axis=1)
    yield Row(
        "FDH payments, boosted",
        [
            at_least("AUC", judged.auc, 0.87, interval=(judged.auc_low, judged.auc_high)),
            at_least("average precision", judged.average_precision, None),
            at_least(
                "card precision@100", found.card_precision, None,
                interval=tuple(np.percentile(draws, [2.5, 97.5]).tolist()),
            ),
            at_least("the best possible", float(found.best_by_day.mean()), None),
        ],
        f"trained on 07-11 to 07-17 ({len(held.train)} payments), judged on 07-25 to 07-31 ({len(held.test)}), "
        "without cards known to be defrauded; interval of card precision over days",
    )  # fmt: skip


def payments(data: Sources) -> dict[str, Any]:
    """All payments of the four months by column."""
    import pandas

    frames: list[Any] = [data.frame(f"fraud-fdh/transactions-2018-{month}.csv.xz") for month in MONTHS]
    together = pandas.concat(frames, ignore_index=True)
    return {name: together[name].to_numpy() for name in together.columns if name != "TX_FRAUD_SCENARIO"}


def features(paid: dict[str, Any]) -> Velocity:
    """The handbook's features and a few more; seconds are counted from 1970."""
    second: Ints = paid["TX_TIME_SECONDS"].astype(np.int64) + 86_400 * FIRST_DAY
    return velocity(paid["CUSTOMER_ID"], paid["TERMINAL_ID"], second, paid["TX_AMOUNT"], paid["TX_FRAUD"])
