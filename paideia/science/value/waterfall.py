"""The MRR waterfall: how monthly recurring revenue moved from one month's beginning to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, same_length, vector, whole
from paideia.science.errors import OutOfRange, TooShort


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Money in the unit given (minor units stay whole), one entry for each period between two edges.

    opening + new + returned + expansion - contraction - churn = closing, exactly.
    """

    opening: Ints
    new: Ints
    """From members who had never subscribed before the period."""
    returned: Ints
    """From members who had, but not at its beginning."""
    expansion: Ints
    contraction: Ints
    churn: Ints
    closing: Ints
    payers_opening: Ints
    payers_lost: Ints

    @property
    def net_retention(self) -> Floats:
        """Share of the opening revenue that is left, with expansion; NaN where there was none."""
        return _share(self.opening + self.expansion - self.contraction - self.churn, self.opening)

    @property
    def gross_retention(self) -> Floats:
        """The same without expansion: at most 1."""
        return _share(self.opening - self.contraction - self.churn, self.opening)

    @property
    def payer_churn(self) -> Floats:
        """Share of the opening payers who do not pay at the end."""
        return _share(self.payers_lost, self.payers_opening)


def mrr_waterfall(
    member: ArrayLike, start: ArrayLike, end: ArrayLike, monthly: ArrayLike, *, edges: ArrayLike
) -> Waterfall:
    """Waterfall of subscriptions (a row each: paid from `start` until just before `end`, `inf` if open).

    A member's MRR at an edge is the sum of `monthly` over their subscriptions with start ≤ edge < end;
    plans of a year are given with a twelfth of their price. Members are compared at the edges only: who
    comes and goes between two edges does not appear. `edges` are the months' beginnings in the unit of
    start and end, rising.

    Raises `OutOfRange` or `TooShort`.
    """
    who, money = whole(member, "member", least=0, minimum=0), whole(monthly, "monthly", least=0, minimum=0)
    begin, finish = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    same_length(member=who, start=begin, end=finish, monthly=money)
    if np.isnan(begin).any() or np.isnan(finish).any() or (finish < begin).any():
        raise OutOfRange("start and end must be numbers (inf for no end) with start at most end")
    marks = vector(edges, "edges")
    if len(marks) < 2:
        raise TooShort("edges needs at least two months' beginnings")
    if (np.diff(marks) <= 0).any():
        raise OutOfRange("edges must rise")
    members, row = np.unique(who, return_inverse=True)
    first = np.full(len(members), np.inf)
    np.minimum.at(first, row, begin)
    moves = np.zeros((6, len(marks) - 1), dtype=np.int64)
    payers = np.zeros((2, len(marks) - 1), dtype=np.int64)
    for low in range(0, len(members), BLOCK):
        rows = (row >= low) & (row < low + BLOCK)
        revenue = _at_edges(
            row[rows] - low, begin[rows], finish[rows], money[rows], marks, min(BLOCK, len(members) - low)
        )
        _add(moves, payers, revenue, first[low : low + BLOCK], marks)
    opening, new, returned, expansion, contraction, churn = moves
    closing = opening + new + returned + expansion - contraction - churn
    return Waterfall(opening, new, returned, expansion, contraction, churn, closing, payers[0], payers[1])


BLOCK = 100_000
"""Members in memory at once."""


def _at_edges(row: Ints, begin: Floats, finish: Floats, money: Ints, marks: Floats, members: int) -> Ints:
    """Revenue of each member at each edge: steps at the first edge inside and the first one after, summed."""
    width = len(marks) + 1
    into = row * width + np.searchsorted(marks, begin, side="left")
    out = row * width + np.searchsorted(marks, finish, side="left")
    steps = np.zeros(members * width, dtype=np.int64)
    np.add.at(steps, into, money)
    np.subtract.at(steps, out, money)
    return np.cumsum(steps.reshape(members, width), axis=1)[:, :-1]


def _add(moves: Ints, payers: Ints, revenue: Ints, first: Floats, marks: Floats) -> None:
    before, after = revenue[:, :-1], revenue[:, 1:]
    came = (before == 0) & (after > 0)
    fresh = came & (first[:, None] > marks[:-1])
    change = after - before
    stayed = (before > 0) & (after > 0)
    gone = (before > 0) & (after == 0)
    moves += np.stack(
        [
            before.sum(axis=0),
            np.where(fresh, after, 0).sum(axis=0),
            np.where(came & ~fresh, after, 0).sum(axis=0),
            np.where(stayed & (change > 0), change, 0).sum(axis=0),
            np.where(stayed & (change < 0), -change, 0).sum(axis=0),
            np.where(gone, before, 0).sum(axis=0),
        ]
    )
    payers += np.stack([(before > 0).sum(axis=0), gone.sum(axis=0)])


def _share(part: Ints, of: Ints) -> Floats:
    share: Floats = np.where(of > 0, part / np.maximum(of, 1), np.nan)
    return share
