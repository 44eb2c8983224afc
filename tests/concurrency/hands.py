"""Eight hands that do things at the same moment, each on a connection of its own."""

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

from django.db import connection

HANDS = 8
Deed = Callable[[], object]


class Hands:
    """Threads that keep their connections from one round to the next. `close` before the database is taken away."""

    def __init__(self, count: int = HANDS) -> None:
        self._todo: list[SimpleQueue[Any]] = [SimpleQueue() for _ in range(count)]
        self._done: SimpleQueue[tuple[int, object]] = SimpleQueue()
        self._threads = [threading.Thread(target=self._work, args=[one], daemon=True) for one in self._todo]
        for thread in self._threads:
            thread.start()

    def at_once(self, deeds: Sequence[Deed]) -> list[object]:
        """What each deed returned or raised, in their order. None begins before all can."""
        start = threading.Barrier(len(deeds))
        for number, (todo, deed) in enumerate(zip(self._todo, deeds, strict=False)):
            todo.put((number, start, deed))
        return [
            result for _number, result in sorted((self._done.get() for _ in deeds), key=lambda one: one[0])
        ]

    def close(self) -> None:
        for todo in self._todo:
            todo.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self, todo: "SimpleQueue[Any]") -> None:
        try:
            connection.ensure_connection()
            while (task := todo.get()) is not None:
                number, start, deed = task
                start.wait()
                self._done.put((number, _result_of(deed)))
        finally:
            connection.close()


def _result_of(deed: Deed) -> object:
    try:
        return deed()
    except Exception as error:
        return error
