"""Copying: how much of a text stands in another, where, and at what level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paideia.science.checks import Floats, library, positive
from paideia.science.errors import EmptyInput, OneClass, ShapeMismatch, TooShort
from paideia.science.text.duplicates import shingles
from paideia.science.text.tokens import normalise, sentences, words

LEVELS = ("none", "heavy revision", "light revision", "cut and paste")
"""Levels of copying, least first (Clough & Stevenson 2011)."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of words that stands in both texts."""

    text: str
    start: int
    """Word number in the text looked at."""
    source_start: int
    length: int
    """Words."""


def passages(text: str, source: str, *, least: int = 5) -> list[Passage]:
    """Maximal common runs of at least `least` words, each word used once, longest first: greedy string
    tiling (Wise 1993).

    Common runs are found from the hashed `least`-grams of the source, extended as far as the words agree.
    """
    positive(least, "least")
    a, b = words(text), words(source)
    places: dict[tuple[str, ...], list[int]] = {}
    for j in range(len(b) - least + 1):
        places.setdefault(tuple(b[j : j + least]), []).append(j)
    runs = []
    for i in range(len(a) - least + 1):
        for j in places.get(tuple(a[i : i + least]), ()):
            if i and j and a[i - 1] == b[j - 1]:
                continue  # part of a run that began earlier
            length = least
            while i + length < len(a) and j + length < len(b) and a[i + length] == b[j + length]:
                length += 1
            runs.append((length, i, j))
    used_a, used_b = np.zeros(len(a), dtype=bool), np.zeros(len(b), dtype=bool)
    found = []
    for length, i, j in sorted(runs, key=lambda run: (-run[0], run[1], run[2])):
        free = ~(used_a[i : i + length] | used_b[j : j + length])
        for begin, size in _stretches(free):
            if size >= least:
                used_a[i + begin : i + begin + size] = used_b[j + begin : j + begin + size] = True
                found.append(Passage(" ".join(a[i + begin : i + begin + size]), i + begin, j + begin, size))
    return sorted(found, key=lambda p: (-p.length, p.start))


def containment(text: str, source: str, *, n: int = 3) -> float:
    """Share of the text's distinct word n-grams that stand in the source (Broder 1997); 0 for a text
    shorter than n.
    """
    return _share(_grams(words(text), n), _grams(words(source), n))


def longest_common_share(text: str, source: str) -> float:
    """Length of the longest common subsequence of words over the words of the text: copying with words
    changed between.

    By bit-parallel dynamic programming (Hyyrö 2004): a row of the table is one integer.
    """
    a, b = words(text), words(source)
    if not a or not b:
        return 0.0
    where: dict[str, int] = {}
    for j, word in enumerate(b):
        where[word] = where.get(word, 0) | (1 << j)
    full = (1 << len(b)) - 1
    row = full
    for word in a:
        match = where.get(word, 0)
        u = row & match
        row = ((row + u) | (row - u)) & full
    return (len(b) - row.bit_count()) / len(a)


def winnow(text: str, *, k: int = 10, window: int = 8) -> dict[int, int]:
    """Fingerprints of a text: hash to its position (Schleimer, Wilkerson & Aiken 2003).

    Of each `window` neighbouring k-grams of characters the least hash, the rightmost of equals. Any common
    run of at least window + k - 1 characters shares a fingerprint; none shorter than k does.
    """
    positive(window, "window")
    if len(normalise(text)) < k:
        return {}
    hashes = shingles([text], k=k).hashes
    if len(hashes) < window:
        window = len(hashes)
    frames = np.lib.stride_tricks.sliding_window_view(hashes, window)
    rightmost = window - 1 - frames[:, ::-1].argmin(axis=1)
    chosen = np.unique(rightmost + np.arange(len(frames)))
    return {int(hashes[c]): int(c) for c in chosen}


def fingerprint_share(text: str, source: str, *, k: int = 10, window: int = 8) -> float:
    """Share of the text's winnowed fingerprints that the source has."""
    a, b = winnow(text, k=k, window=window), winnow(source, k=k, window=window)
    return len(a.keys() & b.keys()) / len(a) if a else 0.0


SIMILARITIES = (
    "content words",
    "content pairs",
    "common subsequence",
    "verbatim sentences",
    "passages",
    "passage length",
)
"""How much was taken (the first three), and how literally (the last three)."""


@dataclass(frozen=True, slots=True)
class CopyJudge:
    """A fitted judge of levels of copying."""

    centre: Floats
    spread: Floats
    weights: Floats
    """Boundaries between neighbouring levels × (1 + similarities): intercept and slopes."""

    def chances(self, texts: Sequence[str], sources: Sequence[str]) -> Floats:
        """Probability that each text lies above each boundary, texts × 3: copied at all, lightly revised or
        less, pasted.
        """
        z = (similarities(texts, sources) - self.centre) / self.spread
        above: Floats = library("scipy.special").expit(self.weights[:, 0] + z @ self.weights[:, 1:].T)
        return above

    def level(self, texts: Sequence[str], sources: Sequence[str]) -> list[str]:
        """The level of each text, one of `LEVELS`: as many boundaries passed as are likelier passed than
        not.
        """
        return [LEVELS[int(k)] for k in (self.chances(texts, sources) > 0.5).sum(axis=1)]

    def copied(self, texts: Sequence[str], sources: Sequence[str]) -> list[bool]:
        """Whether each text is copied at all."""
        return [bool(p > 0.5) for p in self.chances(texts, sources)[:, 0]]


def similarities(texts: Sequence[str], sources: Sequence[str]) -> Floats:
    """Texts × `SIMILARITIES`, as square roots, because the steps between little and some copying are small.

    Shares of the text's distinct content words (without endings) and pairs of them that the source has; of
    its words in the longest common subsequence; of its sentences that stand in the source word for word; of
    its words in common passages of four or more; and the mean length of these in units of twenty words.

    Raises `EmptyInput` or `ShapeMismatch`.
    """
    if len(texts) != len(sources):
        raise ShapeMismatch(f"{len(sources)} sources for {len(texts)} texts")
    if not len(texts):
        raise EmptyInput("texts is empty")
    rows = [_similar(text, source) for text, source in zip(texts, sources, strict=True)]
    return np.sqrt(np.array(rows, dtype=np.float64))


def fit_copy_judge(
    texts: Sequence[str],
    sources: Sequence[str],
    levels: Sequence[str],
    *,
    penalty: float = 0.3,
    mistakes: float = 0.05,
) -> CopyJudge:
    """Ordinal classification by one logistic regression for each boundary (Frank & Hall 2001), with a ridge.

    What tells copied from not (some words of the source) is not what tells pasted from revised (its
    sentences), so each boundary has its own weights. No weight is below 0: more of the source never speaks
    for less copying, and what a few examples say otherwise is chance. A share of `mistakes` of them may be
    labelled wrongly (a text copied from elsewhere): P(above) = (1 - mistakes)·σ(w·z) + mistakes/2 keeps
    those from bending the boundary.

    Raises `OneClass`, `ShapeMismatch` or `TooShort`.
    """
    unknown = sorted(set(levels) - set(LEVELS))
    if unknown:
        raise ShapeMismatch(f"levels must be among {', '.join(LEVELS)}; not {', '.join(unknown)}")
    if len(levels) != len(texts):
        raise ShapeMismatch(f"{len(levels)} levels for {len(texts)} texts")
    if len(levels) < 12:
        raise TooShort(f"{len(levels)} examples, at least 12 are needed")
    if len(set(levels)) < len(LEVELS):
        raise OneClass(f"every level needs examples; there are {', '.join(sorted(set(levels)))}")
    positive(penalty, "penalty")
    x = similarities(texts, sources)
    y = np.array([LEVELS.index(level) for level in levels])
    centre, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    z = (x - centre) / spread
    return CopyJudge(
        centre, spread, np.stack([_boundary(z, y > k, penalty, mistakes) for k in range(len(LEVELS) - 1)])
    )


def _boundary(z: Floats, above: Any, penalty: float, mistakes: float) -> Floats:
    optimize, expit = library("scipy.optimize"), library("scipy.special").expit

    def loss(w: Floats) -> tuple[float, Floats]:
        sure = expit(w[0] + z @ w[1:])
        chance = (1 - mistakes) * sure + mistakes / 2
        said = np.maximum(np.where(above, chance, 1 - chance), 1e-12)
        pull = np.where(above, -1, 1) / said * (1 - mistakes) * sure * (1 - sure)
        value = float(-np.log(said).sum() + penalty * (w[1:] ** 2).sum())
        return value, np.concatenate(([pull.sum()], z.T @ pull + 2 * penalty * w[1:]))

    start = np.concatenate(([0.0], np.full(z.shape[1], 0.1)))
    bounds = [(None, None)] + [(0.0, None)] * z.shape[1]
    return np.asarray(optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def _similar(text: str, source: str) -> list[float]:
    a, b = _content(text), _content(source)
    runs = [p.length for p in passages(text, source, least=4)]
    size = max(len(words(text)), 1)
    whole = " ".join(words(source))
    lines = [line for line in (words(s) for s in sentences(" ".join(text.split()))) if len(line) > 4]
    verbatim = sum(" ".join(line) in whole for line in lines) / len(lines) if lines else 0.0
    return [
        _share(_grams(a, 1), _grams(b, 1)),
        _share(_grams(a, 2), _grams(b, 2)),
        longest_common_share(text, source),
        verbatim,
        sum(runs) / size,
        float(np.mean(runs)) / 20 if runs else 0.0,
    ]


ENDINGS = (
    "ization", "isation", "ations", "ation", "ments", "ment", "ities", "ity", "ingly", "ing", "edly", "ed", "ies", "es",
    "s", "ly", "er", "al",
)  # fmt: skip


def _content(text: str) -> list[str]:
    """Content words without their English endings (a light stemmer: the longest ending that leaves three
    letters).
    """
    return [_stem(word) for word in words(text, stop=True)]


def _stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _share(part: set[tuple[str, ...]], whole: set[tuple[str, ...]]) -> float:
    return len(part & whole) / len(part) if part else 0.0


def _stretches(free: Any) -> list[tuple[int, int]]:
    """(begin, size) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], free, [False])).astype(int)))
    return [(int(a), int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _grams(tokens: list[str], n: int) -> set[tuple[str, ...]]:
    return {tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)}
