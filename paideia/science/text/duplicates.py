"""Near-duplicates among many texts: MinHash with locality-sensitive hashing, and SimHash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from paideia.science.checks import Floats, Ints, between, positive
from paideia.science.errors import EmptyInput, OutOfRange
from paideia.science.text.tokens import normalise

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Shingles:
    """Hashed character k-grams of each text, laid end to end; a text shorter than k has one, of all its
    characters.
    """

    hashes: Hashes
    offsets: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, text: int) -> Hashes:
        """The distinct shingles of one text, sorted."""
        return np.unique(self.hashes[self.offsets[text] : self.offsets[text + 1]])


def shingles(texts: Sequence[str], *, k: int = 5) -> Shingles:
    """k-grams of the normalised characters, hashed by a polynomial modulo 2⁶⁴ and mixed (splitmix64).

    Characters and not words, so that Chinese and English are treated alike. All texts are hashed in k
    passes over one array.

    Raises `EmptyInput`.
    """
    if not len(texts):
        raise EmptyInput("texts is empty")
    positive(k, "k")
    plain = [normalise(text).ljust(k, "\0") for text in texts]
    codes = np.frombuffer("".join(plain).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(
        np.uint64
    )
    lengths = np.array([len(text) for text in plain])
    ends = np.cumsum(lengths)
    with np.errstate(over="ignore"):
        rolled = np.zeros(len(codes) - k + 1, dtype=np.uint64)
        for j in range(k):
            rolled = rolled * np.uint64(1_000_003) + codes[j : j + len(rolled)]
    counts = lengths - k + 1
    inside = np.arange(ends[-1]) < np.repeat(ends - k + 1, lengths)  # a k-gram may not run into the next text
    return Shingles(_mixed(rolled[inside[: len(rolled)]]), np.concatenate(([0], np.cumsum(counts))))


@dataclass(frozen=True, slots=True)
class MinHash:
    """Signatures whose agreement estimates the Jaccard similarity of the shingle sets."""

    signatures: NDArray[np.uint32]
    """Texts × permutations."""

    def similarity(self, a: Ints, b: Ints) -> Floats:
        """Estimated Jaccard similarity of pairs of texts; its standard error is √(J·(1 - J)/permutations)."""
        estimate: Floats = (self.signatures[a] == self.signatures[b]).mean(axis=1)
        return estimate


def min_hash(sets: Shingles, *, permutations: int = 128, rng: np.random.Generator) -> MinHash:
    """The least of each of many random hashes over a text's shingles (Broder 1997).

    Hashes (a·h + b) mod 2⁶⁴ ≫ 32 with odd a (Dietzfelbinger et al. 1997). Texts are handled in blocks that
    fit the cache.
    """
    positive(permutations, "permutations")
    a = rng.integers(0, 2**63, permutations, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    b = rng.integers(0, 2**63, permutations, dtype=np.uint64)
    signatures = np.empty((len(sets), permutations), dtype=np.uint32)
    low = 0
    with np.errstate(over="ignore"):
        while low < len(sets):
            high = max(
                low + 1, int(np.searchsorted(sets.offsets, sets.offsets[low] + BLOCK, side="right")) - 1
            )
            hashes = sets.hashes[sets.offsets[low] : sets.offsets[high]]
            starts = sets.offsets[low:high] - sets.offsets[low]
            for p in range(permutations):
                values = ((hashes * a[p] + b[p]) >> np.uint64(32)).astype(np.uint32)
                signatures[low:high, p] = np.minimum.reduceat(values, starts)
            low = high
    return MinHash(signatures)


BLOCK = 1 << 16
"""Shingles handled at once."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of similar texts, most similar first; first < second."""

    first: Ints
    second: Ints
    similarity: Floats


def similar_pairs(
    signatures: MinHash, *, threshold: float = 0.7, rows: int | None = None, crowd_max: int = 200
) -> Pairs:
    """Pairs of estimated similarity of at least `threshold`, by banding (Leskovec, Rajaraman & Ullman 2014,
    §3.4).

    Signatures are cut into bands of `rows`; texts that agree in a whole band are compared. A pair of
    similarity s is found with probability 1 - (1 - s^rows)^bands; by default rows are as many as keep that
    above 99 % at the threshold. In a band where more than `crowd_max` texts agree each is compared with the
    first of them only.
    """
    between(threshold, "threshold", 0, 1, open_ends=True)
    width = signatures.signatures.shape[1]
    depth = _rows(threshold, width) if rows is None else rows
    between(depth, "rows", 1, width)
    found = []
    for start in range(0, width - depth + 1, depth):
        band = np.ascontiguousarray(signatures.signatures[:, start : start + depth])
        found.append(_agreeing(_mixed_rows(band), crowd_max))
    pairs = np.unique(np.concatenate(found, axis=1), axis=1) if found else np.zeros((2, 0), dtype=np.int64)
    similarity = signatures.similarity(pairs[0], pairs[1])
    kept = np.flatnonzero(similarity >= threshold)
    order = kept[np.argsort(-similarity[kept], kind="stable")]
    return Pairs(pairs[0][order], pairs[1][order], similarity[order])


def sim_hash(sets: Shingles) -> Hashes:
    """One 64-bit fingerprint for each text (Charikar 2002): bit j is the sign of the sum over shingles of
    their bit j as ±1.

    Similar texts differ in few bits; whether bits differ estimates the angle of the shingle counts.
    """
    prints = np.zeros(len(sets), dtype=np.uint64)
    counts = np.diff(sets.offsets)
    for bit in range(64):
        ones = np.add.reduceat(
            ((sets.hashes >> np.uint64(bit)) & np.uint64(1)).astype(np.int64), sets.offsets[:-1]
        )
        prints |= (2 * ones > counts).astype(np.uint64) << np.uint64(bit)
    return prints


def close_prints(prints: Hashes, *, bits: int = 3) -> Pairs:
    """Pairs of fingerprints that differ in at most `bits` bits (Manku, Jain & Das Sarma 2007).

    Among bits + 1 blocks of a 64-bit print at least one must agree, so only texts that agree in a block are
    compared. Similarity is 1 - differing/64.

    Raises `OutOfRange`.
    """
    if not 0 <= bits <= 15:
        raise OutOfRange(f"bits must lie in 0 … 15, it is {bits}")
    edges = np.linspace(0, 64, bits + 2).astype(int)
    found = []
    for low, high in pairwise(edges):
        mask = np.uint64((1 << int(high - low)) - 1)
        found.append(_agreeing((prints >> np.uint64(low)) & mask, 10_000))
    pairs = np.unique(np.concatenate(found, axis=1), axis=1)
    differing = np.bitwise_count(prints[pairs[0]] ^ prints[pairs[1]]).astype(np.int64)
    kept = np.flatnonzero(differing <= bits)
    order = kept[np.argsort(differing[kept], kind="stable")]
    return Pairs(pairs[0][order], pairs[1][order], 1 - differing[order] / 64)


def _rows(threshold: float, width: int) -> int:
    """The most rows whose bands still find 99 % of the pairs at the threshold."""
    for rows in range(width, 1, -1):
        if 1 - (1 - threshold**rows) ** (width // rows) >= 0.99:
            return rows
    return 1


def _agreeing(keys: Hashes, crowd_max: int) -> Ints:
    """Pairs (2, n) with equal keys, first < second."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    sizes = np.diff(np.append(starts, len(ranked)))
    pairs = []
    for size in np.unique(sizes[sizes > 1]):
        groups = order[starts[sizes == size][:, None] + np.arange(size)]  # rows are sorted: argsort is stable
        i, j = (
            np.triu_indices(size, 1)
            if size <= crowd_max
            else (np.zeros(size - 1, dtype=int), np.arange(1, size))
        )
        pairs.append(np.stack([groups[:, i].ravel(), groups[:, j].ravel()]))
    return np.concatenate(pairs, axis=1) if pairs else np.zeros((2, 0), dtype=np.int64)


def _mixed(x: Hashes) -> Hashes:
    """splitmix64's finaliser (Steele, Lea & Flood 2014): every bit of the result depends on every bit
    given.
    """
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def _mixed_rows(rows: NDArray[np.uint32]) -> Hashes:
    key = np.zeros(len(rows), dtype=np.uint64)
    for column in rows.T:
        key = _mixed(key ^ column.astype(np.uint64))
    return key
