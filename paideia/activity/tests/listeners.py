"""Readers that only this room's tests have, while they run. Each writes one row for each fact into test_effect,
which holds duplicates gladly."""

from django.db import connection

from paideia.activity import readers
from paideia.activity.models import Fact
from paideia.activity.readers import reader

TABLE = (
    "CREATE TABLE test_effect (reader text, fact_id bigint, at_position bigint GENERATED ALWAYS AS IDENTITY)"
)
LISTENERS = ["test.all", "test.some"]


class Broken(Exception):
    """What a reader raises on a fact it cannot stomach."""


def is_poison(fact: Fact) -> bool:
    return bool(fact.detail.get("poison"))


def effect(name: str, facts: list[Fact]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO test_effect (reader, fact_id) VALUES (%s, %s)", [(name, f.pk) for f in facts]
        )


def forget(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM test_effect WHERE reader = %s", [name])


def hear_all(facts: list[Fact]) -> None:
    effect("test.all", facts)


def hear_some(facts: list[Fact]) -> None:
    effect("test.some", facts)
    if any(is_poison(fact) for fact in facts):
        raise Broken("this fact is poisoned")


def listen() -> None:
    verbs = {"comment.posted", "thread.opened"}
    reader("test.all", verbs=verbs, clear=lambda: forget("test.all"), batch_max=200)(hear_all)
    reader("test.some", verbs={"thread.opened"}, clear=lambda: forget("test.some"), batch_max=50)(hear_some)


def fall_silent() -> None:
    for name in LISTENERS:
        readers._readers.pop(name)
