"""Plain SVG pictures of arrays, without a plotting library: lines with bands, points, bars, heat maps.

Each function returns a whole `<svg>` document as text, the same for the same numbers. Colours come from a
palette that colour-blind readers can tell apart (Okabe & Ito 2008).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, matrix, vector
from paideia.science.errors import EmptyInput, ShapeMismatch

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#333333", "#b8a800")
WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 40, 48


def lines(
    series: Mapping[str, ArrayLike],
    *,
    title: str,
    x: ArrayLike | None = None,
    bands: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    x_label: str = "",
    y_label: str = "",
    points: bool = False,
) -> str:
    """Named series over a common `x` (0, 1, 2 … if not given), each with an optional (low, high) band.

    With `points` the values are dots instead of lines.

    Raises `EmptyInput` or `ShapeMismatch`.
    """
    columns = {name: vector(values, name) for name, values in series.items()}
    if not columns:
        raise EmptyInput("series is empty: give at least one")
    ranges = {n: (vector(a, n), vector(b, n)) for n, (a, b) in (bands or {}).items()}
    positions = {
        n: np.arange(len(c), dtype=float) if x is None else vector(x, "x") for n, c in columns.items()
    }
    for name, column in columns.items():
        if len(column) != len(positions[name]):
            raise ShapeMismatch(f"{name} has {len(column)} values for {len(positions[name])} of x")
    everything = np.concatenate([*columns.values(), *(a for pair in ranges.values() for a in pair)])
    frame = _frame(np.concatenate(list(positions.values())), everything)
    parts = [frame.axes(x_label, y_label)]
    for number, (name, column) in enumerate(columns.items()):
        colour = PALETTE[number % len(PALETTE)]
        if name in ranges:
            low, high = ranges[name]
            outline = frame.path(np.r_[positions[name], positions[name][::-1]], np.r_[high, low[::-1]])
            parts.append(f'<polygon points="{outline}" fill="{colour}" opacity=".18"/>')
        parts.append(
            _dots(frame, positions[name], column, colour)
            if points
            else _line(frame, positions[name], column, colour)
        )
    return _document(title, parts, list(columns))


def bars(names: Sequence[str], values: ArrayLike, *, title: str, x_label: str = "") -> str:
    """One horizontal bar for each name, in the order given; negative values go to the left.

    Raises `ShapeMismatch`.
    """
    heights = vector(values, "values")
    if len(names) != len(heights):
        raise ShapeMismatch(f"{len(names)} names for {len(heights)} values")
    low, high = min(0.0, heights.min()), max(0.0, heights.max())
    span = (high - low) or 1.0
    room = WIDTH - 220 - RIGHT
    step = (HEIGHT - TOP - BOTTOM) / len(names)
    parts = []
    for row, (name, value) in enumerate(zip(names, heights, strict=True)):
        start, length = 220 + room * (min(value, 0) - low) / span, room * abs(value) / span
        y = TOP + step * row
        parts.append(
            f'<rect x="{start:.1f}" y="{y + step * 0.15:.1f}" width="{length:.1f}" height="{step * 0.7:.1f}"'
            f' fill="{PALETTE[0] if value >= 0 else PALETTE[1]}"/>'
            f'<text x="212" y="{y + step * 0.65:.1f}" text-anchor="end">{escape(name)} {value:.3g}</text>'
        )
    parts.append(
        f'<text x="{220 + room / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(x_label)}</text>'
    )
    return _document(title, parts, [])


def heat(
    values: ArrayLike, *, title: str, rows: Sequence[str] = (), columns: Sequence[str] = (), unit: str = ""
) -> str:
    """A table as colours from white (its least value) to blue (its greatest), each cell with its number."""
    cells = matrix(values, "values")
    low, span = float(cells.min()), float(np.ptp(cells)) or 1.0
    across, down = (WIDTH - 120 - RIGHT) / cells.shape[1], (HEIGHT - TOP - BOTTOM) / cells.shape[0]
    parts = []
    for i, row in enumerate(cells):
        y = TOP + i * down
        if rows:
            parts.append(
                f'<text x="112" y="{y + down * 0.65:.1f}" text-anchor="end">{escape(rows[i])}</text>'
            )
        for j, value in enumerate(row):
            depth, x = (float(value) - low) / span, 120 + j * across
            ink = "#fff" if depth > 0.6 else "#222"
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{across:.1f}" height="{down:.1f}" fill="#0072b2"'
                f' fill-opacity="{depth:.3f}"/><text x="{x + across / 2:.1f}" y="{y + down * 0.65:.1f}"'
                f' text-anchor="middle" fill="{ink}">{value:.3g}{escape(unit)}</text>'
            )
    for j, name in enumerate(columns):
        x = 120 + (j + 0.5) * across
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 28}" text-anchor="middle">{escape(name)}</text>')
    return _document(title, parts, [])


@dataclass(frozen=True, slots=True)
class _Frame:
    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def across(self, x: Floats) -> Floats:
        return LEFT + (x - self.x_low) / (self.x_high - self.x_low) * (WIDTH - LEFT - RIGHT)

    def up(self, y: Floats) -> Floats:
        return HEIGHT - BOTTOM - (y - self.y_low) / (self.y_high - self.y_low) * (HEIGHT - TOP - BOTTOM)

    def path(self, x: Floats, y: Floats) -> str:
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(self.across(x), self.up(y), strict=True))

    def axes(self, x_label: str, y_label: str) -> str:
        parts = []
        for tick in _ticks(self.x_low, self.x_high):
            at = float(self.across(np.array([tick]))[0])
            parts.append(
                f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{tick:g}</text>'
            )
        for tick in _ticks(self.y_low, self.y_high):
            at = float(self.up(np.array([tick]))[0])
            parts.append(
                f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>'
                f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{tick:g}</text>'
            )
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(
            f'<text x="{middle:.0f}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x_label)}</text>'
        )
        parts.append(f'<text x="{LEFT - 6}" y="{TOP - 6}" text-anchor="end">{escape(y_label)}</text>')
        return "".join(parts)


def _frame(x: Floats, y: Floats) -> _Frame:
    x_low, x_high, y_low, y_high = (float(v) for v in (x.min(), x.max(), y.min(), y.max()))
    if y_low > 0 and y_low < 0.5 * y_high:
        y_low = 0.0
    margin = 0.04 * (y_high - y_low)
    x_high = x_high if x_high > x_low else x_low + 1
    y_high = y_high + margin if y_high > y_low else y_low + 1
    return _Frame(x_low, x_high, y_low - (margin if y_low else 0), y_high)


def _ticks(low: float, high: float) -> Floats:
    """About five round numbers in the range."""
    rough = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * min((1, 2, 5, 10), key=lambda m: abs(m * power - rough))
    ticks: Floats = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return np.round(ticks, 12)


def _line(frame: _Frame, x: Floats, y: Floats, colour: str) -> str:
    return f'<polyline points="{frame.path(x, y)}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _dots(frame: _Frame, x: Floats, y: Floats, colour: str) -> str:
    places = zip(frame.across(x), frame.up(y), strict=True)
    return "".join(
        f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}" opacity=".7"/>' for a, b in places
    )


def _document(title: str, parts: list[str], legend: list[str]) -> str:
    keys = []
    for number, name in enumerate(legend if len(legend) > 1 else []):
        y = TOP + 16 * number + 8
        colour = PALETTE[number % len(PALETTE)]
        keys.append(
            f'<rect x="{LEFT + 12}" y="{y - 8}" width="10" height="10" fill="{colour}"/>'
            f'<text x="{LEFT + 28}" y="{y + 1}">{escape(name)}</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' font-family="sans-serif" font-size="12"><title>{escape(title)}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<text x="{WIDTH / 2:.0f}" y="20" text-anchor="middle" font-size="15">{escape(title)}</text>'
        + "".join(parts)
        + "".join(keys)
        + "</svg>"
    )
