"""What each member has read, in order of time: the one input of every recommender."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, between, library, same_length, vector, whole
from paideia.science.errors import EmptyInput, OutOfRange, ShapeMismatch


@dataclass(frozen=True, slots=True)
class Histories:
    """Sequences of item numbers, one for each member, oldest first, laid end to end.

    Raises `OutOfRange` or `ShapeMismatch`.
    """

    items: Ints
    offsets: Ints
    """Member u's items are items[offsets[u] : offsets[u + 1]]."""
    catalogue: int
    """Items there are: numbers run from 0 to catalogue - 1."""
    times: Floats | None = None
    """When each item was read, beside `items`; None if only the order is known."""

    def __post_init__(self) -> None:
        if self.offsets.ndim != 1 or self.offsets[0] != 0 or self.offsets[-1] != len(self.items):
            raise ShapeMismatch("offsets must run from 0 to the number of items read")
        if len(self.items) and (self.items.min() < 0 or self.items.max() >= self.catalogue):
            raise OutOfRange(f"items must lie in 0 … {self.catalogue - 1}")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ints:
        """Number of items read by each member."""
        return np.diff(self.offsets)

    @property
    def members(self) -> Ints:
        """The member of each entry of `items`."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def ages(self) -> Ints:
        """How many items each entry lies before its member's last: 0 for the last."""
        return np.repeat(self.offsets[1:], self.lengths) - 1 - np.arange(len(self.items))

    def of(self, member: int) -> Ints:
        """One member's items, oldest first."""
        return self.items[self.offsets[member] : self.offsets[member + 1]]

    def rows(self, low: int, high: int) -> Histories:
        """The members low … high - 1."""
        start, end = self.offsets[low], self.offsets[high]
        times = None if self.times is None else self.times[start:end]
        return Histories(self.items[start:end], self.offsets[low : high + 1] - start, self.catalogue, times)

    def choose(self, members: ArrayLike) -> Histories:
        """These members, in this order."""
        chosen = whole(members, "members", least=0)
        lengths = self.lengths[chosen]
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        place = (
            np.arange(offsets[-1])
            - np.repeat(offsets[:-1], lengths)
            + np.repeat(self.offsets[chosen], lengths)
        )
        times = None if self.times is None else self.times[place]
        return Histories(self.items[place], offsets, self.catalogue, times)

    def hold_out_last(self) -> tuple[Histories, Ints, Ints]:
        """Leave-one-out: histories without their last item, that item, and the members who have one to spare.

        Members with fewer than two items are kept in the histories as they are and not tested.
        """
        tested = np.flatnonzero(self.lengths >= 2)
        last = self.offsets[1:][tested] - 1
        keep = np.ones(len(self.items), dtype=bool)
        keep[last] = False
        return self._keep(keep), self.items[last], tested

    def before(self, moment: float) -> Histories:
        """What was read before a moment; needs times. Raises `OutOfRange`."""
        if self.times is None:
            raise OutOfRange("these histories have no times")
        return self._keep(self.times < moment)

    def matrix(self, *, fading: float = 1.0, window: int | None = None) -> Any:
        """Members × items as scipy CSR: the sum of fading^age over readings, of the last `window` only if
        given.
        """
        between(fading, "fading", 0, 1)
        sparse = library("scipy.sparse")
        weights = np.full(len(self.items), 1.0) if fading == 1 else fading ** self.ages.astype(np.float64)
        if window is not None:
            weights = np.where(self.ages < window, weights, 0.0)
        shape = (len(self), self.catalogue)
        matrix = sparse.csr_matrix((weights, self.items, self.offsets), shape=shape, copy=True)
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        return matrix

    def seen(self) -> Any:
        """Members × items, 1 where the member has read the item, as scipy CSR."""
        matrix = self.matrix()
        matrix.data[:] = 1.0
        return matrix

    def _keep(self, keep: Any) -> Histories:
        lengths = np.bincount(self.members[keep], minlength=len(self))
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        times = None if self.times is None else self.times[keep]
        return Histories(self.items[keep], offsets, self.catalogue, times)


def histories(sequences: Iterable[Sequence[int]], *, catalogue: int | None = None) -> Histories:
    """Histories from one sequence of item numbers for each member, oldest first. Raises `EmptyInput`."""
    rows = [np.asarray(s, dtype=np.int64) for s in sequences]
    if not rows:
        raise EmptyInput("sequences is empty")
    items = np.concatenate(rows)
    offsets = np.concatenate(([0], np.cumsum([len(r) for r in rows])))
    top = int(items.max()) + 1 if len(items) else 0
    return Histories(items, offsets, top if catalogue is None else catalogue)


def histories_from_events(
    member: ArrayLike,
    item: ArrayLike,
    time: ArrayLike,
    *,
    members: int | None = None,
    catalogue: int | None = None,
) -> Histories:
    """Histories from an event log in any order; readings at the same time keep the order given."""
    who, what = whole(member, "member", minimum=0), whole(item, "item", minimum=0)
    when = vector(time, "time")
    same_length(member=who, item=what, time=when)
    order = np.lexsort((when, who))
    size = int(who.max()) + 1 if members is None else members
    offsets = np.concatenate(([0], np.cumsum(np.bincount(who, minlength=size))))
    top = int(what.max()) + 1 if catalogue is None else catalogue
    return Histories(what[order], offsets, top, when[order])
