"""Amounts as providers write them, in whole units with a point, and minor units: by integers alone."""

import re

from babel.numbers import get_currency_precision

_FORM = re.compile(r"(0|[1-9][0-9]{0,12})(?:\.([0-9]{1,3}))?")


def digits_of(currency: str) -> int:
    """How many digits stand behind the point (ISO 4217)."""
    return int(get_currency_precision(currency))


def as_text(minor: int, currency: str, *, digits: int | None = None) -> str:
    """1999 as "19.99"; yen, which have no smaller unit, without a point."""
    digits = digits_of(currency) if digits is None else digits
    whole, rest = divmod(minor, 10**digits)
    return f"{whole}.{rest:0{digits}d}" if digits else str(whole)


def from_text(text: object, currency: str, *, digits: int | None = None) -> int:
    """ "19.99" as 1999. Raises ValueError for everything but a plain number that the currency has."""
    digits = digits_of(currency) if digits is None else digits
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    rest = ((match[2] if match else None) or "").rstrip("0")
    if match is None or len(rest) > digits:
        raise ValueError("not an amount")
    return int(match[1]) * int(10**digits) + int(rest.ljust(digits, "0") or 0)
