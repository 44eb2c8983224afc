"""China's official holidays and the weekend days worked for them, as columns for a forecast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paideia.science.checks import Bools, Floats, library
from paideia.science.errors import EmptyInput, OutOfRange, ShapeMismatch


@dataclass(frozen=True, slots=True)
class ChinaDays:
    """One entry for each day asked about."""

    days: NDArray[np.datetime64]
    holiday: Bools
    """Within an official holiday, its weekend days included."""
    make_up: Bools
    """A Saturday or Sunday that is worked in exchange (tiáoxiū)."""
    free: Bools
    """Not worked: a holiday, or a weekend day that is not made up for."""
    name: NDArray[np.str_]
    """English name of the holiday, or of the one that is made up for; empty on other days."""

    def columns(self, *, each: bool = False) -> tuple[Floats, tuple[str, ...]]:
        """Regressors (days, columns) and their names: "holiday" and "make-up day".

        With `each` one column for every holiday by name in place of the first. Columns that are all zero
        over these days are left out, as nothing can be attributed to them; take the columns of past and
        future days together and cut afterwards, so that both have the same ones.
        """
        found = {"holiday": self.holiday}
        if each:
            found = {str(n): self.holiday & (self.name == n) for n in np.unique(self.name[self.holiday])}
        found["make-up day"] = self.make_up
        kept = {name: column for name, column in found.items() if column.any()}
        values = np.column_stack(list(kept.values())) if kept else np.empty((len(self.days), 0))
        return values.astype(np.float64), tuple(kept)


def china_days(days: ArrayLike) -> ChinaDays:
    """What the State Council's yearly notice says of each day (datetime64 or what numpy turns into it).

    The dates come from the library chinesecalendar, which is renewed each November when the next year's
    notice is out. Years that are not in it are refused, because lunar dates could be computed but the
    days worked in exchange could not.

    Raises `EmptyInput`, `OutOfRange` or `ShapeMismatch`.
    """
    when = np.asarray(days, dtype="datetime64[D]")
    if when.ndim != 1:
        raise ShapeMismatch(f"days must have one dimension, they have {when.ndim}")
    if not len(when):
        raise EmptyInput("days is empty")
    if np.isnat(when).any():
        raise OutOfRange("days holds NaT")
    calendar = library("chinese_calendar")
    first, last = (min(calendar.holidays).year, max(calendar.holidays).year)
    years = when.astype("datetime64[Y]").astype(np.int64) + 1970
    if years.min() < first or years.max() > last:
        raise OutOfRange(
            f"holidays are known for {first} to {last}, asked for {years.min()} to {years.max()};"
            " a newer chinesecalendar may know more"
        )
    dates = when.tolist()
    names = [calendar.holidays.get(d) or calendar.workdays.get(d) or "" for d in dates]
    holiday = np.array([d in calendar.holidays for d in dates])
    make_up = np.array([d in calendar.workdays for d in dates])
    weekend = (when.astype(np.int64) + 3) % 7 >= 5  # day 0 was a Thursday
    return ChinaDays(when, holiday, make_up, holiday | (weekend & ~make_up), np.array(names, dtype=str))
