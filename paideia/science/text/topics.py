"""What texts are about: topics with names, keyphrases, and what a member is interested in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, between, library, positive
from paideia.science.errors import EmptyInput, OutOfRange, ShapeMismatch, TooShort
from paideia.science.text.tokens import HAN, STOP, normalise, sentences, words


@dataclass(frozen=True, slots=True)
class Topics:
    """Topics of a collection of texts."""

    names: tuple[str, ...]
    """Three words each that tell it from the others."""
    words: tuple[tuple[str, ...], ...]
    """The ten heaviest words of each."""
    shares: Floats
    """Texts × topics, rows of sum 1 (0 where a text has no known word)."""
    vectors: Any
    factors: Any

    def of(self, texts: Sequence[str]) -> Floats:
        """Shares of the topics in new texts."""
        return _shares(np.asarray(self.factors.transform(self.vectors.transform(texts))))


def find_topics(texts: Sequence[str], *, count: int, seed: int = 0) -> Topics:
    """Non-negative matrix factorisation of TF-IDF (Lee & Seung 1999), Chinese and English together.

    Named by relevance ½·ln p(w|topic) + ½·ln(p(w|topic)/p(w)) (Sievert & Shirley 2014, λ = ½), so that a
    name is both frequent in its topic and rare elsewhere.

    Raises `TooShort`.
    """
    if len(texts) < 2 * count:
        raise TooShort(f"{len(texts)} texts for {count} topics: give at least {2 * count}")
    positive(count, "count")
    vectors = library("sklearn.feature_extraction.text").TfidfVectorizer(
        analyzer=_content_words, min_df=2, max_df=0.5, sublinear_tf=True
    )
    try:
        weights = vectors.fit_transform(texts)
    except ValueError as error:
        raise TooShort("no word occurs in two texts without being in half of them") from error
    factors = library("sklearn.decomposition").NMF(count, init="nndsvda", random_state=seed, max_iter=400)
    mixture = factors.fit_transform(weights)
    vocabulary = vectors.get_feature_names_out()
    given = factors.components_ / np.maximum(factors.components_.sum(axis=1, keepdims=True), 1e-12)
    overall = np.asarray(weights.sum(axis=0)).ravel() / weights.sum()
    with np.errstate(divide="ignore"):
        relevance = np.log(given) - 0.5 * np.log(np.maximum(overall, 1e-12))
    heaviest = [tuple(str(vocabulary[w]) for w in np.argsort(-row)[:10]) for row in given]
    names = tuple(" · ".join(str(vocabulary[w]) for w in np.argsort(-row)[:3]) for row in relevance)
    return Topics(names, tuple(heaviest), _shares(mixture), vectors, factors)


def keyphrases(text: str, *, count: int = 8, window: int = 4) -> list[tuple[str, float]]:
    """The phrases that hold a text together, with their weights, heaviest first (TextRank: Mihalcea & Tarau
    2004).

    PageRank (damping .85) on the graph of content words that occur within `window` of one another;
    neighbouring heavy words are joined. Words that occur once in a long text are left out.
    """
    lines = [[w for w in words(s) if _counts(w)] for s in sentences(text)]
    single = Counter(w for line in lines for w in line)
    if not single:
        return []
    names = sorted(single)
    place = {w: k for k, w in enumerate(names)}
    links = np.zeros((len(names), len(names)))
    for line in lines:
        for i, word in enumerate(line):
            for other in line[i + 1 : i + window]:
                if other != word:
                    links[place[word], place[other]] += 1
                    links[place[other], place[word]] += 1
    rank = _page_rank(links) * np.log1p([single[w] for w in names])
    heavy = {names[k] for k in np.argsort(-rank, kind="stable")[: max(2 * count, len(names) // 3)]}
    phrases: Counter[str] = Counter()
    weight: dict[str, float] = {}
    for sentence in sentences(text):
        for run in _runs(words(sentence), heavy):
            joined = _join(run)
            phrases[joined] += 1
            weight[joined] = float(sum(rank[place[w]] for w in run) / len(run) ** 0.5)
    scored = {p: weight[p] * np.log1p(n) for p, n in phrases.items()}
    kept: list[tuple[str, float]] = []
    for phrase in sorted(scored, key=lambda p: (-scored[p], p)):
        if not any(phrase in other or other in phrase for other, _ in kept):
            kept.append((phrase, float(scored[phrase])))
    top = kept[0][1] if kept else 1.0
    return [(phrase, value / top) for phrase, value in kept[:count]]


@dataclass(frozen=True, slots=True)
class Interests:
    """P(C'|U): the chance that the next thing each member opens is of each category."""

    probability: Floats
    """Members × categories, rows of sum 1."""
    genuine: Floats
    """The same without today's trend: what the member opens beyond what everybody opens."""


def interests(
    clicks: ArrayLike, *, fading: float = 0.9, virtual: float = 10.0, recent: ArrayLike | None = None
) -> Interests:
    """Bayes' rule for interests under a changing supply (Liu, Dolan & Pedersen 2010, eq. 6-9).

    `clicks` counts periods × members × categories, oldest period first. In a period t everybody's clicks
    have the distribution p_t(C); P(click | C, U) ∝ P_t(C | click, U)/p_t(C), so what a member opened counts
    relative to what was there. Over periods, faded and smoothed by `virtual` clicks of the average member:

        genuine(C|U) ∝ (virtual + Σ_t f_t·N_t(U)·P_t(C|U)/p_t(C)) / (virtual + Σ_t f_t·N_t(U)),
        P(C'|U) ∝ p_now(C')·genuine(C'|U),    f_t = fading^age

    `recent` is p_now, by default the distribution of the last period with a trace of all.

    Raises `EmptyInput`, `OutOfRange` or `ShapeMismatch`.
    """
    counts = np.asarray(clicks, dtype=np.float64)
    if counts.ndim != 3 or not counts.size:
        raise ShapeMismatch("clicks must count periods × members × categories")
    if (counts < 0).any() or not np.isfinite(counts).all():
        raise OutOfRange("clicks must be at least 0")
    if not counts.sum():
        raise EmptyInput("clicks are all zero")
    between(fading, "fading", 0, 1)
    positive(virtual, "virtual")
    everything = counts.sum(axis=(0, 1)) + 1e-9
    overall = everything / everything.sum()
    supply = counts.sum(axis=1) + overall  # one click of the overall mix smooths each period
    supply = supply / supply.sum(axis=1, keepdims=True)
    faded = fading ** np.arange(len(counts))[::-1]
    lift = np.einsum("t,tuc,tc->uc", faded, counts, 1 / supply)
    shown = np.einsum("t,tuc->u", faded, counts)
    genuine = (virtual + lift) / (virtual + shown)[:, None]
    now = supply[-1] if recent is None else np.asarray(recent, dtype=np.float64) / np.sum(recent)
    probability = now * genuine
    return Interests(
        probability / probability.sum(axis=1, keepdims=True), genuine / genuine.sum(axis=1, keepdims=True)
    )


def _content_words(text: str) -> list[str]:
    return words(text, stop=True)


def _counts(word: str) -> bool:
    return word not in STOP and not word.isdigit() and (len(word) > 1)


def _shares(mixture: Floats) -> Floats:
    total = mixture.sum(axis=1, keepdims=True)
    shares: Floats = mixture / np.where(total > 0, total, 1.0)
    return shares


def _page_rank(links: Floats, damping: float = 0.85) -> Floats:
    out = links.sum(axis=1, keepdims=True)
    step = np.divide(links, out, out=np.full_like(links, 1 / len(links)), where=out > 0)
    rank = np.full(len(links), 1 / len(links))
    for _ in range(60):
        rank = (1 - damping) / len(links) + damping * rank @ step
    return rank


def _runs(line: list[str], heavy: set[str], longest: int = 3) -> list[list[str]]:
    runs: list[list[str]] = []
    current: list[str] = []
    for word in [*line, ""]:
        if word in heavy and len(current) < longest:
            current.append(word)
            continue
        if current:
            runs.append(current)
        current = [word] if word in heavy else []
    return runs


def _join(run: list[str]) -> str:
    """Words with spaces, Chinese without."""
    joined = run[0]
    for before, word in pairwise(run):
        joined += word if HAN.match(word) and HAN.match(before) else f" {word}"
    return normalise(joined)
