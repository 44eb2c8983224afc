"""Who sees which variant: by hash, so that everybody can compute it and nobody has to remember it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from paideia.science.checks import Floats, Ints, between, library, positive, vector, whole
from paideia.science.errors import EmptyInput, OutOfRange, ShapeMismatch


def bucket(unit: str | int, *, salt: str) -> float:
    """A number in [0, 1) that depends only on the unit and the experiment's salt, uniform over units.

    The first 52 bits of BLAKE2b over "salt:unit". Different salts give independent numbers, so that
    experiments do not share their halves.
    """
    digest = hashlib.blake2b(f"{salt}:{unit}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 12) / 2**52


def assign(units: Iterable[str | int], *, salt: str, shares: Mapping[str, float]) -> list[str]:
    """The variant of each unit; `shares` are positive and sum to 1, and their order matters.

    Raises `EmptyInput` or `OutOfRange`.
    """
    names, edges = _edges(shares)
    places = np.searchsorted(edges, [bucket(unit, salt=salt) for unit in units], side="right")
    return [names[place] for place in places]


def _edges(shares: Mapping[str, float]) -> tuple[list[str], Floats]:
    if not shares:
        raise EmptyInput("shares is empty: name at least one variant")
    for name, share in shares.items():
        positive(share, f"the share of {name}")
    total = sum(shares.values())
    if abs(total - 1) > 1e-9:
        raise OutOfRange(f"shares must sum to 1, they sum to {total:g}")
    return list(shares), np.cumsum(list(shares.values()))[:-1]


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Whether the counts fit the planned shares."""

    p_value: float
    """Pearson's χ² test: valid for one look."""
    always_valid_p: float
    """Valid however often one looks, and for any stopping."""
    suspicious: bool
    """`always_valid_p` is below the level: do not read this experiment's results, find the cause."""


def sample_ratio(counts: Iterable[int], shares: Iterable[float], *, level: float = 0.001) -> SampleRatio:
    """Is the split what was planned? A mismatch means that assignment, logging or filtering is broken.

    χ² = Σ (n_k - N·s_k)²/(N·s_k) (Fabijan et al. 2019), and beside it the sequential multinomial test of
    Lindon & Malek (2022, eq. 11): the Bayes factor of a Dirichlet(c·s) mixture, c = 100, against the
    planned shares, B = [B(c·s + n)/B(c·s)] / Π s_k^n_k, whose inverse is a p-value at every moment.

    Raises `EmptyInput`, `OutOfRange` or `ShapeMismatch`.
    """
    observed = whole(np.fromiter(counts, dtype=np.int64), "counts", least=2, minimum=0)
    planned = vector(np.fromiter(shares, dtype=np.float64), "shares", least=2)
    if len(observed) != len(planned):
        raise ShapeMismatch(f"{len(observed)} counts for {len(planned)} shares")
    if (planned <= 0).any() or abs(planned.sum() - 1) > 1e-9:
        raise OutOfRange("shares must be above 0 and sum to 1")
    between(level, "level", 0, 1, open_ends=True)
    if observed.sum() == 0:
        raise EmptyInput("counts are all zero: nobody was assigned")
    expected = planned * observed.sum()
    statistic = ((observed - expected) ** 2 / expected).sum()
    p_value = float(library("scipy.stats").chi2.sf(statistic, len(planned) - 1))
    always = min(1.0, float(np.exp(-_log_bayes_factor(observed, planned))))
    return SampleRatio(p_value, always, always < level)


def _log_bayes_factor(counts: Ints, shares: Floats, concentration: float = 100.0) -> float:
    gammaln = library("scipy.special").gammaln
    prior = concentration * shares
    log_beta_prior = gammaln(prior).sum() - gammaln(concentration)
    log_beta_after = gammaln(prior + counts).sum() - gammaln(concentration + counts.sum())
    return float(log_beta_after - log_beta_prior - (counts * np.log(shares)).sum())
