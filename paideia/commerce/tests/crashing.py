"""Killing a process where it hurts: at a commit, or at any statement."""

import json
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


def _leave_the_parent_its_connection() -> None:
    _kept.append(connection.connection)
    connection.connection = None
    connection.in_atomic_block = False
    connection.savepoint_ids, connection.run_on_commit = [], []


def _child(work: Callable[[], object], plant: Callable[[], None]) -> None:
    _leave_the_parent_its_connection()
    try:
        plant()
        work()
    except BaseException as error:  # nothing of the parent's may run on in here
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)
    os._exit(0)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def asked_again(ask: Callable[[], Any], *, times: int, width: int, kills: int) -> tuple[list[Any], int]:
    """Ask so many times, from so many processes at once with a connection each. `kills` of the asking are killed
    right after their first commit, or where there is none before they answer: the effect is there, the answer is
    not; the very first is one of them. Returns the answers of the others, and how many were killed."""
    killed = sum(_is_killed(ask) for _ in range(min(kills, 1)))
    shares = [range(killed, times)[n::width] for n in range(width)]
    fated = set(range(killed, times)[:: max((times - killed) // max(kills - killed, 1), 1)][: kills - killed])
    workers = [_worker(ask, share, fated) for share in shares]
    answers: list[Any] = []
    for reader in workers:
        with os.fdopen(reader) as said:
            for line in said:
                answer = json.loads(line)
                killed += answer == "killed"
                answers += [] if answer == "killed" else [answer]
    for _ in workers:
        _pid, status = os.wait()
        assert os.waitstatus_to_exitcode(status) == 0
    return answers, killed


def _is_killed(ask: Callable[[], Any]) -> bool:
    return run_and_kill(lambda: (ask(), _die()), at_commit(1, after=True))


def _worker(ask: Callable[[], Any], share: range, fated: set[int]) -> int:
    """A process that asks as often as its share says. Gives the end of a pipe with its answers, a line each."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        return reader
    _leave_the_parent_its_connection()
    try:
        with os.fdopen(writer, "w") as said:
            for number in share:
                if number in fated:
                    connection.close()
                    print(json.dumps("killed" if _is_killed(ask) else "came through"), file=said)
                else:
                    print(json.dumps(ask()), file=said)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)
    os._exit(0)
