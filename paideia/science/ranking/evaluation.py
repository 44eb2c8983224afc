"""How good are recommendations: ranks of what was read next among all items, and what the lists are like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, between, same_length, whole
from paideia.science.errors import EmptyInput, OutOfRange
from paideia.science.ranking.histories import Histories
from paideia.science.ranking.scorer import BLOCK, Scorer, masked


@dataclass(frozen=True, slots=True)
class Ranks:
    """The rank, from 1, of the one item that each member read next, among all items not read before."""

    ranks: Floats
    """Ties count half, so that a constant score earns nothing."""

    def hit_rate(self, k: int) -> float:
        """Share of members whose next item is among the first k; with one relevant item the same as recall."""
        return float((self.ranks <= k).mean())

    def ndcg(self, k: int) -> float:
        """Mean 1/log₂(1 + rank) of the hits (Järvelin & Kekäläinen 2002)."""
        return float(self._gain(k).mean())

    def mrr(self, k: int | None = None) -> float:
        """Mean 1/rank, of hits within k if given."""
        inverse = 1 / self.ranks
        return float((inverse if k is None else np.where(self.ranks <= k, inverse, 0)).mean())

    def interval(
        self, measure: str, k: int, *, rng: np.random.Generator, resamples: int = 1000, level: float = 0.95
    ) -> tuple[float, float]:
        """Bootstrap interval over members of "hit_rate", "ndcg" or "mrr". Raises `OutOfRange`."""
        values = {
            "hit_rate": (self.ranks <= k).astype(float),
            "ndcg": self._gain(k),
            "mrr": np.where(self.ranks <= k, 1 / self.ranks, 0),
        }
        if measure not in values:
            raise OutOfRange(f"measure must be one of {', '.join(values)}")
        return bootstrap_mean(values[measure], rng=rng, resamples=resamples, level=level)

    def _gain(self, k: int) -> Floats:
        gain: Floats = np.where(self.ranks <= k, 1 / np.log2(1 + self.ranks), 0.0)
        return gain


def rank_next(model: Scorer, histories: Histories, targets: ArrayLike, *, again: bool = False) -> Ranks:
    """Ranks of `targets`, one for each member, with everything in the history masked (unless `again`).

    Raises `OutOfRange`.
    """
    wanted = whole(targets, "targets", minimum=0)
    if len(wanted) != len(histories):
        raise OutOfRange(f"{len(wanted)} targets for {len(histories)} histories")
    ranks = np.empty(len(wanted))
    for low in range(0, len(wanted), BLOCK):
        high = min(low + BLOCK, len(wanted))
        block = histories.rows(low, high)
        scores = masked(model.scores(block), block, again=again)
        own = np.asarray(model_score(scores, wanted[low:high]))
        above = (scores > own[:, None]).sum(axis=1)
        equal = (scores == own[:, None]).sum(axis=1)
        ranks[low:high] = np.where(np.isneginf(own), scores.shape[1], above + (equal + 1) / 2)
    return Ranks(ranks)


def model_score(scores: Any, items: Ints) -> Floats:
    """The score of one item for each row."""
    picked: Floats = scores[np.arange(len(items)), items]
    return picked


def leave_one_out(fit: Any, data: Histories) -> Ranks:
    """Fit on everything but each member's last item, then rank that item: `fit(histories)` returns a model.

    Raises `EmptyInput`.
    """
    past, targets, tested = data.hold_out_last()
    if not len(tested):
        raise EmptyInput("nobody has read two items: there is nothing to test")
    return rank_next(fit(past), past.choose(tested), targets)


def split_in_time(fit: Any, data: Histories, *, cut: float) -> Ranks:
    """Fit on what was read before the cut, then rank the first new item that each known member read after
    it.

    Raises `EmptyInput` or `OutOfRange`.
    """
    past = data.before(cut)
    if data.times is None:
        raise OutOfRange("these histories have no times")
    members, targets = [], []
    for member in range(len(data)):
        later = data.of(member)[data.times[data.offsets[member] : data.offsets[member + 1]] >= cut]
        fresh = later[~np.isin(later, past.of(member))]
        if len(fresh) and len(past.of(member)):
            members.append(member)
            targets.append(int(fresh[0]))
    if not members:
        raise EmptyInput(f"nobody with a past read anything new after {cut:g}")
    return rank_next(fit(past), past.choose(members), targets)


@dataclass(frozen=True, slots=True)
class ListQuality:
    """Measures of the lists of k items that a group of members was shown."""

    recall: float
    """Mean share of each member's relevant items that were in their list."""
    precision: float
    ndcg: float
    coverage: float
    """Share of the catalogue that was shown to anybody."""
    diversity: float
    """Mean distance 1 - cosine of the pairs in a list; NaN without item vectors."""
    novelty: float
    """Mean -log₂(share of members who know the item): bits of surprise (Zhou et al. 2010)."""
    serendipity: float
    """Share of the list that is relevant and not among the equally many most popular."""
    popularity_bias: float
    """Mean popularity of what was shown over that of what members read: above 1 the lists lean to the
    popular.
    """
    concentration: float
    """Gini coefficient of how often items are shown: 0 all alike, towards 1 few items only."""


def judge_lists(
    lists: ArrayLike,
    relevant: Sequence[Sequence[int]],
    histories: Histories,
    *,
    vectors: ArrayLike | None = None,
) -> ListQuality:
    """Every measure of recommended lists (members, k; -1 for no item) against what each member went on to
    read.

    Raises `EmptyInput`.
    """
    shown = np.asarray(lists, dtype=np.int64)
    same_length(lists=shown, relevant=relevant, histories=histories)
    if not shown.size:
        raise EmptyInput("lists is empty")
    size, k = histories.catalogue, shown.shape[1]
    counts = np.bincount(histories.items, minlength=size)
    popular = set(np.argsort(-counts, kind="stable")[:k].tolist())
    wanted = [set(map(int, r)) for r in relevant]
    hits = np.array([[int(i) in w for i in row] for row, w in zip(shown, wanted, strict=True)])
    sizes = np.array([len(w) for w in wanted])
    tested = sizes > 0
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)[np.minimum(np.maximum(sizes, 1), k) - 1]
    unexpected = hits & ~np.isin(shown, list(popular))
    known = np.maximum(np.diff(histories.seen().tocsc().indptr), 0) / max(len(histories), 1)
    real = shown[shown >= 0]
    often = np.bincount(real, minlength=size)
    return ListQuality(
        recall=float((hits.sum(axis=1)[tested] / sizes[tested]).mean()) if tested.any() else float("nan"),
        precision=float(hits.mean()),
        ndcg=float(((hits @ discount) / ideal)[tested].mean()) if tested.any() else float("nan"),
        coverage=float((often > 0).mean()),
        diversity=_diversity(shown, vectors),
        novelty=float(-np.log2(np.maximum(known[real], 0.5 / max(len(histories), 1))).mean()),
        serendipity=float(unexpected.mean()),
        popularity_bias=float(counts[real].mean() / counts[histories.items].mean()),
        concentration=_gini(often),
    )


def bootstrap_mean(
    values: Floats, *, rng: np.random.Generator, resamples: int = 1000, level: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of a mean by resampling rows (Efron 1979)."""
    between(level, "level", 0, 1, open_ends=True)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(resamples)]
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)


def _diversity(shown: Ints, vectors: ArrayLike | None) -> float:
    if vectors is None or shown.shape[1] < 2:
        return float("nan")
    x = np.asarray(vectors, dtype=np.float64)
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    distances = []
    for row in shown:
        own = x[row[row >= 0]]
        if len(own) > 1:
            distances.append(1 - ((own @ own.T).sum() - len(own)) / (len(own) * (len(own) - 1)))
    return float(np.mean(distances)) if distances else float("nan")


def _gini(counts: Ints) -> float:
    ordered = np.sort(counts)
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * max(int(ordered.sum()), 1)))
