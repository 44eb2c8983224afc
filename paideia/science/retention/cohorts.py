"""Cohorts and funnels over large event tables: who came when, who is still here, who went on to the next
step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paideia.science.checks import Bools, Floats, Ints, positive, same_length, whole
from paideia.science.errors import EmptyInput, OutOfRange

BLOCK = 1 << 18
"""Rows handled at once: their temporaries fit the processor's cache."""


@dataclass(frozen=True, slots=True)
class Cohorts:
    """Members of each cohort who were active at each age."""

    labels: NDArray[np.generic]
    """One for each row, sorted."""
    sizes: Ints
    active: Ints
    """Shape (cohorts, ages): distinct members active `age` periods after their first."""
    share: Floats
    """active / sizes; NaN where that age lies after the last period seen."""

    def average(self) -> Floats:
        """Retention at each age over the cohorts that have reached it, weighted by size."""
        seen = ~np.isnan(self.share)
        reached = (seen * self.sizes[:, None]).sum(axis=0)
        share: Floats = np.where(seen, self.active, 0).sum(axis=0) / np.maximum(reached, 1)
        return share


def periods(times: ArrayLike, *, unit: str) -> Ints:
    """The running number of the calendar period of each time: unit "D", "W" (Thursdays first, as numpy),
    "M" or "Y".

    `times` are datetime64 (or what numpy turns into it), already in the community's own zone.
    """
    if unit not in {"D", "W", "M", "Y"}:
        raise OutOfRange(f"unit must be D, W, M or Y, it is {unit}")
    return np.asarray(times, dtype="datetime64[s]").astype(f"datetime64[{unit}]").astype(np.int64)


def cohorts(
    member: ArrayLike, period: ArrayLike, *, label: ArrayLike | None = None, ages: int | None = None
) -> Cohorts:
    """Cohort table of an activity log: one row for each event, in any order.

    `member` are whole numbers from 0 (best without large gaps), `period` whole numbers (see `periods`). A
    member's age is counted from their first period. The cohort is that first period, or `label[member]` (a
    channel, a plan, a variant): then give an array with one entry for each member number. Works on a member
    × period bitmap: no sorting, so that ten million events take a fraction of a second.
    """
    who, when = whole(member, "member", minimum=0), whole(period, "period")
    same_length(member=who, period=when)
    first_period = int(when.min())
    span = int(when.max()) - first_period + 1
    code, members = _dense(who)
    marks = np.zeros(members * span, dtype=bool)
    for low in range(0, len(code), BLOCK):
        block = slice(low, low + BLOCK)
        marks[code[block] * span + (when[block] - first_period)] = True
    seen = marks.reshape(members, span)
    present = np.flatnonzero(seen.any(axis=1))
    start = seen[present].argmax(axis=1)
    labels, cohort = _labels(start + first_period, label, who, code, present)
    reach = span if ages is None else min(int(positive(ages, "ages")), span)
    active, observable = _aged(seen, present, start, cohort, len(labels), reach)
    sizes = np.bincount(cohort, minlength=len(labels))
    share = np.where(observable == sizes[:, None], active / sizes[:, None], np.nan)
    return Cohorts(labels, sizes, active, share)


def _aged(
    seen: Bools, present: Ints, start: Ints, cohort: Ints, labels: int, reach: int
) -> tuple[Ints, Ints]:
    """Active members by cohort and age, and how many could be seen at that age."""
    span = seen.shape[1]
    group = cohort * span + start
    order = np.argsort(group, kind="stable")
    groups, first, count = np.unique(group[order], return_index=True, return_counts=True)
    by_group = seen[present[order]]
    active, observable = np.zeros((labels, reach), dtype=np.int64), np.zeros((labels, reach), dtype=np.int64)
    for key, low, size in zip(groups, first, count, strict=True):
        row, begun = divmod(int(key), span)
        until = min(reach, span - begun)
        rows = by_group[low : low + size, begun : begun + until]
        active[row, :until] += rows.view(np.uint8).sum(axis=0, dtype=np.int64)
        observable[row, :until] += size
    return active, observable


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many members reached each step, having taken the earlier ones in order."""

    reached: Ints
    hours_between: Floats
    """Median time from the previous step in units of the times given; the first is 0, NaN where nobody
    arrived.
    """

    @property
    def conversion(self) -> Floats:
        """Share of those at the step before who reached this one; the first is 1."""
        before = np.concatenate(([self.reached[0]], self.reached[:-1]))
        return self.reached / np.maximum(before, 1)


def funnel(
    member: ArrayLike, time: ArrayLike, step: ArrayLike, *, steps: int, window: float = np.inf
) -> Funnel:
    """Members who did step 0, later step 1, and so on, all within `window` after their first step 0.

    `step` numbers what each event is, -1 for events outside the funnel. Every step counts at its earliest
    time after the one before; two steps at the same time are taken in order.
    """
    who, what = whole(member, "member", minimum=0), whole(step, "step", minimum=-1)
    when = np.asarray(time)
    same_length(member=who, time=when, step=what)
    if steps < 1 or what.max() >= steps:
        raise OutOfRange(f"steps is {steps} but a step is numbered {what.max()}")
    code, members = _dense(who)
    begun = np.full(members, np.inf)
    at = np.full(members, -np.inf)
    reached, between = [], []
    for k in range(steps):
        arrival = np.full(members, np.inf)
        for low in range(0, len(code), BLOCK):
            rows = np.flatnonzero(what[low : low + BLOCK] == k) + low
            people, moments = code[rows], when[rows].astype(np.float64, copy=False)
            if k:
                moments = np.where(moments >= at[people], moments, np.inf)
            if k and np.isfinite(window):
                moments = np.where(moments <= begun[people] + window, moments, np.inf)
            np.minimum.at(arrival, people, moments)
        arrived = np.isfinite(arrival)
        reached.append(int(arrived.sum()))
        between.append(
            float(np.median(arrival[arrived] - at[arrived]))
            if k and arrived.any()
            else (np.nan if k else 0.0)
        )
        at = arrival
        begun = arrival if k == 0 else begun
    if not reached[0]:
        raise EmptyInput("nobody took step 0")
    return Funnel(np.array(reached), np.array(between))


def _dense(who: Ints) -> tuple[Ints, int]:
    """Member numbers as they are where they are dense enough for a table, else renumbered."""
    top = int(who.max()) + 1
    if top <= max(4 * len(who), 1024):
        return who, top
    names, code = np.unique(who, return_inverse=True)
    return code, len(names)


def _labels(
    start: Ints, label: ArrayLike | None, who: Ints, code: Ints, present: Ints
) -> tuple[NDArray[np.generic], Ints]:
    """Sorted labels, and the row of each present member."""
    if label is None:
        labels, cohort = np.unique(start, return_inverse=True)
        return labels, cohort
    given = np.asarray(label)
    number = np.zeros(int(code.max()) + 1, dtype=np.int64)
    number[code] = who
    if number.max() >= len(given):
        raise OutOfRange(f"label has {len(given)} entries but there is a member {number.max()}")
    labels, cohort = np.unique(given[number[present]], return_inverse=True)
    return labels, cohort
