"""Texts that only the running installation can read: sealed with a key made from PAIDEIA_SECRET_KEY, so that a copy of
the database alone tells nothing. Who changes the key keeps the old one in
PAIDEIA_SECRET_KEY_FALLBACKS until all is sealed anew."""

import base64
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class Unreadable(Exception):
    """The text was sealed under a key that this installation no longer has."""


def seal(text: str) -> str:
    """The text, sealed. The same text is sealed differently each time."""
    return _keys(_secrets()).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text that was sealed. Raises Unreadable."""
    try:
        return _keys(_secrets()).decrypt(sealed.encode()).decode()
    except InvalidToken as reason:
        raise Unreadable("set PAIDEIA_SECRET_KEY_FALLBACKS to the keys that were used before") from reason


class SealedField(models.TextField):
    """A text that stands sealed in the database. It cannot be searched for."""

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None else seal(str(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return value if value is None else unseal(value)


def _secrets() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _keys(secrets: tuple[str, ...]) -> MultiFernet:
    made = (sha256(b"paideia.lib.sealing:" + secret.encode()).digest() for secret in secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in made])
