"""Planted ranks and logs of what was shown."""

from __future__ import annotations

import numpy as np

from paideia.bench.coverage.planted import Rng, planted
from paideia.science.checks import Floats
from paideia.science.coverage import Intervals


@planted("ranking.Ranks.interval", "hit rate, nDCG and MRR at 10", repeats=20)
def _ranks(rng: Rng) -> Intervals:
    from paideia.science.ranking import Ranks

    weights = np.arange(1.0, 201) ** -rng.uniform(0.5, 1.2)
    weights /= weights.sum()
    rank = np.arange(1, 201)
    hit: Floats = (rank <= 10).astype(np.float64)
    gains: dict[str, Floats] = {"hit_rate": hit, "ndcg": hit / np.log2(1 + rank), "mrr": hit / rank}
    seen = Ranks(rng.choice(rank, 200, p=weights).astype(float))
    bounds = [seen.interval(name, 10, rng=rng, resamples=500) for name in gains]
    return [weights @ gain for gain in gains.values()], [b[0] for b in bounds], [b[1] for b in bounds]


def _logged(rng: Rng, method: str) -> Intervals:
    """A log of 600 showings in five contexts with four arms, and the value of another policy."""
    from paideia.science.ranking import off_policy

    reward = rng.uniform(0.05, 0.6, (5, 4))
    old, new = rng.dirichlet(np.full(4, 4.0), 5), rng.dirichlet(np.full(4, 2.0), 5)
    context = rng.integers(0, 5, 600)
    arm = (rng.random((600, 1)) > np.cumsum(old[context], axis=1)).sum(axis=1)
    gained = (rng.random(600) < reward[context, arm]).astype(float)
    guess = reward + rng.normal(0, 0.1, reward.shape)
    found = off_policy(
        gained,
        old[context, arm],
        new[context, arm],
        method=method,
        predicted=guess[context, arm],
        predicted_new=(new * guess).sum(axis=1)[context],
    )
    return (new * reward).sum(axis=1).mean(), found.low, found.high


@planted("ranking.off_policy", "value, inverse propensities", repeats=20)
def _ips(rng: Rng) -> Intervals:
    return _logged(rng, "ips")


@planted("ranking.off_policy", "value, self-normalised", repeats=20)
def _snips(rng: Rng) -> Intervals:
    return _logged(rng, "snips")


@planted("ranking.off_policy", "value, doubly robust", repeats=20)
def _doubly_robust(rng: Rng) -> Intervals:
    return _logged(rng, "dr")
