"""What is unusual about a cluster, and a name made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paideia.science.checks import Bools, Ints, positive, same_length
from paideia.science.personas.clusters import Personas
from paideia.science.personas.features import Columns, Feature

NOTABLE = 0.5
"""Standard deviations from which a difference is worth a word (Cohen's medium effect)."""


@dataclass(frozen=True, slots=True)
class Trait:
    """How a cluster differs from all members in one column, or in one level of a category."""

    feature: str
    level: str | None
    """The category; None for numbers and counts."""
    direction: Literal["high", "low"]
    strength: float
    """(cluster - all) / standard deviation of all; counts as ln(1 + x), a category as its share p with
    deviation √(p(1 - p)).
    """
    inside: float
    """Mean, or share of the level, in the cluster; in the unit given."""
    overall: float

    @property
    def lift(self) -> float:
        """Inside by overall: 2 is twice as much, or as often, as in general; NaN where overall is 0."""
        return self.inside / self.overall if self.overall else float("nan")

    @property
    def key(self) -> tuple[str, str]:
        """(feature, direction), as ("visits", "high") or ("plan=year", "low"): what a page looks up."""
        return (self.feature if self.level is None else f"{self.feature}={self.level}", self.direction)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A cluster as a person might describe it."""

    cluster: int
    size: int
    share: float
    """Of all members, those of no cluster included."""
    traits: tuple[Trait, ...]
    """All of them, strongest first."""
    name: tuple[tuple[str, str], ...]
    """Keys of the traits that make the name; () for members like everybody."""


def portraits(personas: Personas, columns: Columns, *, words: int = 2) -> list[Portrait]:
    """Describe each cluster by what is unusual in it, and name it by rule.

    A name is made of the `words` strongest traits of at least half a standard deviation, one for each
    feature, and for a category rather what is more frequent than what is rarer. Clusters whose names are
    the same get further traits until they differ or have no more. `columns` are those the personas were
    fitted on, in the same order of members.
    """
    positive(words, "words")
    label = personas.label
    for feature in personas.standard.features:
        same_length(label=label, **{feature.name: columns[feature.name]})
    found = [
        tuple(sorted(_traits(personas, columns, label == k), key=_strongest_first))
        for k in range(len(personas.centres))
    ]
    names = _names(found, words)
    sizes = personas.sizes
    return [
        Portrait(k, int(sizes[k]), float(sizes[k] / len(label)), traits, names[k])
        for k, traits in enumerate(found)
    ]


def _strongest_first(trait: Trait) -> tuple[float, bool, str, str]:
    return (-round(abs(trait.strength), 9), trait.direction == "low", trait.feature, trait.level or "")


def _traits(personas: Personas, columns: Columns, inside: Bools) -> Iterator[Trait]:
    for feature in personas.standard.features:
        if feature.kind == "category":
            yield from _levels(feature, np.asarray(columns[feature.name]).astype(str), inside)
        else:
            values = np.asarray(columns[feature.name], dtype=np.float64)
            strength = float(feature.block(values)[inside].mean())
            yield Trait(
                feature.name,
                None,
                "high" if strength >= 0 else "low",
                strength,
                float(values[inside].mean()),
                float(values.mean()),
            )


def _levels(
    feature: Feature, text: np.ndarray[tuple[int], np.dtype[np.str_]], inside: Bools
) -> Iterator[Trait]:
    for level, share in zip(feature.levels, feature.shares, strict=True):
        here = float((text[inside] == level).mean())
        strength = (here - share) / np.sqrt(share * (1 - share))
        yield Trait(feature.name, level, "high" if strength >= 0 else "low", float(strength), here, share)


def _names(found: list[tuple[Trait, ...]], words: int) -> list[tuple[tuple[str, str], ...]]:
    """The shortest names of at least `words` pieces that tell the clusters apart, as far as traits reach."""
    pieces = [_pieces(traits) for traits in found]
    lengths: Ints = np.full(len(found), words, dtype=np.int64)
    while True:
        names = [tuple(own[:length]) for own, length in zip(pieces, lengths.tolist(), strict=True)]
        same = [names.count(name) > 1 for name in names]
        longer = [s and length < len(own) for s, length, own in zip(same, lengths, pieces, strict=True)]
        if not any(longer):
            return names
        lengths += np.array(longer)


def _pieces(traits: tuple[Trait, ...]) -> list[tuple[str, str]]:
    """Keys of notable traits, one for each feature."""
    chosen: dict[str, tuple[str, str]] = {}
    for trait in traits:
        if abs(trait.strength) >= NOTABLE:
            chosen.setdefault(trait.feature, trait.key)
    return list(chosen.values())
