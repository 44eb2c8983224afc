"""Planted learners and questions."""

from __future__ import annotations

import numpy as np

from paideia.bench.coverage.planted import Rng, planted
from paideia.science.checks import Floats
from paideia.science.coverage import Intervals


@planted("learning.Items.interval", "difficulty, 2PL", repeats=4)
def _difficulty(rng: Rng) -> Intervals:
    return _items(rng, parameters=2)


@planted("learning.Items.interval", "difficulty, 1PL", repeats=4)
def _difficulty_rasch(rng: Rng) -> Intervals:
    return _items(rng, parameters=1)


@planted("learning.Items.ability", "ability ± 1.96 deviations", repeats=2)
def _ability(rng: Rng) -> Intervals:
    from paideia.science.learning import fit_items

    ability, _, _, right = _answered(rng, 2)
    mean, deviation = fit_items(right).ability(right)
    return ability, mean - 1.96 * deviation, mean + 1.96 * deviation


def _items(rng: Rng, *, parameters: int) -> Intervals:
    from paideia.science.learning import fit_items

    _, difficulty, _, right = _answered(rng, parameters)
    bounds = [fit_items(right, parameters=parameters)]
    pairs = [bounds[0].interval(k) for k in range(len(difficulty))]
    return difficulty, [p[0] for p in pairs], [p[1] for p in pairs]


def _answered(rng: Rng, parameters: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Abilities, difficulties, discriminations, and answers of 250 learners to 15 questions, some not asked."""
    ability, difficulty = rng.normal(0, 1, 250), rng.normal(0, 0.8, 15)
    slope = np.exp(rng.normal(0.1, 0.3, 15)) if parameters == 2 else np.full(15, rng.uniform(0.7, 1.6))
    chance = 1 / (1 + np.exp(-slope * (ability[:, None] - difficulty)))
    right = (rng.random(chance.shape) < chance).astype(float)
    right[rng.random(chance.shape) < 0.1] = np.nan
    return ability, difficulty, slope, right
