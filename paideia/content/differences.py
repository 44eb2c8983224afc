"""What changed between two texts, for people: words put in and taken out, paragraph by paragraph."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Protocol

from markupsafe import Markup, escape

# A word, one Chinese character, one mark, or white space: what a reader sees as one step.
_STEP = re.compile(r"[^\W\u3040-\u30ff\u3400-\u9fff]+|\s+|.", re.DOTALL)
STEPS_MAX = 6000  # in one changed passage; longer ones are shown whole
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
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
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
    a, b = _STEP.findall(old), _STEP.findall(new)
    if len(a) + len(b) > STEPS_MAX:
        return [*_changed(old, ""), *_changed("", new)]
    parts: list[Markup] = []
    for kind, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(escape("".join(a[i:j])))
            continue
        if i < j:
            parts.append(Markup("<del>{}</del>").format("".join(a[i:j])))
        if k < m:
            parts.append(Markup("<ins>{}</ins>").format("".join(b[k:m])))
    return [Passage("changed", Markup("").join(parts))]
