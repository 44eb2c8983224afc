"""Monthly partitions of the fact table, made ahead by the worker."""

from datetime import date
from typing import Any

from django.db import connection

MONTHS_AHEAD = 3
OTHERWISE = "activity_fact_otherwise"  # the default partition: what has no month of its own yet


def make_ahead(today: date, months: int = MONTHS_AHEAD) -> list[str]:
    """Make the partitions of this month and the next `months`. Returns the names of those that were missing.

    Call it in a transaction. Facts that had to be kept elsewhere because a month was missing move into it.
    """
    with connection.cursor() as cursor:
        # One maker at a time: two workers may wake together.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('activity_fact partitions'))")
        firsts = [month_start(today, step) for step in range(months + 1)]
        missing = [first for first in firsts if not _exists(cursor, _name(first))]
        astray = bool(missing) and _any_astray(cursor, missing[0], month_start(missing[-1], 1))
        if astray:
            cursor.execute(f"ALTER TABLE activity_fact DETACH PARTITION {OTHERWISE}")
            cursor.execute(f"ALTER TABLE {OTHERWISE} RENAME TO {OTHERWISE}_before")
        for first in missing:
            cursor.execute(
                f"CREATE TABLE {_name(first)} PARTITION OF activity_fact "
                f"FOR VALUES FROM ('{first}') TO ('{month_start(first, 1)}')"
            )
            keep_whole(cursor, _name(first))
        if astray:
            cursor.execute(f"CREATE TABLE {OTHERWISE} PARTITION OF activity_fact DEFAULT")
            keep_whole(cursor, OTHERWISE)
            cursor.execute(f"INSERT INTO activity_fact SELECT * FROM {OTHERWISE}_before")
            cursor.execute(f"DROP TABLE {OTHERWISE}_before")
    return [_name(first) for first in missing]


def missing(today: date, months: int = MONTHS_AHEAD) -> list[str]:
    """The partitions that `make_ahead` would make now."""
    with connection.cursor() as cursor:
        names = [_name(month_start(today, step)) for step in range(months + 1)]
        return [name for name in names if not _exists(cursor, name)]


def month_start(day: date, months: int) -> date:
    """The first day of the month that lies `months` after `day`'s."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def keep_whole(cursor: Any, name: str) -> None:
    """Refuse TRUNCATE of one partition: unlike triggers on rows, this one is not inherited."""
    cursor.execute(
        f"CREATE TRIGGER activity_fact_no_truncate BEFORE TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION activity_fact_refuse()"
    )


def _name(first: date) -> str:
    return f"activity_fact_{first:%Y_%m}"


def _exists(cursor: Any, name: str) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
    return bool(cursor.fetchone()[0])


def _any_astray(cursor: Any, first: date, after: date) -> bool:
    cursor.execute(
        f"SELECT EXISTS (SELECT 1 FROM {OTHERWISE} WHERE recorded_at >= %s AND recorded_at < %s)",
        [first, after],
    )
    return bool(cursor.fetchone()[0])
