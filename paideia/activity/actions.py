"""Recording facts: the one write every room makes besides its own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.utils import timezone

from paideia.activity.origin import address_now
from paideia.activity.verbs import AUDITED, VERBS

INSERT = """
    INSERT INTO activity_fact (occurred_at, community_id, actor_id, verb, object_kind, object_id, detail)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


class UnknownVerb(ValueError):
    """The verb is not in `paideia.activity.verbs.VERBS`: add it there, in the past tense."""


@dataclass(frozen=True, slots=True)
class Happening:
    """A fact about to be written. Ids only: a log outlives what it mentions."""

    verb: str
    community_id: int | None = None
    actor_id: int | None = None
    object_kind: str = ""
    object_id: int | None = None
    occurred_at: datetime | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def record(
    verb: str,
    *,
    community: models.Model | int | None = None,
    actor: models.Model | int | None = None,
    object: models.Model | None = None,
    occurred_at: datetime | None = None,
    **detail: Any,
) -> None:
    """Record one fact in the caller's transaction. `object`'s kind is its class name in lower case."""
    record_many(
        [
            Happening(
                verb,
                _id(community),
                _id(actor),
                object._meta.model_name or "" if object is not None else "",
                _id(object),
                occurred_at,
                detail,
            )
        ]
    )


def record_many(happenings: Iterable[Happening]) -> None:
    """Record many facts at once, in order. Raises UnknownVerb before anything is written."""
    from psycopg.types.json import Jsonb

    now, address = timezone.now(), address_now()
    rows: list[Any] = []
    for fact in happenings:
        if fact.verb not in VERBS:
            raise UnknownVerb(fact.verb)
        rows.append(
            (
                fact.occurred_at or now,
                fact.community_id,
                fact.actor_id,
                fact.verb,
                fact.object_kind,
                fact.object_id,
                Jsonb(_with_origin(fact, address)),
            )
        )
    with connection.cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(INSERT, rows[0])
        elif rows:
            cursor.executemany(INSERT, rows)


def _with_origin(fact: Happening, address: str) -> dict[str, Any]:
    return {**fact.detail, "from_address": address} if address and fact.verb in AUDITED else fact.detail


def _id(row: models.Model | int | None) -> int | None:
    return row.pk if isinstance(row, models.Model) else row
