"""One step of a reader: the next facts in commit order, what it does with them, and its position, all or
nothing.

Order is (epoch, xid, id). A fact is settled when no transaction as old as its writer still runs: from then
on nothing can appear before it. Both ends of every question are row comparisons, so the index on those
three columns answers.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from paideia.activity.models import Fact, ReaderPosition, SetAside

if TYPE_CHECKING:
    from paideia.activity.readers import Reader

FOREIGN_MAX = 1000  # facts of others that a reader may have to pass over again before its position moves
ERROR_CHARS_MAX = 4000
RETRY_FIRST, RETRY_LAST = timedelta(seconds=30), timedelta(days=1)
# Deadlock, serialization, lock timeout, shutdown, crash, starting up: nothing to do with the fact at hand.
PASSING_STATES = {"40P01", "40001", "55P03", "57P01", "57P02", "57P03"}

log = logging.getLogger(__name__)

SETTLED = "(epoch, xid) < (activity_epoch_now(), pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"
EVERYTHING = "true"
COLUMNS = (
    "id, epoch, xid, recorded_at, occurred_at, community_id, actor_id, verb, object_kind, object_id, detail"
)

DUE = """
SELECT r.name FROM jsonb_to_recordset(%(readers)s) AS r(name text, verbs text[])
LEFT JOIN activity_readerposition p ON p.reader = r.name
WHERE EXISTS (
    SELECT 1 FROM activity_fact
    WHERE (epoch, xid, id) > (coalesce(p.epoch, 0), coalesce(p.xid, 0), coalesce(p.fact_id, 0))
      AND {settled} AND verb = ANY (r.verbs))
OR EXISTS (
    SELECT 1 FROM activity_fact
    WHERE (epoch, xid, id) > (coalesce(p.epoch, 0), coalesce(p.xid, 0), coalesce(p.fact_id, 0)) AND {settled}
    OFFSET %(foreign_max)s LIMIT 1)
"""
BATCH = f"""
SELECT {COLUMNS} FROM activity_fact
WHERE (epoch, xid, id) > (%(epoch)s, %(xid)s, %(id)s) AND {{settled}} AND verb = ANY (%(verbs)s)
ORDER BY epoch, xid, id LIMIT %(batch_max)s
"""
# Where the position goes when no more of ours follow: the same statement, thus the same snapshot.
END = """
SELECT epoch, xid, id FROM activity_fact
WHERE (epoch, xid, id) > (%(epoch)s, %(xid)s, %(id)s) AND {settled}
ORDER BY epoch DESC, xid DESC, id DESC LIMIT 1
"""
STEP = f"""
WITH batch AS MATERIALIZED ({BATCH}), finish AS MATERIALIZED ({END})
SELECT batch.*, NULL::int AS end_epoch, NULL::bigint AS end_xid, NULL::bigint AS end_id FROM batch
UNION ALL
SELECT {", ".join(f"NULL AS {column}" for column in COLUMNS.split(", "))}, finish.* FROM finish
"""
WAITING = """
SELECT r.name,
    (SELECT count(*) FROM activity_fact WHERE verb = ANY (r.verbs)
      AND (epoch, xid, id) > (coalesce(p.epoch, 0), coalesce(p.xid, 0), coalesce(p.fact_id, 0))),
    (SELECT min(recorded_at) FROM activity_fact WHERE verb = ANY (r.verbs)
      AND (epoch, xid, id) > (coalesce(p.epoch, 0), coalesce(p.xid, 0), coalesce(p.fact_id, 0))),
    (SELECT count(*) FROM activity_setaside s WHERE s.reader = r.name)
FROM jsonb_to_recordset(%(readers)s) AS r(name text, verbs text[])
LEFT JOIN activity_readerposition p ON p.reader = r.name
ORDER BY r.name
"""
UNSETTLED = """
SELECT EXISTS (
    SELECT 1 FROM activity_fact
    WHERE (epoch, xid) >= (activity_epoch_now(), pg_snapshot_xmin(pg_current_snapshot())::text::bigint))
"""


def hear(reader: Reader, *, settled_only: bool = True) -> int | None:
    """Hand the reader its next batch and move its position. Returns how many facts it heard, or None
    when another worker is at it or nothing was left."""
    with transaction.atomic():
        position = lock(reader.name)
        if position is None:
            return None
        facts, end = _next(reader, position, settled_only)
        if end is None:
            return None
        if facts:
            _act(reader, facts)
        ReaderPosition.objects.filter(reader=reader.name).update(
            epoch=end[0], xid=end[1], fact_id=end[2], moved_at=timezone.now()
        )
    return len(facts)


def retry(reader: Reader) -> bool:
    """Try the reader's next due fact that was set aside. Whether there was one."""
    with transaction.atomic():
        aside = (
            SetAside.objects.select_for_update(skip_locked=True)
            .filter(reader=reader.name, next_try_at__lte=timezone.now())
            .order_by("next_try_at", "id")
            .first()
        )
        if aside is None:
            return False
        try:
            with transaction.atomic():
                reader.act(_one(aside.fact_id))
        except Exception as error:
            _reraise_if_passing(error)
            aside.tries += 1
            aside.error = _described(error)
            aside.next_try_at = timezone.now() + min(RETRY_FIRST * 2 ** min(aside.tries, 20), RETRY_LAST)
            aside.save(update_fields=["tries", "error", "next_try_at"])
        else:
            aside.delete()
    return True


def lock(name: str, *, wait: bool = False) -> ReaderPosition | None:
    """The reader's position, held for this transaction; None when another worker holds it and we do not
    wait."""
    rows = ReaderPosition.objects.select_for_update(skip_locked=not wait)
    position = rows.filter(reader=name).first()
    if position is None and not ReaderPosition.objects.filter(reader=name).exists():
        ReaderPosition.objects.bulk_create([ReaderPosition(reader=name)], ignore_conflicts=True)
        position = rows.filter(reader=name).first()
    return position


def due(readers: Sequence[tuple[str, list[str]]], *, settled_only: bool) -> list[str]:
    """The readers, given with their verbs, who have something to hear: facts of theirs, or many others."""
    statement = DUE.format(settled=SETTLED if settled_only else EVERYTHING)
    return [
        name for (name,) in _rows(statement, {"readers": _recordset(readers), "foreign_max": FOREIGN_MAX})
    ]


def with_retries_due() -> list[str]:
    return list(
        SetAside.objects.filter(next_try_at__lte=timezone.now()).values_list("reader", flat=True).distinct()
    )


def unsettled() -> bool:
    """Whether committed facts wait for an older transaction to end."""
    return bool(_rows(UNSETTLED)[0][0])


def waiting(readers: Sequence[tuple[str, list[str]]]) -> list[tuple[Any, ...]]:
    """(name, facts yet to hear, when the oldest was recorded, facts set aside) of each reader."""
    return _rows(WAITING, {"readers": _recordset(readers)})


def _next(
    reader: Reader, position: ReaderPosition, settled_only: bool
) -> tuple[list[Fact], tuple[int, int, int] | None]:
    """The next batch, and where the position is after it."""
    rows = _rows(
        STEP.format(settled=SETTLED if settled_only else EVERYTHING),
        {
            "epoch": position.epoch,
            "xid": position.xid,
            "id": position.fact_id,
            "verbs": sorted(reader.verbs),
            "batch_max": reader.batch_max,
        },
    )
    facts = [_fact(row[:11]) for row in rows if row[0] is not None]
    facts.sort(key=lambda fact: (fact.epoch, fact.xid, fact.pk))
    if len(facts) == reader.batch_max:
        last = facts[-1]
        return facts, (last.epoch, last.xid, last.pk)
    return facts, next((row[11:] for row in rows if row[0] is None), None)


def _act(reader: Reader, facts: list[Fact]) -> None:
    """The whole batch at once; if it fails, fact by fact, and what fails then is set aside."""
    try:
        with transaction.atomic():
            reader.act(facts)
        return
    except Exception as error:
        _reraise_if_passing(error)
        log.warning("reader %s failed on a batch of %d: %s", reader.name, len(facts), error)
    for fact in facts:
        try:
            with transaction.atomic():
                reader.act([fact])
        except Exception as error:
            _reraise_if_passing(error)
            log.exception("reader %s sets fact %d aside", reader.name, fact.pk)
            SetAside.objects.create(
                reader=reader.name,
                fact_id=fact.pk,
                error=_described(error),
                next_try_at=timezone.now() + RETRY_FIRST,
            )


def _reraise_if_passing(error: Exception) -> None:
    """A lost connection or a deadlock undoes the step; it is repeated as a whole."""
    if not isinstance(error, DatabaseError | InterfaceError):
        return
    state = getattr(error.__cause__, "sqlstate", None) or ""
    lost = isinstance(error, OperationalError | InterfaceError) and (
        connection.connection is None or connection.connection.closed or connection.connection.broken
    )
    if lost or state in PASSING_STATES or state.startswith("08"):
        raise error


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:ERROR_CHARS_MAX].replace("\x00", "")


def _one(fact_id: int) -> list[Fact]:
    return [
        _fact(row) for row in _rows(f"SELECT {COLUMNS} FROM activity_fact WHERE id = %(id)s", {"id": fact_id})
    ]


def _fact(row: tuple[Any, ...]) -> Fact:
    fact = Fact(**dict(zip(COLUMNS.split(", "), row, strict=True)))
    with suppress(TypeError):  # Django leaves jsonb as text
        fact.detail = json.loads(row[10])
    fact._state.adding = False
    return fact


def _recordset(readers: Sequence[tuple[str, list[str]]]) -> str:
    return json.dumps([{"name": name, "verbs": verbs} for name, verbs in readers])


def _rows(statement: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
