"""Ranking: what was read next on Amazon Beauty and LastFM, every model's settings chosen on validation only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.util import find_spec
from itertools import product
from os import cpu_count
from typing import Any, Literal

import numpy as np

from paideia.bench.science.rows import Row, at_least
from paideia.bench.science.sources import Sources
from paideia.science.ranking import (
    Blend,
    Histories,
    ItemWeights,
    Scorer,
    fit_als,
    fit_blend,
    fit_ease,
    fit_graph_walk,
    fit_item_neighbours,
    fit_markov,
    fit_next_item,
    fit_popularity,
    fit_sequence,
    histories,
    rank_next,
)

SEQUENCES: Mapping[str, Literal["gru", "attention"]] = {"recurrent": "gru", "self-attention": "attention"}
JUDGED_MAX = 4000
"""Members on whose last but one item settings are chosen."""
PUBLISHED: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "Beauty": {"popularity": (0.0120, 0.0056), "EASE": (0.0694, 0.0374), "EASE with recency": (0.0768, 0.0442),
               "self-attention": (0.0605, 0.0318)},
    "LastFM": {"popularity": (0.0385, 0.0180), "EASE": (0.0881, 0.0504), "EASE with recency": (0.0908, 0.0466),
               "self-attention": (0.0688, 0.0390)},
}  # fmt: skip
BEST = {"Beauty": (0.0768, 0.0442), "LastFM": (0.0908, 0.0466)}
Fit = Callable[..., Scorer]


@dataclass(frozen=True)
class Split:
    """Leave-one-out: `past` without the last two items of each member, `until` without the last."""

    past: Histories
    validation: np.ndarray
    until: Histories
    test: np.ndarray

    @cached_property
    def judged(self) -> np.ndarray:
        """The members on whom settings are chosen."""
        size = len(self.past)
        return np.sort(np.random.default_rng(1).permutation(size)[:JUDGED_MAX])

    def quality(self, model: Scorer) -> float:
        """NDCG@10 of a model of the past on the validation item."""
        return rank_next(model, self.past.choose(self.judged), self.validation[self.judged]).ndcg(10)


def rows(data: Sources) -> Iterator[Row]:
    """Every model on both sets, and at last the blend of the best."""
    for name in PUBLISHED:
        yield from compare(name, split(read(data.text(f"seqrec-s3/{name}.txt.xz"))))


def read(text: str) -> Histories:
    """One member per line: their number, then their items, numbered from 1 in order of time."""
    return histories([[int(item) - 1 for item in line.split()[1:]] for line in text.splitlines() if line])


def split(log: Histories) -> Split:
    """Last item to test, last but one to choose; members with fewer than three are only learnt from."""
    until, test, tested = log.hold_out_last()
    past, validation, chosen = until.hold_out_last()
    if not np.array_equal(tested, chosen):  # some have two items only
        kept = np.isin(tested, chosen)
        until, test, past = until.choose(tested[kept]), test[kept], past.choose(chosen)
    return Split(past, validation, until, test)


def compare(name: str, held: Split) -> Iterator[Row]:
    """The rows of one data set: models of `past`, as published figures have it, and one refitted blend."""
    yield _judged(name, "popularity", fit_popularity(held.past), held)
    models: dict[str, Scorer] = {}
    again: list[Callable[[], Scorer]] = []
    for model, (fit, choices, fadings) in MODELS.items():
        found, settings = choose(held, fit, choices, fadings)
        models[model] = found
        again.append(partial(fit, held.until, **settings))
        said = ", ".join(f"{key} {value}" for key, value in settings.items())
        if isinstance(found, ItemWeights) and model == "EASE with recency":
            yield _judged(name, "EASE", replace(found, fading=1.0), held, f"penalty {settings['penalty']}")
        yield _judged(name, model, found, held, said)
    blend = _blend(models, held)
    yield _judged(name, "blend", blend, held, "weights learnt on validation", best=True)
    yield from _sequences(name, models, held)
    weights = blend.weights
    models.clear()  # the refitted ones take as much memory again
    del blend, found
    blend = Blend(tuple(fit() for fit in again), weights)
    yield _judged(name, "blend, refitted", blend, held, "the models learn from the validation item too")


def _sequences(name: str, models: dict[str, Scorer], held: Split) -> Iterator[Row]:
    """The networks, and a blend with them; minutes each, so fitted once."""
    if not find_spec("torch"):
        yield Row(f"{name}, sequence models", note="torch is not installed: pip install 'paideia[torch]'")
        return
    for model, kind in SEQUENCES.items():
        models[model] = fit_sequence(held.past, kind=kind, seed=1, threads=cpu_count() or 1)
        yield _judged(name, model, models[model], held)
    blend = _blend(models, held)
    yield _judged(name, "blend with sequences", blend, held, "weights learnt on validation", best=True)


def _blend(models: Mapping[str, Scorer], held: Split) -> Blend:
    members = held.judged
    return fit_blend(list(models.values()), held.past.choose(members), held.validation[members])


def choose(
    held: Split, fit: Fit, choices: Iterable[dict[str, Any]], fadings: Iterable[float]
) -> tuple[Scorer, dict[str, Any]]:
    """The fitted model of greatest NDCG@10 on validation, and its settings; fading changes scoring only."""
    best: tuple[float, Any, dict[str, Any]] = (-1.0, None, {})
    for settings in choices:
        model: Any = fit(held.past, **settings)
        for fading in fadings:
            faded = replace(model, fading=fading)
            quality = held.quality(faded)
            if quality > best[0]:
                best = quality, faded, {**settings, "fading": fading}
    return best[1], best[2]


def grid(**values: list[Any]) -> list[dict[str, Any]]:
    """Every combination of settings."""
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


def _als(log: Histories, **settings: Any) -> Scorer:
    return fit_als(log, rng=np.random.default_rng(1), **settings)


RECENT = [0.95, 0.9, 0.8, 0.7, 0.6, 0.5]
MODELS: dict[str, tuple[Fit, list[dict[str, Any]], list[float]]] = {
    "item neighbours": (fit_item_neighbours, grid(weighting=["cosine", "bm25"], k=[50, 200]), [1.0, *RECENT]),
    "graph walk": (fit_graph_walk, grid(alpha=[0.6, 1.0], beta=[0.2, 0.4, 0.6]), [1.0, *RECENT]),
    "Markov": (fit_markov, grid(skips=[1, 3, 6], damping=[1.0, 5.0]), RECENT[2:]),
    "ALS": (_als, grid(factors=[64], confidence=[5.0, 20.0], penalty=[1.0, 10.0]), [1.0, 0.8]),
    "EASE with recency": (fit_ease, grid(penalty=[100.0, 250.0]), RECENT),
    "next item": (fit_next_item, grid(penalty=[30.0, 100.0]), RECENT[1:]),
}  # fmt: skip


def _judged(name: str, model: str, fitted: Scorer, held: Split, note: str = "", best: bool = False) -> Row:
    ranks = rank_next(fitted, held.until, held.test)
    rng = np.random.default_rng(1)
    figures = []
    for k, (measure, label) in enumerate((("hit_rate", "HR@10"), ("ndcg", "NDCG@10"))):
        ours = ranks.hit_rate(10) if measure == "hit_rate" else ranks.ndcg(10)
        reference = PUBLISHED[name].get(model) if name in PUBLISHED else None
        aim = BEST[name][k] if best and name in BEST else None
        figures.append(
            at_least(
                label, ours, aim, reference=reference[k] if reference else aim,
                interval=ranks.interval(measure, 10, rng=rng, resamples=300), digits=4,
            )
        )  # fmt: skip
    return Row(f"{name}, {model}", figures, note)
