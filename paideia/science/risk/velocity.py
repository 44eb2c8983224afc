"""How fast somebody pays: counts, sums and means over trailing windows, without a loop over payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, same_length, vector, whole
from paideia.science.errors import EmptyInput, OutOfRange

DAY = 86_400
NIGHT_ENDS = 7
"""Payments before this full hour are at night (the handbook's rule: hour ≤ 6)."""


@dataclass(frozen=True, slots=True)
class Trailing:
    """What happened under the same key in each trailing window; shape (rows, windows), rows as given."""

    count: Ints
    total: Floats

    def mean(self, *, empty: float = 0.0) -> Floats:
        """Total by count; `empty` where the window holds nothing."""
        mean: Floats = np.where(self.count > 0, self.total / np.maximum(self.count, 1), empty)
        return mean


def trailing(
    key: ArrayLike, second: ArrayLike, value: ArrayLike, *, windows: Sequence[int], delay: int = 0
) -> Trailing:
    """Count and Σ value over rows of the same key with second in (t - delay - window, t - delay].

    `second` are whole seconds in any order, `windows` and `delay` lengths in seconds. Without a delay a row
    counts itself and, among rows of the same second, those given before it; with one, only rows at least
    `delay` old, so that a label which takes that long to be known is never read too early.

    Rows are sorted once by (key, second). A window is then a run of neighbours whose ends are found by
    binary search, and its sum is the difference of two running sums: n·log n time, n·(windows + 5) numbers
    of memory. Whole values (minor units of money) are summed exactly, others to about 1e-16 of all of them
    together.

    Raises `EmptyInput` or `OutOfRange`.
    """
    keys, when, amount = whole(key, "key"), whole(second, "second"), vector(value, "value")
    same_length(key=keys, second=when, value=amount)
    if not len(windows):
        raise EmptyInput("windows is empty: name at least one length in seconds")
    if min(windows) < 1 or delay < 0:
        raise OutOfRange("windows must be at least 1 second long and delay at least 0")
    code = np.unique(keys, return_inverse=True)[1]
    age = when - when.min()
    span = int(age.max()) + 1
    if span > np.iinfo(np.int64).max // (int(code.max()) + 2):
        raise OutOfRange("second spans too long a time for so many keys: use whole seconds")
    order = np.lexsort((age, code))
    begins, age = (code[order] * span), age[order]
    place = begins + age
    running = np.concatenate(([0.0], np.cumsum(amount[order])))
    ends = np.arange(1, len(order) + 1)
    if delay:
        ends = np.searchsorted(place, begins + np.maximum(age - delay, -1), side="right")
    count = np.empty((len(order), len(windows)), dtype=np.int64)
    total = np.empty((len(order), len(windows)))
    for k, window in enumerate(windows):
        first = np.searchsorted(place, begins + np.maximum(age - delay - window, -1), side="right")
        count[order, k] = ends - first
        total[order, k] = running[ends] - running[first]
    return Trailing(count, total)


@dataclass(frozen=True, slots=True)
class Velocity:
    """What was known about each payment at its moment; one row for each payment, as given."""

    names: tuple[str, ...]
    rows: Floats
    """Shape (payments, names)."""

    def columns(self, select: ArrayLike | None = None) -> dict[str, Floats]:
        """The columns by name, of all rows or of those selected: what `fit_classifier` takes."""
        rows = self.rows if select is None else self.rows[np.asarray(select)]
        return {name: rows[:, k] for k, name in enumerate(self.names)}


def velocity(
    customer: ArrayLike,
    terminal: ArrayLike,
    second: ArrayLike,
    amount: ArrayLike,
    fraud: ArrayLike,
    *,
    days: Sequence[int] = (1, 7, 30),
    delay_days: int = 7,
) -> Velocity:
    """Features of payments, as in Le Borgne et al. (2022, *Fraud Detection Handbook*, ch. 3).

    For each window of w days: `customer_count_wd` and `customer_mean_wd` over the customer's payments, this
    one included; `terminal_count_wd` and `terminal_risk_wd`, payments at the terminal and the share of them
    that were fraud, over the w days that ended `delay_days` ago, when fraud is known. Besides `amount`,
    `weekend` and `night`, and beyond the handbook `amount_ratio_wd`: the amount by the customer's mean.

    A terminal is where money is taken: a shop, a seller, a card, a device. `second` counts from 1970 in the
    community's own zone; `fraud` is 0 or 1, 0 where nothing is known yet.

    Raises `OutOfRange`.
    """
    when, money = whole(second, "second"), vector(amount, "amount")
    lengths = [DAY * d for d in days]
    own = trailing(customer, when, money, windows=lengths)
    label = whole(fraud, "fraud", minimum=0)
    if label.max() > 1:
        raise OutOfRange("fraud must hold only 0 and 1")
    there = trailing(terminal, when, label, windows=lengths, delay=DAY * delay_days)
    names = ["amount", "weekend", "night"]
    rows = np.empty((len(when), 3 + 5 * len(days)))
    rows[:, 0] = money
    rows[:, 1] = (when // DAY + 3) % 7 >= 5  # 1970 began on a Thursday
    rows[:, 2] = when % DAY < NIGHT_ENDS * 3600
    mean, risk = own.mean(), there.mean()
    for k, d in enumerate(days):
        ratio = np.divide(money, mean[:, k], out=np.ones(len(money)), where=mean[:, k] > 0)
        parts = {
            f"customer_count_{d}d": own.count[:, k],
            f"customer_mean_{d}d": mean[:, k],
            f"amount_ratio_{d}d": ratio,
            f"terminal_count_{d}d": there.count[:, k],
            f"terminal_risk_{d}d": risk[:, k],
        }
        for name, part in parts.items():
            rows[:, len(names)] = part
            names.append(name)
    return Velocity(tuple(names), rows)
