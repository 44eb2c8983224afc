"""The whole core of payments and membership on a simulated clock, under seeded faults: crashes at any statement,
answers that are lost, news that come late, twice and out of order, outages, double payments, disputes.

Every seed is one course of events; it fails with its number and what happened. `--long` runs ten thousand.
"""

from collections.abc import Iterator

import pytest

from paideia.commerce import providers
from tests.simulation.bugs import BUGS
from tests.simulation.laws import broken, unfinished
from tests.simulation.world import Town, World, found, rolled_back

pytestmark = pytest.mark.django_db
SEEDS, SEEDS_LONG, STEPS = 60, 10_000, 40
REST_HOURS = 10 * 24
SEEDS_TO_FIND_A_BUG = 400
RARE = {  # what takes a hundred courses to show
    "a failed refund stays on its way",
    "a renewal is charged under a new number each time",
    "a renewal is not asked about again",
    "places are not counted",
    "what a won dispute took stays taken",
}


@pytest.fixture
def town() -> Town:
    return found()


def live(town: Town, seed: int) -> list[str]:
    """What was wrong with this seed's course of events, with what happened before it."""
    world = World(town, seed)

    def course() -> list[str]:
        for _ in range(STEPS):
            world.step()
            if wrong := broken(world):
                return wrong
        world.rest(REST_HOURS)
        return unfinished(world)

    before = providers.available
    providers.available = lambda: [world.provider]  # type: ignore[list-item]
    try:
        wrong = rolled_back(course)
    except Exception as error:  # nobody meets an error that is no refusal
        wrong = [repr(error)]
    finally:
        providers.available = before
        world.close()
    return [f"seed {seed}", " ".join(world.log), *wrong] if wrong else []


def courses(town: Town, seeds: range) -> Iterator[list[str]]:
    for seed in seeds:
        if wrong := live(town, seed):
            yield wrong


def test_every_law_holds_whatever_happens(town: Town) -> None:
    assert next(courses(town, range(SEEDS)), None) is None


@pytest.mark.long
def test_every_law_holds_in_ten_thousand_courses(town: Town) -> None:
    assert next(courses(town, range(SEEDS_LONG)), None) is None


@pytest.mark.parametrize(
    "bug", [pytest.param(bug, marks=pytest.mark.long if bug in RARE else ()) for bug in sorted(BUGS)]
)
def test_a_planted_bug_is_found(town: Town, bug: str) -> None:
    """The control: a simulation that finds nothing would be worth nothing."""
    with BUGS[bug]():
        assert next(courses(town, range(SEEDS_TO_FIND_A_BUG)), None) is not None
