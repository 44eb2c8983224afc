"""Killing a process where it hurts: at a commit, or at any statement."""

import os
import signal
from collections.abc import Callable
from typing import Any

from django.db import connection

KILLED = -signal.SIGKILL
_kept: list[Any] = []  # a child must not finish its parent's connection


def run_and_kill(work: Callable[[], object], plant: Callable[[], None]) -> bool:
    """Do the work in a process of its own, with what `plant` plants to kill it. Whether it was killed; raises
    AssertionError when it failed otherwise."""
    child = os.fork()
    if child == 0:
        _child(work, plant)
    _pid, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, KILLED}, f"the work ended with {code}"
    return code == KILLED


def at_commit(number: int, *, after: bool) -> Callable[[], None]:
    """Kill at the commit of that number, from 1: before it reaches the database, or right after."""

    def plant() -> None:
        connection.ensure_connection()
        real, seen = connection._commit, [0]

        def commit() -> None:
            seen[0] += 1
            if seen[0] == number and not after:
                _die()
            real()
            if seen[0] == number:
                _die()

        connection._commit = commit  # type: ignore[method-assign]

    return plant


def at_statement(number: int) -> Callable[[], None]:
    """Kill before the statement of that number, from 1."""

    def plant() -> None:
        seen = [0]

        def execute(run: Callable[..., Any], *args: Any) -> Any:
            seen[0] += 1
            if seen[0] == number:
                _die()
            return run(*args)

        connection.execute_wrappers.append(execute)

    return plant


def _child(work: Callable[[], object], plant: Callable[[], None]) -> None:
    _kept.append(connection.connection)
    connection.connection = None
    connection.in_atomic_block = False
    connection.savepoint_ids, connection.run_on_commit = [], []
    try:
        plant()
        work()
    except BaseException as error:  # nothing of the parent's may run on in here
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)
    os._exit(0)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
