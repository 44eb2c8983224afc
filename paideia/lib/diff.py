"""What changed between two texts, for people to read: words of Latin script, single Chinese characters.

Lines that stand once in both texts hold the rest in place (Bram Cohen's patience diff); between them Myers'
greedy algorithm (1986, "An O(ND) Difference Algorithm") finds the fewest changes. Its effort is limited: a
passage that has hardly anything in common is shown as taken out and put in.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from markupsafe import Markup

from paideia.lib.text.scripts import CJK_CLASS

Change = tuple[str, int, int, int, int]

# A word, one Chinese character, white space or one mark: what a reader sees as one step.
_STEP = re.compile(rf"[^\W_{CJK_CLASS}]+|\n|[^\S\n]+|.", re.DOTALL)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
EFFORT_MAX = 400_000  # inner steps of Myers' algorithm: some tenths of a second
_STEPS_MAX = 20_000  # words in one changed passage; in a longer one only lines are compared


def difference(before: str, after: str) -> list[tuple[str, str]]:
    """(op, text) in order: "=" stayed, "-" was taken out, "+" was put in. "=" and "-" together are `before`,
    "=" and "+" together are `after`."""
    old, new = _LINE.findall(before), _LINE.findall(after)
    found: list[tuple[str, str]] = []
    for kind, a, b, c, d in changes(old, new):
        if kind == "equal":
            found.append(("=", "".join(old[a:b])))
        else:
            found += _within("".join(old[a:b]), "".join(new[c:d]))
    return _readable(found)


def difference_html(before: str, after: str) -> Markup:
    """The same as safe HTML with <del> and <ins>."""
    tags = {"-": Markup("<del>{}</del>"), "+": Markup("<ins>{}</ins>"), "=": Markup("{}")}
    return Markup("").join(tags[op].format(text) for op, text in difference(before, after))


def _within(old: str, new: str) -> list[tuple[str, str]]:
    a, b = _STEP.findall(old), _STEP.findall(new)
    if max(len(a), len(b)) > _STEPS_MAX:
        return [("-", old), ("+", new)]
    found = []
    for kind, i, j, k, m in changes(a, b):
        if kind == "equal":
            found.append(("=", "".join(a[i:j])))
        else:
            found += [("-", "".join(a[i:j])), ("+", "".join(b[k:m]))]
    return found


def _readable(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A blank or one mark that stayed between two changes reads better as part of them."""
    merged: list[tuple[str, str]] = []
    for place, (op, text) in enumerate(found):
        between = 0 < place < len(found) - 1 and found[place - 1][0] != "=" != found[place + 1][0]
        if (
            op == "="
            and between
            and (not text.strip() or (len(text) == 1 and not text.isalnum()))
            and "\n" not in text
        ):
            merged += [("-", text), ("+", text)]
        else:
            merged.append((op, text))
    tidy: list[tuple[str, str]] = []
    for is_same, run in groupby(merged, key=lambda each: each[0] == "="):
        pieces = list(run)
        for op in ("=",) if is_same else ("-", "+"):
            words = "".join(text for each, text in pieces if each == op)
            if words:
                tidy.append((op, words))
    return tidy


def changes(before: Sequence[str], after: Sequence[str], *, effort_max: int = EFFORT_MAX) -> list[Change]:
    """(kind, a, b, c, d): before[a:b] and after[c:d] are "equal", or one is to "replace" the other, or there
    is something to "delete" or to "insert". In the form of difflib's get_opcodes, but in bounded time."""
    work = _Work(before, after, effort_max)
    work.compare(0, len(before), 0, len(after))
    return list(_opcodes(work.matches, len(before), len(after)))


def _opcodes(matches: list[tuple[int, int, int]], old_length: int, new_length: int) -> Iterator[Change]:
    i = j = 0
    for start, other, length in [*_joined(matches), (old_length, new_length, 0)]:
        if i < start or j < other:
            kind = "replace" if i < start and j < other else "delete" if i < start else "insert"
            yield kind, i, start, j, other
        if length:
            yield "equal", start, start + length, other, other + length
        i, j = start + length, other + length


def _joined(matches: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    joined: list[tuple[int, int, int]] = []
    for start, other, length in matches:
        if joined and joined[-1][0] + joined[-1][2] == start and joined[-1][1] + joined[-1][2] == other:
            joined[-1] = (joined[-1][0], joined[-1][1], joined[-1][2] + length)
        else:
            joined.append((start, other, length))
    return joined


@dataclass(slots=True)
class _Work:
    """Finds `matches`, (place before, place after, length), in order."""

    before: Sequence[str]
    after: Sequence[str]
    effort: int
    matches: list[tuple[int, int, int]] = field(default_factory=list)

    def compare(self, a: int, b: int, c: int, d: int) -> None:
        """What before[a:b] and after[c:d] have in common."""
        head = self._common_head(a, b, c, d)
        tail = self._common_tail(a + head, b, c + head, d)
        self._match(a, c, head)
        inner = (a + head, b - tail, c + head, d - tail)
        if inner[0] < inner[1] and inner[2] < inner[3]:
            anchors = self._anchors(*inner)
            if anchors:
                self._between(anchors, *inner)
            else:
                self._myers(*inner)
        self._match(b - tail, d - tail, tail)

    def _match(self, start: int, other: int, length: int) -> None:
        if length:
            self.matches.append((start, other, length))

    def _common_head(self, a: int, b: int, c: int, d: int) -> int:
        length = 0
        while a + length < b and c + length < d and self.before[a + length] == self.after[c + length]:
            length += 1
        return length

    def _common_tail(self, a: int, b: int, c: int, d: int) -> int:
        length = 0
        while b - length > a and d - length > c and self.before[b - length - 1] == self.after[d - length - 1]:
            length += 1
        return length

    def _anchors(self, a: int, b: int, c: int, d: int) -> list[tuple[int, int]]:
        """The longest run, in order on both sides, of what stands exactly once on each."""
        old, new = Counter(self.before[a:b]), Counter(self.after[c:d])
        place = {self.after[at]: at for at in range(c, d) if new[self.after[at]] == 1}
        pairs = [
            (at, place[self.before[at]])
            for at in range(a, b)
            if old[self.before[at]] == 1 and self.before[at] in place
        ]
        return _increasing(pairs)

    def _between(self, anchors: list[tuple[int, int]], a: int, b: int, c: int, d: int) -> None:
        for at, other in [*anchors, (b, d)]:
            if a < at and c < other:
                self._gap(a, at, c, other)
            if at < b:
                self._match(at, other, 1)
            a, c = at + 1, other + 1

    def _gap(self, a: int, b: int, c: int, d: int) -> None:
        head = self._common_head(a, b, c, d)
        tail = self._common_tail(a + head, b, c + head, d)
        self._match(a, c, head)
        self._myers(a + head, b - tail, c + head, d - tail)
        self._match(b - tail, d - tail, tail)

    def _myers(self, a: int, b: int, c: int, d: int) -> None:
        """The greedy algorithm: V[k] is how far diagonal k was followed with the changes so far."""
        if a >= b or c >= d:
            return
        n, m = b - a, d - c
        v = {1: 0}
        trace: list[dict[int, int]] = []
        for cost in range(n + m + 1):
            self.effort -= cost + 1
            if self.effort < 0:
                return
            trace.append(dict(v))
            for k in range(-cost, cost + 1, 2):
                down = k == -cost or (k != cost and v[k - 1] < v[k + 1])
                x = v[k + 1] if down else v[k - 1] + 1
                y = x - k
                while x < n and y < m and self.before[a + x] == self.after[c + y]:
                    x, y = x + 1, y + 1
                v[k] = x
                if x >= n and y >= m:
                    self._walk_back(trace, a, c, n, m)
                    return

    def _walk_back(self, trace: list[dict[int, int]], a: int, c: int, x: int, y: int) -> None:
        found = []
        for cost in range(len(trace) - 1, -1, -1):
            v, k = trace[cost], x - y
            down = k == -cost or (k != cost and v[k - 1] < v[k + 1])
            before_k = k + 1 if down else k - 1
            before_x = v[before_k]
            before_y = before_x - before_k
            start = before_x if down else before_x + 1
            if cost == 0:
                start = 0
            if x > start:
                found.append((a + start, c + start - k, x - start))
            x, y = before_x, before_y
        self.matches += reversed(found)


def _increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence in which the second numbers rise too."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, other) in enumerate(pairs):
        place = bisect_left(ends, other)
        before.append(last[place - 1] if place else -1)
        if place == len(ends):
            ends.append(other)
            last.append(number)
        else:
            ends[place], last[place] = other, number
    chosen = []
    number = last[-1] if last else -1
    while number >= 0:
        chosen.append(pairs[number])
        number = before[number]
    return chosen[::-1]
