"""From a list of payments to what the models need of each customer: how often, how recently, how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, positive, same_length, vector, whole
from paideia.science.errors import OutOfRange, ShapeMismatch


@dataclass(frozen=True, slots=True)
class Purchases:
    """One row for each customer who had bought by the end of observation. Raises `OutOfRange`."""

    customer: Ints
    """The customer numbers given, in rising order."""
    repeats: Ints
    """x: purchases after the first; several in one tick of the clock count as one."""
    recency: Floats
    """t_x: time of the last purchase since the first, in the unit asked for; 0 if it was the only one."""
    age: Floats
    """T: time from the first purchase to the end of observation."""
    repeat_value: Floats
    """Mean value of the repeat purchases, 0 where there is none."""

    def __post_init__(self) -> None:
        same_length(repeats=self.repeats, recency=self.recency, age=self.age, repeat_value=self.repeat_value)
        if len(self.repeats) and (
            (self.repeats < 0).any() or (self.recency < 0).any() or (self.recency > self.age).any()
        ):
            raise OutOfRange("repeats and recency must be at least 0, and recency at most age")


def count_purchases(
    customer: ArrayLike,
    time: ArrayLike,
    amount: ArrayLike,
    *,
    end: float,
    tick: float = 1.0,
    unit: float = 7.0,
) -> Purchases:
    """Purchases up to and including `end`; `time` (say in days) is cut into ticks, in which payments are
    added up.

    Times come out divided by `unit`: days in, weeks out by default. Customers whose first purchase is after
    `end` are left out.

    Raises `OutOfRange`.
    """
    who, when, value = whole(customer, "customer"), vector(time, "time"), vector(amount, "amount")
    same_length(customer=who, time=when, amount=value)
    positive(tick, "tick")
    positive(unit, "unit")
    seen = when <= end
    if not seen.any():
        raise OutOfRange(f"no purchase lies at or before end = {end:g}")
    who, day, value = who[seen], np.floor(when[seen] / tick).astype(np.int64), value[seen]
    pairs, place = np.unique(np.stack([who, day]), axis=1, return_inverse=True)
    totals = np.bincount(place.ravel(), weights=value)
    customers, first, count = np.unique(pairs[0], return_index=True, return_counts=True)
    begun, last = pairs[1][first], pairs[1][first + count - 1]
    repeats = count - 1
    later = np.add.reduceat(totals, first) - totals[first]
    return Purchases(
        customers,
        repeats,
        (last - begun) * tick / unit,
        (np.floor(end / tick) - begun) * tick / unit,
        later / np.maximum(repeats, 1),
    )


def counted(
    repeats: ArrayLike, recency: ArrayLike, age: ArrayLike, repeat_value: ArrayLike | None = None
) -> Purchases:
    """`Purchases` from columns that are already counted; customers are numbered from 0.

    Raises `ShapeMismatch`.
    """
    x = whole(repeats, "repeats", minimum=0)
    value = np.zeros(len(x)) if repeat_value is None else vector(repeat_value, "repeat_value")
    if np.ndim(recency) != 1 or np.ndim(age) != 1:
        raise ShapeMismatch("recency and age must have one dimension")
    return Purchases(np.arange(len(x)), x, vector(recency, "recency"), vector(age, "age"), value)
