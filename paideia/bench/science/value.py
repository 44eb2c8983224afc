"""Value: the published parameters of CDNOW's one-tenth sample."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from paideia.bench.science.rows import Row, published
from paideia.bench.science.sources import Sources
from paideia.science.value import Purchases, count_purchases, fit_bg_nbd, fit_gamma_gamma

CALIBRATED_UNTIL = 272
"""1997-09-30 in days from 1997-01-01."""


def rows(data: Sources) -> Iterator[Row]:
    """BG/NBD (Fader, Hardie & Lee 2005) and Gamma-Gamma (Fader & Hardie 2013) on weeks."""
    bought = purchases(data)
    model = fit_bg_nbd(bought)
    values = zip(("r", "alpha", "a", "b"), (0.243, 4.414, 0.793, 2.426), strict=True)
    figures = [
        published(name, getattr(model, name), value, interval=model.fit.interval(name))
        for name, value in values
    ]
    figures.append(published("log-likelihood", model.fit.log_likelihood, -9582.4, digits=1))
    yield Row("CDNOW BG/NBD", figures, "maximum likelihood; weeks until 1997-09-30; Wald intervals")
    spend = fit_gamma_gamma(bought)
    values = zip(("p", "q", "gamma"), (6.25, 3.74, 15.44), strict=True)
    yield Row(
        "CDNOW Gamma-Gamma",
        [
            published(name, getattr(spend, name), value, interval=spend.fit.interval(name), digits=2)
            for name, value in values
        ],
        "γ is published as 15.44 and, rounded otherwise, as 15.45",
    )


def purchases(data: Sources) -> Purchases:
    """Customers of the sample with their purchases in the calibration period."""
    lines = [line.split() for line in data.text("cdnow/CDNOW_sample.txt").splitlines() if line.strip()]
    dates = np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for _, _, d, *_ in lines], dtype="datetime64[D]")
    day = (dates - np.datetime64("1997-01-01")).astype(np.int64)
    customer, amount = [int(line[1]) for line in lines], [float(line[4]) for line in lines]
    return count_purchases(customer, day, amount, end=CALIBRATED_UNTIL)
