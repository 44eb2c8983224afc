"""Tying processes together, so that none outlives the one that looks after it."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)  # loaded before any fork: a child must not import


def tie(number: int) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends the child this signal when this process dies, in any way."""
    parent = os.getpid()

    def in_child() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died between the fork and the line above
            os._exit(1)

    return in_child


def tie_to_parent(number: int) -> None:
    """The same, asked for by the child itself."""
    _libc.prctl(PR_SET_PDEATHSIG, number)


def ends(pid: int, number: int, seconds: float) -> bool:
    """Send a signal and wait for the end of any process, child or not; True when it is gone."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(watched, number)
        return bool(select.select([watched], [], [], seconds)[0])
    finally:
        os.close(watched)


def end_group(group: int, seconds: float = 2) -> None:
    """Kill what is left of a process group and wait until nothing of it runs."""
    until = time.monotonic() + seconds
    while living := group_members(group):
        for pid in living:
            ends(pid, signal.SIGKILL, 1)
        if time.monotonic() > until:
            return


def group_members(group: int) -> list[int]:
    """Living processes of a group; zombies do not count."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                state, _, its_group = stat_fields(entry)[:3]
                if int(its_group) == group and state != "Z":
                    found.append(int(entry.name))
    return found


def stat_fields(entry: Path) -> list[str]:
    """Fields of /proc/<pid>/stat from the state on; the name before them may hold anything."""
    return (entry / "stat").read_text().rpartition(")")[2].split()


def born(pid: int) -> str:
    """When a process started, in clock ticks since boot: with its pid, its identity. Empty when gone."""
    try:
        fields = stat_fields(Path(f"/proc/{pid}"))
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
