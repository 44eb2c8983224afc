"""Monthly partitions of the fact table, made ahead by the worker."""

from datetime import date

from django.db import connection

MONTHS_AHEAD = 3


def make_ahead(today: date, months: int = MONTHS_AHEAD) -> list[str]:
    """Make the partitions of this month and the next `months`. Returns the names of those that were missing."""
    made = []
    with connection.cursor() as cursor:
        # One maker at a time: two workers may wake together.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('activity_fact partitions'))")
        for step in range(months + 1):
            first, after = month_start(today, step), month_start(today, step + 1)
            name = f"activity_fact_{first:%Y_%m}"
            cursor.execute("SELECT to_regclass(%s)", [name])
            if cursor.fetchone()[0] is None:
                cursor.execute(
                    f"CREATE TABLE {name} PARTITION OF activity_fact FOR VALUES FROM ('{first}') TO ('{after}')"
                )
                made.append(name)
    return made


def month_start(day: date, months: int) -> date:
    """The first day of the month that lies `months` after `day`'s."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)
