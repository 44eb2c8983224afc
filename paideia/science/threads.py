"""How many threads numeric libraries use: one for small blocks, where threads that wait for each other cost
most.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any


def few_threads(size: int = 0, *, enough: int = 100_000) -> AbstractContextManager[Any]:
    """A context with one thread below `enough` rows, and the libraries' own choice above.

    On a busy machine many short parallel sections take ten times as long as one thread does. Without
    threadpoolctl nothing changes.
    """
    if size >= enough:
        return nullcontext()
    try:
        limits: AbstractContextManager[Any] = import_module("threadpoolctl").threadpool_limits(1)
    except ImportError:
        return nullcontext()
    return limits
