"""What changed between two texts, for people: words put in and taken out, paragraph by paragraph."""

from dataclasses import dataclass
from typing import Protocol

from markupsafe import Markup, escape

from paideia.lib.diff import changes, difference_html

UNCHANGED_LINES = 2  # kept around a change


class Text(Protocol):
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class Passage:
    """Some lines: kind is same, changed, added, removed or skipped (`lines` of them are not shown)."""

    kind: str
    html: Markup
    lines: int = 0


def difference(before: Text | None, after: Text) -> list[Passage]:
    """From `before` (None: from nothing) to `after`, title first. The HTML is escaped source with <ins> and
    <del>."""
    old = [] if before is None else [f"# {before.title}", "", *before.source.splitlines()]
    new = [f"# {after.title}", "", *after.source.splitlines()]
    passages: list[Passage] = []
    for kind, a, b, c, d in changes(old, new):
        if kind == "equal":
            passages += _shortened(new[c:d], is_first=c == 0, is_last=d == len(new))
        else:
            passages += _changed("\n".join(old[a:b]), "\n".join(new[c:d]))
    return passages


def _shortened(lines: list[str], *, is_first: bool, is_last: bool) -> list[Passage]:
    """Unchanged lines: some around each change, the others counted."""
    head = 0 if is_first else UNCHANGED_LINES
    tail = 0 if is_last else UNCHANGED_LINES
    if len(lines) <= head + tail + 1:
        return [_same(lines)]
    skipped = Passage("skipped", Markup(), len(lines) - head - tail)
    shown = [_same(lines[:head]), skipped, _same(lines[len(lines) - tail :])]
    return [each for each in shown if each.kind == "skipped" or each.lines]


def _same(lines: list[str]) -> Passage:
    return Passage("same", escape("\n".join(lines)), len(lines))


def _changed(old: str, new: str) -> list[Passage]:
    if not old or not new:
        only, tag, kind = (old, "del", "removed") if old else (new, "ins", "added")
        return [Passage(kind, Markup("<{0}>{1}</{0}>").format(Markup(tag), only))]
    return [Passage("changed", difference_html(old, new))]
