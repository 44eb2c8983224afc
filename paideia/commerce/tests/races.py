"""Tasks that start together, each on a connection of its own."""

import threading
from collections.abc import Callable

from django.db import connection


def at_once(*tasks: Callable[[], object]) -> list[object]:
    """Results of the tasks, or what each raised."""
    start, results = threading.Barrier(len(tasks)), list[object]()

    def run(task: Callable[[], object]) -> None:
        start.wait()
        try:
            results.append(task())
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[task]) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def in_turns(tasks: list[Callable[[], object]], *, width: int) -> list[object]:
    """As at_once, for more tasks than the database takes connections: so many workers, each taking the next."""
    rest = iter(tasks)
    lock, results = threading.Lock(), list[object]()

    def work() -> None:
        while True:
            with lock:
                task = next(rest, None)
            if task is None:
                return
            try:
                results.append(task())
            except Exception as error:
                results.append(error)

    at_once(*[work] * width)
    return results
