"""Dividing money: whole minor units, nothing lost, nothing made."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

WHOLE = 10_000  # basis points


def part_of(amount: int, rate: int) -> int:
    """So many basis points of an amount, in whole minor units, rounded down. Below zero nothing."""
    return max(amount, 0) * rate // WHOLE


def standing(full: int, kept: int, whole: int) -> int:
    """What stands of `full` when `kept` of `whole` stands, rounded down: all for all, nothing for nothing."""
    return full * min(max(kept, 0), whole) // whole if whole else 0


def divide(amount: int, weights: Mapping[Key, int]) -> dict[Key, int]:
    """The amount by weight, by largest remainder: the parts sum to the amount exactly. Of equal remainders the key
    that was named first gets one more. Nobody gets anything where no weight is above zero.
    """
    total = sum(weights.values())
    if any(weight < 0 for weight in weights.values()) or amount < 0:
        raise ValueError("amounts and weights are not below zero")
    if not total:
        return dict.fromkeys(weights, 0)
    parts = {key: amount * weight // total for key, weight in weights.items()}
    left = amount - sum(parts.values())
    by_remainder = sorted(weights, key=lambda key: -(amount * weights[key] % total))  # stable
    for key in by_remainder[:left]:
        parts[key] += 1
    return parts
