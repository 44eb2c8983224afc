"""What a row says, as facts keep it: for the before and the after of a change."""

from datetime import date, datetime
from typing import Any

from django.db import models


def said_of(row: models.Model | None, *names: str) -> dict[str, Any] | None:
    """These fields of a row, as JSON has them; None for no row."""
    if row is None:
        return None
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, models.Model):
        return value.pk
    return value
