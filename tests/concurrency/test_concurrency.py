"""Eight people, workers and banks at once, in random sequences of all that is sold: after each round the books are
right, nobody met an error, and everybody holds what a slow reader of the orders says they hold.

`--long` lives through more than 200,000 steps of 200 seeds. A failure names its seed and tells its rounds, shortened.
"""

from collections.abc import Iterator, Sequence

import pytest

from paideia.ledger.tests.chart import unlisted
from tests.concurrency.bugs import BUGS, TWINS
from tests.concurrency.hands import HANDS, Hands
from tests.concurrency.machine import Machine, Outcome, programme
from tests.concurrency.twin import Twin

pytestmark = pytest.mark.django_db(transaction=True)
SEEDS, ROUNDS = 2, 22
SEEDS_LONG, ROUNDS_LONG = 200, 126
SEEDS_TO_FIND_A_BUG, ROUNDS_TO_FIND_A_BUG = 12, 12


@pytest.fixture
def hands() -> Iterator[Hands]:
    hands = Hands()
    yield hands
    hands.close()


def live(hands: Hands, seed: int, rounds: int) -> Outcome:
    machine = Machine(hands)
    outcome = machine.run(programme(seed, rounds), seed)
    return machine.shorten(outcome) if outcome.wrong else outcome


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_eight_do_at_once_every_law_holds(hands: Hands, seed: int) -> None:
    outcome = live(hands, seed, ROUNDS)
    assert not outcome.wrong, str(outcome)
    assert outcome.steps == ROUNDS * HANDS
    assert unlisted() == []  # docs/ledger.md names every account and key


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1000 + SEEDS_LONG))
def test_every_law_holds_for_200_000_steps(hands: Hands, seed: int) -> None:
    outcome = live(hands, seed, ROUNDS_LONG)
    assert not outcome.wrong, str(outcome)
    assert unlisted() == []


def is_found(hands: Hands, deeds: Sequence[str], make: type[Twin] = Twin) -> bool:
    machine, rounds = Machine(hands, make), ROUNDS_TO_FIND_A_BUG
    return any(machine.run(programme(seed, rounds, deeds), seed).wrong for seed in range(SEEDS_TO_FIND_A_BUG))


@pytest.mark.parametrize("bug", sorted(BUGS))
def test_a_planted_bug_is_found(hands: Hands, bug: str) -> None:
    """The control: a machine that finds nothing would be worth nothing."""
    plant, deeds = BUGS[bug]
    with plant():
        assert is_found(hands, deeds)


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.__name__)
def test_a_twin_with_another_rule_is_found(hands: Hands, twin: type[Twin]) -> None:
    assert is_found(hands, TWINS[twin], twin)
