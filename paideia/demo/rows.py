"""Rows made ahead of their ids: facts that name what is not saved yet, and saving in the order of time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models

from paideia.activity.actions import Happening, record_many

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Pending:
    """A fact to be. Where `detail` holds a row, its id is meant; where a function, what it returns."""

    verb: str
    actor: models.Model
    row: models.Model | None
    at: datetime
    community: models.Model | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    kind: str = ""  # of the object, where it is not the row's own

    def happening(self) -> Happening:
        kind = self.kind or (self.row._meta.model_name or "" if self.row is not None else "")
        return Happening(
            self.verb,
            self.community.pk if self.community is not None else None,
            self.actor.pk,
            kind,
            self.row.pk if self.row is not None else None,
            self.at,
            {name: _now_known(value) for name, value in self.detail.items()} | {"simulated": True},
        )


def tell(pending: list[Pending]) -> None:
    """Record the facts, now that every row has its id."""
    for start in range(0, len(pending), 10 * BATCH):
        record_many(one.happening() for one in pending[start : start + 10 * BATCH])


def save(rows: list[Any]) -> None:
    """Insert rows of one table in their order; each then knows its id."""
    if rows:
        type(rows[0])._default_manager.bulk_create(rows, batch_size=BATCH)


def _now_known(value: Any) -> Any:
    if isinstance(value, models.Model):
        return value.pk
    return value() if isinstance(value, Callable) else value  # type: ignore[arg-type]
