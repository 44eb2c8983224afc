"""How the number of members moved: joined, returned, retained, churned, by period and by label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paideia.science.checks import Bools, Floats, Ints, same_length, vector, whole
from paideia.science.errors import OutOfRange, TooShort

BLOCK = 100_000
"""Members in memory at once."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Members in numbers; shape (labels, periods), a period between each two edges.

    opening + joined + returned - churned = closing and opening = retained + churned, exactly.
    """

    labels: NDArray[np.generic]
    opening: Ints
    joined: Ints
    """Members now who were none at the period's beginning nor ever before it."""
    returned: Ints
    """Members now who were none at the period's beginning, but had been."""
    churned: Ints
    """Members at the period's beginning who are none at its end."""

    @property
    def retained(self) -> Ints:
        """Members at both ends."""
        return self.opening - self.churned

    @property
    def closing(self) -> Ints:
        """Members at the period's end."""
        return self.opening + self.joined + self.returned - self.churned

    @property
    def retention(self) -> Floats:
        """retained / opening; NaN where there was nobody."""
        return _rate(self.retained, self.opening)

    @property
    def churn(self) -> Floats:
        """churned / opening."""
        return _rate(self.churned, self.opening)

    @property
    def joining(self) -> Floats:
        """(joined + returned) / opening; growth by the period is joining - churn, exactly."""
        return _rate(self.joined + self.returned, self.opening)

    @property
    def growth(self) -> Floats:
        """closing / opening - 1."""
        return _rate(self.closing - self.opening, self.opening)

    def total(self) -> Movement:
        """All labels together, as one row labelled 0."""
        moves = (self.opening, self.joined, self.returned, self.churned)
        return Movement(np.zeros(1, dtype=np.int64), *(move.sum(axis=0, keepdims=True) for move in moves))


def movement(
    member: ArrayLike,
    start: ArrayLike,
    end: ArrayLike,
    *,
    edges: ArrayLike,
    label: ArrayLike | None = None,
) -> Movement:
    """Movement of memberships (a row each: from `start` until just before `end`, `inf` if it lasts).

    A member may have several; they are present at an edge if start ≤ edge < end for one of them. Who comes
    and goes between two edges does not appear. `label[member]` (a channel, a plan, a city) splits the
    numbers: give one entry for each member number. `edges` rise, in the unit of start and end.

    Raises `OutOfRange` or `TooShort`.
    """
    who = whole(member, "member", minimum=0)
    begin, finish = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    same_length(member=who, start=begin, end=finish)
    if np.isnan(begin).any() or np.isnan(finish).any() or (finish < begin).any():
        raise OutOfRange("start and end must be numbers (inf for no end) with start at most end")
    marks = vector(edges, "edges")
    if len(marks) < 2:
        raise TooShort("edges needs at least a beginning and an end")
    if (np.diff(marks) <= 0).any():
        raise OutOfRange("edges must rise")
    members, row = np.unique(who, return_inverse=True)
    labels, group = _groups(members, label)
    first = np.full(len(members), np.inf)
    np.minimum.at(first, row, begin)
    counts = np.zeros((4, len(labels), len(marks) - 1), dtype=np.int64)
    for low in range(0, len(members), BLOCK):
        rows = (row >= low) & (row < low + BLOCK)
        block = slice(low, min(low + BLOCK, len(members)))
        present = _present(row[rows] - low, begin[rows], finish[rows], marks, block.stop - low)
        counts += _counted(present, first[block], marks, group[block], len(labels))
    return Movement(labels, *counts)


def _groups(members: Ints, label: ArrayLike | None) -> tuple[NDArray[np.generic], Ints]:
    if label is None:
        return np.zeros(1, dtype=np.int64), np.zeros(len(members), dtype=np.int64)
    given = np.asarray(label)
    if members.max() >= len(given):
        raise OutOfRange(f"label has {len(given)} entries but there is a member {members.max()}")
    labels, group = np.unique(given[members], return_inverse=True)
    return labels, group


def _present(row: Ints, begin: Floats, finish: Floats, marks: Floats, members: int) -> Bools:
    """Whether each member is there at each edge; shape (members, edges)."""
    width = len(marks) + 1
    steps = np.zeros(members * width, dtype=np.int64)
    np.add.at(steps, row * width + np.searchsorted(marks, begin, side="left"), 1)
    np.subtract.at(steps, row * width + np.searchsorted(marks, finish, side="left"), 1)
    return np.cumsum(steps.reshape(members, width), axis=1)[:, :-1] > 0


def _counted(present: Bools, first: Floats, marks: Floats, group: Ints, labels: int) -> Ints:
    """Opening, joined, returned and churned members; shape (4, labels, periods)."""
    before, after = present[:, :-1], present[:, 1:]
    came = after & ~before
    fresh = came & (first[:, None] > marks[:-1])
    found = np.zeros((4, labels, before.shape[1]), dtype=np.int64)
    for kind, marked in enumerate((before, fresh, came & ~fresh, before & ~after)):
        np.add.at(found[kind], group, marked)
    return found


def _rate(part: Ints, of: Ints) -> Floats:
    rate: Floats = np.where(of > 0, part / np.maximum(of, 1), np.nan)
    return rate
