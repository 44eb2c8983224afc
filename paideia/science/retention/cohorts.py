"""Cohorts and funnels over large event tables: who came when, who is still here, who went on to the next
step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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

    Raises `OutOfRange`.
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

    Raises `OutOfRange`.
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
    small = labels * span <= np.iinfo(np.int16).max  # 16-bit keys are sorted by digits, four times as fast
    order = present[np.argsort(group.astype(np.int16) if small else group, kind="stable")]
    sizes = np.bincount(group, minlength=labels * span)
    ends = np.cumsum(sizes)
    active, observable = np.zeros((labels, reach), dtype=np.int64), np.zeros((labels, reach), dtype=np.int64)
    for key in np.flatnonzero(sizes).tolist():
        row, begun = divmod(key, span)
        until = min(reach, span - begun)
        for low in range(ends[key] - sizes[key], ends[key], ROWS):
            rows = seen[order[low : min(low + ROWS, ends[key])]]
            active[row, :until] += rows.view(np.uint8).sum(axis=0, dtype=np.uint32)[begun : begun + until]
        observable[row, :until] += sizes[key]
    return active, observable


ROWS = 1 << 13
"""Members summed at once."""


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

    Raises `EmptyInput` or `OutOfRange`.
    """
    who, what = whole(member, "member", minimum=0), whole(step, "step", minimum=-1)
    when = np.asarray(time)
    same_length(member=who, time=when, step=what)
    if steps < 1 or what.max() >= steps:
        raise OutOfRange(f"steps is {steps} but a step is numbered {what.max()}")
    if when.dtype.kind not in "if":
        when = when.astype(np.float64)
    code, members = _dense(who)
    number = what.astype(np.int8) if steps <= np.iinfo(np.int8).max else what
    reached, between = np.zeros(steps, dtype=np.int64), np.zeros(steps)
    ordered = bool((when[1:] >= when[:-1]).all())
    begun = at = None
    for k in range(steps):
        arrival = _arrivals(code, when, number, k, members, at, begun, window, ordered)
        arrived = arrival < _never(when)
        reached[k] = np.count_nonzero(arrived)
        if not reached[0]:
            raise EmptyInput("nobody took step 0")
        if at is not None:
            between[k] = np.median((arrival - at)[arrived]) if reached[k] else np.nan
        at = arrival
        begun = arrival if begun is None else begun
    return Funnel(reached, between)


def _arrivals(
    code: Ints,
    when: NDArray[Any],
    number: NDArray[Any],
    k: int,
    members: int,
    at: NDArray[Any] | None,
    begun: NDArray[Any] | None,
    window: float,
    ordered: bool,
) -> NDArray[Any]:
    """Each member's earliest time of step k that is not before `at`, nor later than `window` after `begun`.

    In a log that is in order of time the earliest is what is written last when it is read backwards; only
    otherwise are times compared.
    """
    arrival = np.full(members, _never(when))
    for low in reversed(range(0, len(code), BLOCK)):
        rows = np.flatnonzero(number[low : low + BLOCK] == k)[::-1]
        people, moments = code[low : low + BLOCK][rows], when[low : low + BLOCK][rows]
        if at is not None:
            real = moments >= at[people]
            people, moments = people[real], moments[real]
        if begun is not None and np.isfinite(window):
            real = moments - begun[people] <= window
            people, moments = people[real], moments[real]
        if ordered:
            arrival[people] = moments
        else:
            np.minimum.at(arrival, people, moments)
    return arrival


def _never(when: NDArray[Any]) -> Any:
    """Later than any time."""
    return np.inf if when.dtype.kind == "f" else np.iinfo(when.dtype).max


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
        first = int(start.min())
        labels = np.flatnonzero(np.bincount(start - first))
        return labels + first, np.searchsorted(labels, np.arange(labels[-1] + 1))[start - first]
    given = np.asarray(label)
    number = np.zeros(int(code.max()) + 1, dtype=np.int64)
    number[code] = who
    if number.max() >= len(given):
        raise OutOfRange(f"label has {len(given)} entries but there is a member {number.max()}")
    labels, cohort = np.unique(given[number[present]], return_inverse=True)
    return labels, cohort
