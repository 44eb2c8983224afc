"""Codes that are worth something: 80 random bits, in letters that nobody mistakes for another."""

import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LETTERS = 16


def new_code() -> str:
    """`P7K2-9XQM-4TRA-WW3N`."""
    return _grouped("".join(secrets.choice(ALPHABET) for _ in range(LETTERS)))


def plain_code(typed: str) -> str:
    """A code as it is kept, however it was typed; nothing for what cannot be one."""
    letters = [letter for letter in typed[:80].upper() if letter in ALPHABET]
    return _grouped("".join(letters)) if len(letters) == LETTERS else ""


def new_token() -> str:
    """What makes a link unguessable: 256 random bits."""
    return secrets.token_urlsafe(32)


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))
