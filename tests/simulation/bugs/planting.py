"""How a mistake is planted: a function of the product is another one, for the length of a `with`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

Bug = Callable[[], AbstractContextManager[Any]]
BUGS: dict[str, Bug] = {}


def bug(plant: Callable[[], Iterator[None]]) -> Callable[[], Iterator[None]]:
    BUGS[plant.__name__.replace("_", " ")] = contextmanager(plant)
    return plant


def instead(*changes: tuple[object, str, object]) -> Iterator[None]:
    with ExitStack() as stack:
        for place, name, other in changes:
            stack.enter_context(patch.object(place, name, other))
        yield


def nothing(*_args: object, **_words: object) -> None:
    return None
