"""What a community's numbers really mean: pure functions over arrays and frames.

No Django, no clock, no hidden randomness: times and `rng` are arguments. Each family is a subpackage
(`paideia.science.growth`, `.value`, `.ranking`, …) that loads when first used, and each loads scipy and its
friends only inside the functions that need them, so that importing this costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

FAMILIES = (
    "activity",
    "experiments",
    "growth",
    "learning",
    "networks",
    "personas",
    "ranking",
    "retention",
    "risk",
    "series",
    "simulate",
    "text",
    "value",
)
SHARED = (
    "checks",
    "classifier",
    "coverage",
    "errors",
    "examples",
    "measures",
    "pictures",
    "splits",
    "threads",
)


def __getattr__(name: str) -> ModuleType:
    if name in FAMILIES + SHARED:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *FAMILIES, *SHARED])
