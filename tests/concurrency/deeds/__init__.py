"""What people, the team, the bank and the workers do. Each deed is given three numbers and finds with them what to do
it to, among what is newest: so eight at once often mean the same."""

from tests.concurrency.deeds import buying, giving, paying, working
from tests.concurrency.deeds.register import DEEDS, WEIGHTS

__all__ = ["DEEDS", "WEIGHTS", "buying", "giving", "paying", "working"]
