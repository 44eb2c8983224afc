"""Whole units of a currency, as people write them, and minor units, as we count them."""

from decimal import Decimal, InvalidOperation

from babel.numbers import get_currency_precision


def minor(amount: Decimal | str, currency: str) -> int:
    """19.99 CNY is 1999. Raises ValueError for no number, or one finer than the currency."""
    try:
        counted = Decimal(amount).scaleb(get_currency_precision(currency))
    except (InvalidOperation, ValueError) as error:
        raise ValueError(f"{amount!r} is no amount") from error
    if not counted.is_finite() or counted != counted.to_integral_value():
        raise ValueError(f"{amount} is finer than {currency} is")
    return int(counted)


def major(counted: int, currency: str) -> Decimal:
    """1999 CNY is 19.99."""
    return Decimal(counted).scaleb(-get_currency_precision(currency))
