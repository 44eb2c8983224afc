"""Living a course of events from its seed, and counting what was lived."""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.db import connection

from paideia.commerce import providers
from tests.simulation.laws import broken, unfinished
from tests.simulation.town import Town, rolled_back
from tests.simulation.world import World

STEPS, REST_DAYS = 40, 45  # a month's renewal falls due in the rest
YEAR = timedelta(days=365.25)


@dataclass
class Course:
    seed: int
    log: list[str] = field(default_factory=list)
    lasted: timedelta = timedelta()
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([f"seed {self.seed}", " ".join(self.log), *self.wrong])


def live(town: Town, seed: int) -> Course:
    """One course, and what was wrong with it: nothing, one hopes. All it wrote is undone."""
    course = Course(seed)
    before = providers.available
    _prepare()
    try:
        rolled_back(lambda: _live(town, course))
    except Exception as error:  # nobody meets an error that is no refusal
        course.wrong.append(repr(error))
        if os.environ.get("PAIDEIA_SIMULATION_RAISES"):
            raise
    finally:
        providers.available = before
    return course


def _live(town: Town, course: Course) -> None:
    world = World(town, course.seed)
    course.log = world.log
    providers.available = lambda: [world.provider]  # type: ignore[list-item]
    try:
        for _ in range(STEPS):
            world.step()
            if world.is_changed and (wrong := broken(world)):
                course.wrong += wrong
                return
        world.rest(REST_DAYS)
        course.wrong += unfinished(world)
    finally:
        course.lasted = world.lasted
        world.close()


def _prepare() -> None:
    """Let the server keep the plans of all that is ever asked: the same few hundred statements, a million times."""
    connection.ensure_connection()
    connection.connection.prepare_threshold, connection.connection.prepared_max = 1, 2000


def courses(town: Town, seeds: Iterable[int]) -> Iterator[Course]:
    return (live(town, seed) for seed in seeds)


@dataclass
class Tally:
    """What was lived so far. Processor time is this process's and its database connection's together."""

    courses: int = 0
    years: float = 0.0
    wrong: list[Course] = field(default_factory=list)
    began: float = field(default_factory=lambda: processor_seconds())

    def add(self, course: Course) -> None:
        self.courses += 1
        self.years += course.lasted / YEAR
        if course.wrong:
            self.wrong.append(course)

    def told(self) -> dict[str, float]:
        """As `--seeds` prints it."""
        return {
            "courses": self.courses,
            "violations": len(self.wrong),
            "simulated_years": round(self.years, 1),
            "processor_seconds": round(processor_seconds() - self.began, 1),
        }


def processor_seconds() -> float:
    """Of this process, and of the server process that works for it where that is on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not server.exists():
        return time.process_time()
    ticks = server.read_text().rpartition(")")[2].split()[11:13]
    return time.process_time() + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
