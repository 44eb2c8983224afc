"""A case of `--speed`: ours and another's, each made ready and then run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Work = Callable[[], Any]
Make = Callable[[float], Work]
"""From a scale to what is timed; what comes before is not."""


@dataclass(frozen=True, slots=True)
class Case:
    """Ours beside another's, at shares of the full size."""

    what: str
    ours: Make
    other: str
    theirs: Make
    library: str = ""
    """What `theirs` imports beyond our own needs."""
    share: float = 1.0
    """Where the other cannot do the full size in minutes: both are compared at this share of it too."""
    aim: float | None = None
