"""Readers: what rooms do when they hear of facts. Each acts on every fact exactly once.

    @reader("search.index", verbs={"comment.posted"}, clear=forget_everything)
    def index(facts: list[Fact]) -> None: ...

stands in ROOM/readers.py and is found there. Facts come in commit order. What a reader writes is committed
together with its position, so nothing is done twice; only facts older than every running transaction are
handed out, so nothing is skipped. A reader that writes only what follows from the facts can be rewound and
ends with the same rows.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module

import psycopg
from django.conf import settings
from django.db import Error, close_old_connections, connection, transaction
from django.utils.module_loading import autodiscover_modules

from paideia.activity import batches, bell
from paideia.activity.models import Fact, ReaderPosition, SetAside
from paideia.activity.verbs import VERBS

Act = Callable[[list[Fact]], None]

IDLE_SECONDS = 1.0  # how late the bell may be missed
UNSETTLED_SECONDS = 0.02  # while facts wait for an older transaction to end
TROUBLE_SECONDS_MAX = 30.0
PATIENCE_SECONDS = 120.0  # an import beside us may hold its transaction that long
if settings.TESTING:  # so may a whole test in another database of the server
    PATIENCE_SECONDS = 900.0

log = logging.getLogger(__name__)
_readers: dict[str, "Reader"] = {}


@dataclass(frozen=True, slots=True)
class Reader:
    """One listener. `clear` forgets all it wrote, for a replay from the first fact."""

    name: str
    verbs: frozenset[str]
    act: Act
    clear: Callable[[], None] | None = None
    batch_max: int = 500


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a reader is behind: facts it has yet to hear, when the oldest was recorded, and what it set
    aside."""

    reader: str
    facts: int
    oldest_at: datetime | None
    set_aside: int


def reader(
    name: str, *, verbs: Iterable[str], clear: Callable[[], None] | None = None, batch_max: int = 500
) -> Callable[[Act], Act]:
    """Register a reader. Its name is its identity: a new name begins at the first fact."""
    chosen = frozenset(verbs)
    if unknown := chosen - VERBS:
        raise ValueError(f"reader {name!r} listens for unknown verbs: {', '.join(sorted(unknown))}")

    def register(act: Act) -> Act:
        before = _readers.get(name)
        if before is not None and (before.act.__module__, before.act.__qualname__) != (
            act.__module__,
            act.__qualname__,
        ):
            raise ValueError(f"two readers are called {name!r}")
        _readers[name] = Reader(name, chosen, act, clear, batch_max)
        return act

    return register


def all_readers() -> list[Reader]:
    """Every reader of every room, by name."""
    autodiscover_modules("readers")
    import_module("paideia.activity.auditing")  # this room's own
    return [_readers[name] for name in sorted(_readers)]


def run_once(*names: str, patience_seconds: float = PATIENCE_SECONDS) -> int:
    """Let all readers (or those named) hear whatever was committed before the call. Returns how many facts
    were heard.

    Facts that wait for an older transaction are waited for, so long as patience lasts. Within a transaction
    only tests may call it: they hear their own uncommitted facts, which elsewhere would let others be
    skipped.
    """
    within = connection.in_atomic_block
    if within and not settings.TESTING:
        raise RuntimeError("readers run in transactions of their own: call run_once outside of atomic()")
    chosen = [one for one in all_readers() if not names or one.name in names]
    until, heard = time.monotonic() + patience_seconds, 0
    while True:
        # Asked before the round: what settles between the two is heard in the next.
        waits = not within and batches.unsettled()
        if (now := _round(chosen, settled_only=not within)) is not None:
            heard += now
        elif not waits or time.monotonic() > until:
            return heard
        else:
            time.sleep(UNSETTLED_SECONDS)


def run_forever(stop: threading.Event) -> None:
    """Hear facts as they come until `stop` is set. Any number of processes may do so at once.

    Survives the database going away: it tries again, ever more slowly.
    """
    chosen, trouble_seconds = all_readers(), 0.1
    with bell.Bell() as rung:
        while not stop.is_set():
            try:
                if _round(chosen, settled_only=True) is None:
                    rung.wait(UNSETTLED_SECONDS if batches.unsettled() else IDLE_SECONDS, stop)
                    close_old_connections()
                trouble_seconds = 0.1
            except (Error, psycopg.Error):
                log.exception("readers pause for %.1f s", trouble_seconds)
                connection.close()
                stop.wait(trouble_seconds)
                trouble_seconds = min(2 * trouble_seconds, TROUBLE_SECONDS_MAX)
    connection.close()


def _round(chosen: list[Reader], *, settled_only: bool) -> int | None:
    """One batch for each reader that has something to hear. None when there was nothing for anybody."""
    due = set(batches.due([(one.name, sorted(one.verbs)) for one in chosen], settled_only=settled_only))
    again = set(batches.with_retries_due())
    heard, moved = 0, False
    for one in chosen:
        if one.name in due and (count := batches.hear(one, settled_only=settled_only)) is not None:
            heard, moved = heard + count, True
        if one.name in again and batches.retry(one):
            moved = True
    return heard if moved else None


@transaction.atomic
def rewind(name: str) -> None:
    """Forget all that a reader wrote; it hears every fact again from the first."""
    one = {known.name: known for known in all_readers()}.get(name)
    if one is None:
        raise LookupError(f"no reader is called {name!r}; there are: {', '.join(sorted(_readers))}")
    if one.clear is None:
        raise LookupError(f"reader {name!r} cannot be rewound: it has no clear()")
    batches.lock(name, wait=True)
    SetAside.objects.filter(reader=name).delete()
    one.clear()
    ReaderPosition.objects.filter(reader=name).update(epoch=0, xid=0, fact_id=0)


def lag() -> list[Lag]:
    """How far each reader is behind, for operators."""
    waiting = batches.waiting([(one.name, sorted(one.verbs)) for one in all_readers()])
    return [Lag(*row) for row in waiting]
