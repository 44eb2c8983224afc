"""Numbers, money and moments as people of the active language and time zone write them."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, format_timedelta, get_timezone_location
from babel.lists import format_list
from babel.numbers import (
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_name,
    get_currency_precision,
    get_currency_symbol,
    is_currency,
)
from django.utils import timezone
from django.utils.translation import get_language, ngettext

Moment = dt.datetime | dt.date


@lru_cache(maxsize=16)
def _locale_of(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"), sep="_")
    except (ValueError, UnknownLocaleError):
        return Locale.parse("en")


def active_locale() -> Locale:
    """The Babel locale of the language Django has activated for this request."""
    return _locale_of(get_language() or "en")


def local(value: dt.datetime) -> dt.datetime:
    """The same instant on the reader's clock; a naive value is taken to be on it already."""
    return timezone.localtime(value) if timezone.is_aware(value) else value


def date(value: Moment | None, style: str = "medium") -> str:
    """`2026年3月4日`; styles: short, medium, long, full, or a CLDR pattern."""
    if value is None:
        return ""
    day = local(value).date() if isinstance(value, dt.datetime) else value
    return format_date(day, style, locale=active_locale())


def datetime(value: dt.datetime | None, style: str = "medium") -> str:
    """`2026年3月4日 20:30`, on the reader's clock, without seconds."""
    if value is None:
        return ""
    here, locale = local(value), active_locale()
    day = format_date(here.date(), style, locale=locale)
    clock = format_time(here.time(), "short", locale=locale)
    return locale.datetime_formats["short"].replace("{1}", day).replace("{0}", clock)


def clock(value: dt.datetime | None) -> str:
    """`20:30`, on the reader's clock."""
    return "" if value is None else format_time(local(value).time(), "short", locale=active_locale())


def month(value: Moment | None) -> str:
    """`2026年3月`, for headings of lists by month."""
    if value is None:
        return ""
    here = local(value) if isinstance(value, dt.datetime) else value
    return format_skeleton("yMMMM", here, locale=active_locale())


def relative_time(value: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """`3小时前` within a month either way, the date beyond it."""
    if value is None:
        return ""
    distance = value - (now or timezone.now())
    if abs(distance) > dt.timedelta(days=30):
        return date(value)
    return format_timedelta(distance, add_direction=True, threshold=1, locale=active_locale())


def duration(seconds: float | None) -> str:
    """`1:02:03` or `4:05`: the length of a recording."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def money(minor: int | None, currency: str = "CNY", *, exact: bool = False) -> str:
    """`¥19.99` from 1999 minor units; whole amounts lose their `.00`, unless they are `exact` as in columns that have
    to line up; an unknown code counts points.

    A bare ¥ is always the yuan, whatever the language; the yen is JP¥.
    """
    if minor is None:
        return ""
    if not is_currency(currency.upper()):
        return ngettext("%(n)s point", "%(n)s points", minor) % {"n": number(minor)}
    currency = currency.upper()
    digits = get_currency_precision(currency)
    amount = Decimal(minor).scaleb(-digits)
    whole = not digits or (not exact and amount == amount.to_integral_value())
    pattern = "¤#,##0" if whole else "¤#,##0." + "0" * digits
    text = format_currency(amount, currency, pattern, locale=active_locale(), currency_digits=False)
    sign = {"CNY": "¥", "JPY": "JP¥"}.get(currency)
    return text.replace(get_currency_symbol(currency, locale=active_locale()), sign) if sign else text


def number(value: float | Decimal | None, digits: int | None = None) -> str:
    """`12,345.6`; `digits` fixes the number of decimals."""
    if value is None:
        return ""
    pattern = None if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, pattern, locale=active_locale())


def compact(value: float | None) -> str:
    """`1.2万` or `12K`, for counts beside an icon."""
    if value is None:
        return ""
    if abs(value) < 1000:
        return number(value)
    return format_compact_decimal(value, fraction_digits=1, locale=active_locale())


def percent(share: float | None, digits: int = 0) -> str:
    """`42%` from 0.42."""
    if share is None:
        return ""
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "%"
    return format_percent(share, pattern, locale=active_locale())


def file_size(size_bytes: int | None) -> str:
    """`3.4 MB`, in steps of 1,000 as shops and systems show it."""
    if size_bytes is None:
        return ""
    size, unit = float(size_bytes), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{number(round(size, 1 if size < 100 and unit != 'B' else 0))} {unit}"


def currency_name(code: str) -> str:
    """`CNY – 人民币`: a currency in a list, by its code and its name."""
    name = get_currency_name(code, locale=active_locale()) if is_currency(code) else ""
    return f"{code} – {name}" if name and name != code else code


def listed(items: Sequence[str], style: Literal["standard", "or"] = "standard") -> str:
    """`A, B and C`, or `A, B or C`, as the reader's language lists things."""
    return format_list([str(item) for item in items], style=style, locale=active_locale())


def sentences(said: Iterable[str]) -> str:
    """Whole sentences in a row: with spaces between, where the language has them."""
    return ("" if active_locale().language in ("zh", "ja") else " ").join(str(each) for each in said)


def time_zone_names(names: Iterable[str], always: str = "") -> list[tuple[str, str]]:
    """(name, `上海 (UTC+08:00)`) of time zones, from west to east by the offset that each has now.

    Of several names of one place, such as an old one, the one that says its city stays, and `always`.
    """
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    return list(_time_zone_names(tuple(sorted(names)), always, active_locale(), hour))


@lru_cache(maxsize=16)
def _time_zone_names(
    names: tuple[str, ...], always: str, locale: Locale, hour: dt.datetime
) -> tuple[tuple[str, str], ...]:
    places: dict[tuple[dt.timedelta | None, str], list[str]] = {}
    cities = {}
    for name in names:
        zone = zoneinfo.ZoneInfo(name)
        here = hour.astimezone(zone)
        offset = here.strftime("%z")
        label = (
            f"{get_timezone_location(zone, locale=locale, return_city=True)} (UTC{offset[:3]}:{offset[3:5]})"
        )
        places.setdefault((here.utcoffset(), label), []).append(name)
        cities[name] = get_timezone_location(zone, locale="en", return_city=True)
    found = []
    for (_offset, label), several in sorted(places.items()):
        best = max(several, key=lambda name: name.split("/")[-1].replace("_", " ") == cities[name])
        found += [(name, label) for name in several if name in (best, always)]
    return tuple(found)
