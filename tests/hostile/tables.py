"""What the database holds, so that a test can say that nothing, or nothing else, was written."""

from typing import Any

from django.db import connection

# Written by looking at a page, not by asking for a change.
BY_LOOKING = {"django_session", "config_cache", "usersessions_usersession", "accounts_authentication"}


def contents() -> dict[str, str]:
    """One word for each table that changes when any of its rows does."""
    with connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = 'public' order by 1")
        names = [name for (name,) in cursor.fetchall() if name not in BY_LOOKING]
        parts = [
            f"select '{name}', md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from \"{name}\" t"
            for name in names
        ]
        cursor.execute(" union all ".join(parts))
        return dict(cursor.fetchall())


def changed(before: dict[str, str]) -> list[str]:
    """The tables whose rows are others than before."""
    after = contents()
    return sorted(name for name in before if before[name] != after[name])


def columns_of(row: Any) -> dict[str, Any]:
    """Every column of a row and its value."""
    return {each.attname: getattr(row, each.attname) for each in row._meta.concrete_fields}
