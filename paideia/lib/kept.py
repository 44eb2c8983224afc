"""Rendered pieces kept in the process: a bounded store, and fragments with holes for what differs by viewer."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from django.db import connection
from markupsafe import Markup

Value = TypeVar("Value")


_all: WeakSet["Kept[Any]"] = WeakSet()


def forget() -> None:
    """Empty every store: for tests and measurements, whose databases are other ones under the same keys."""
    for store in _all:
        store.clear()


class Kept(Generic[Value]):
    """Least recently used values up to `bytes_max`; each is forgotten after `seconds_max` as well.

    A key must name everything the value depends on; then nothing ever has to be thrown out to stay right. Inside a
    transaction nothing is kept or taken: it sees what is not so yet.
    """

    def __init__(self, *, bytes_max: int, seconds_max: float) -> None:
        self.bytes_max, self.seconds_max = bytes_max, seconds_max
        _all.add(self)
        self._values: OrderedDict[Hashable, tuple[float, int, Value]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Hashable) -> Value | None:
        if connection.in_atomic_block:
            return None
        with self._lock:
            found = self._values.get(key)
            if found is None or found[0] < time.monotonic():
                return None
            self._values.move_to_end(key)
            return found[2]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        if connection.in_atomic_block:
            return
        with self._lock:
            if old := self._values.pop(key, None):
                self._bytes -= old[1]
            self._values[key] = (time.monotonic() + self.seconds_max, size, value)
            self._bytes += size
            while self._bytes > self.bytes_max:
                self._bytes -= self._values.popitem(last=False)[1][1]

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self._bytes = 0


# Control characters cannot come from people: paideia.lib.text strips them from whatever is saved.
HOLE = re.compile("\x02([a-z]+):([0-9]+)\x03")


def hole(name: str, number: int) -> Markup:
    """In a template: a place to be filled for each viewer, such as whether this reaction is theirs."""
    return Markup(f"\x02{name}:{number}\x03")


class Fragment:
    """HTML rendered once for everybody, with holes."""

    __slots__ = ("holes", "pieces")

    def __init__(self, html: str) -> None:
        parts = HOLE.split(html)
        self.pieces = parts[::3]
        self.holes = [(name, int(number)) for name, number in zip(parts[1::3], parts[2::3], strict=True)]

    @property
    def size(self) -> int:
        return sum(map(len, self.pieces)) * 2

    def fill(self, filling: Callable[[str, int], str]) -> Markup:
        """The whole HTML; `filling` must return trusted HTML."""
        if not self.holes:
            return Markup(self.pieces[0])
        out = [self.pieces[0]]
        for (name, number), piece in zip(self.holes, self.pieces[1:], strict=True):
            out.append(filling(name, number))
            out.append(piece)
        return Markup("".join(out))


fragments: Kept[Fragment] = Kept(bytes_max=32 * 1024 * 1024, seconds_max=300)


def fragment(key: Hashable, render: Callable[[], str]) -> Fragment:
    """The fragment of this key, rendered if it is not kept yet."""
    found = fragments.get(key)
    if found is None:
        found = Fragment(render())
        fragments.put(key, found, found.size)
    return found
