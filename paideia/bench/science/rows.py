"""One line of the bench: what was measured, ours beside the published figure, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

AT_LEAST, AT_MOST, EQUAL = "≥", "≤", "="


@dataclass(frozen=True, slots=True)
class Aim:
    """What is hoped for; `EQUAL` is met to the last digit shown."""

    relation: str
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One number (or a short text that must be equal), with its 95 % interval where there is a sample."""

    measure: str
    ours: float | str
    reference: float | str | None = None
    interval: tuple[float, float] | None = None
    aim: Aim | None = None
    digits: int = 3

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None where there is none."""
        if isinstance(self.ours, str):
            return None if self.reference is None else self.ours == self.reference
        if self.aim is None:
            return None
        if self.aim.relation == AT_LEAST:
            return bool(self.ours >= self.aim.value)
        if self.aim.relation == AT_MOST:
            return bool(self.ours <= self.aim.value)
        return bool(round(self.ours, self.digits) == self.aim.value)


@dataclass(frozen=True, slots=True)
class Row:
    """A case: a data set, a model and a way to judge, with its figures."""

    case: str
    figures: list[Figure] = field(default_factory=list)
    note: str = ""
    """How it was judged, or why it was not."""
    group: str = ""
    seconds: float = 0.0
    peak_mb: float = 0.0


def at_least(
    measure: str,
    ours: float,
    aim: float | None,
    *,
    reference: float | None = None,
    interval: tuple[float, float] | None = None,
    digits: int = 3,
) -> Figure:
    """A figure of which more is better."""
    wanted = None if aim is None else Aim(AT_LEAST, aim)
    return Figure(measure, ours, reference, interval, wanted, digits)


def at_most(
    measure: str,
    ours: float,
    aim: float | None,
    *,
    reference: float | None = None,
    interval: tuple[float, float] | None = None,
    digits: int = 3,
) -> Figure:
    """A figure of which less is better."""
    wanted = None if aim is None else Aim(AT_MOST, aim)
    return Figure(measure, ours, reference, interval, wanted, digits)


def published(
    measure: str, ours: float, value: float, *, interval: tuple[float, float] | None = None, digits: int = 3
) -> Figure:
    """A figure that must come out as published."""
    return Figure(measure, ours, value, interval, Aim(EQUAL, value), digits)


def same(measure: str, ours: object, reference: object) -> Figure:
    """An order or a count that must be equal."""
    return Figure(measure, str(ours), str(reference))


def as_json(row: Row) -> dict[str, Any]:
    """A row as plain values; `from_json` turns it back."""
    plain = asdict(row)
    for figure, own in zip(plain["figures"], row.figures, strict=True):
        figure["met"] = own.met
    return plain


def from_json(plain: dict[str, Any]) -> Row:
    """The row of `as_json`."""
    figures = []
    for given in plain["figures"]:
        values = {name: value for name, value in given.items() if name != "met"}
        aim, interval = values.pop("aim"), values.pop("interval")
        figures.append(
            Figure(**values, aim=Aim(**aim) if aim else None, interval=tuple(interval) if interval else None)
        )
    return replace(Row(**{**plain, "figures": []}), figures=figures)


HEADS = ("group", "case", "measure", "ours", "95 %", "reference", "aim", "", "s", "MB")


def table(rows: list[Row]) -> str:
    """The rows as text in columns, a line for each figure."""
    lines = [HEADS, *(line for row in rows for line in _lines(row))]
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEADS))]
    text = []
    for line in lines:
        cells = [
            cell.rjust(w) if k >= 8 else cell.ljust(w)
            for k, (cell, w) in enumerate(zip(line, widths, strict=True))
        ]
        text.append("  ".join(cells).rstrip())
    text.insert(1, "  ".join("-" * w for w in widths))
    notes = [f"{row.group} · {row.case}: {row.note}" for row in rows if row.note]
    return "\n".join([*text, "", *notes]) if notes else "\n".join(text)


def _lines(row: Row) -> Iterator[tuple[str, ...]]:
    cost = (f"{row.seconds:.1f}", f"{row.peak_mb:.0f}")
    if not row.figures:
        yield (row.group, row.case, "not measured", "", "", "", "", "", *cost)
    for k, figure in enumerate(row.figures):
        aim = "" if figure.aim is None else f"{figure.aim.relation} {_text(figure.aim.value, figure.digits)}"
        low_high = (
            "" if figure.interval is None else " – ".join(_text(v, figure.digits) for v in figure.interval)
        )
        yield (
            "" if k else row.group,
            "" if k else row.case,
            figure.measure,
            _text(figure.ours, figure.digits),
            low_high,
            "" if figure.reference is None else _text(figure.reference, figure.digits),
            aim,
            {True: "met", False: "MISSED", None: ""}[figure.met],
            *(("", "") if k else cost),
        )


def _text(value: float | str, digits: int) -> str:
    return value if isinstance(value, str) else f"{value:.{digits}f}"
