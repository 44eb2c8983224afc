from collections.abc import Callable

import pytest

from paideia.accounts.models import User
from tests.cast import let_in


@pytest.fixture
def newcomers(community) -> Callable[[int], None]:
    """Lets a number of people in at once."""

    def come(number: int) -> None:
        for place in range(number):
            let_in(community, User.objects.create(handle=f"newcomer{place:03}"))

    return come


@pytest.fixture
def in_parallel() -> Callable[[list[Callable[[], object]]], list[object]]:
    """Runs acts at the same moment, eight at a time, each on a connection of its own; their answers."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    from django.db import connection

    def run(acts: list[Callable[[], object]]) -> list[object]:
        barrier = Barrier(WORKERS)

        def work(mine: list[Callable[[], object]]) -> list[object]:
            try:
                barrier.wait()
                return [act() for act in mine]
            finally:
                connection.close()

        with ThreadPoolExecutor(WORKERS) as pool:
            return [
                answer
                for answers in pool.map(work, (acts[n::WORKERS] for n in range(WORKERS)))
                for answer in answers
            ]

    return run


WORKERS = 8
