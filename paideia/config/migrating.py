"""Bringing the database to the shape of this code, and knowing in one query that it has it already."""

from __future__ import annotations

import os
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
LIBRARIES = ("django", "django-allauth", "procrastinate")  # they bring migrations of their own
LOCK = 7_041_776  # an advisory lock: two machines that start at once migrate one after the other


@cache
def fingerprint() -> str:
    """Changes with any migration, with the models of a room that has none, and with the libraries."""
    digest = sha256("".join(version(name) for name in LIBRARIES).encode())
    for room in sorted(path for path in PACKAGE.iterdir() if path.is_dir()):
        migrations = sorted((room / "migrations").glob("*.py"))
        models = [*room.glob("models.py"), *room.glob("models/*.py")]
        for path in migrations if len(migrations) > 1 else sorted(models):
            digest.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def is_current(url: str) -> bool:
    """Whether the last `migrate` here was by this code and nobody has applied or undone one since."""
    import psycopg

    with psycopg.connect(url) as connection:
        return _stamp(connection) == _expected(connection)


def migrate() -> None:
    """Apply what is pending, once, however many processes try. Needs Django set up."""
    from django.core.management import call_command
    from django.db import connection

    from paideia.activity import epochs
    from paideia.transfer.restore import RESTORED

    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [LOCK])
        try:
            call_command("migrate", verbosity=int(os.environ.get("PAIDEIA_MIGRATE_VERBOSITY", "0")))
            call_command("createcachetable", verbosity=0)
            if _stamp(connection.connection) == RESTORED:
                epochs.begin("restored")
            stamp = _expected(connection.connection)
            cursor.execute(f"comment on table django_migrations is '{stamp}'")
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [LOCK])


def _stamp(connection: Any) -> str | None:
    found = connection.execute(
        "select obj_description(to_regclass('django_migrations'), 'pg_class')"
    ).fetchone()
    return found[0] if found else None


def _expected(connection: Any) -> str | None:
    """What the stamp must be: the code, and the last migration the database has had."""
    if connection.execute("select to_regclass('django_migrations')").fetchone()[0] is None:
        return "none"
    count, last = connection.execute("select count(*), max(id) from django_migrations").fetchone()
    return f"paideia {fingerprint()} {count} {last}"
