"""Mistakes as people make them, planted one at a time: each has to be found."""

from tests.simulation.bugs import money, presents, terms
from tests.simulation.bugs.planting import BUGS

__all__ = ["BUGS", "money", "presents", "terms"]
