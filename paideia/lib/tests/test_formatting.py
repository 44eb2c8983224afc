"""Numbers, money and moments in the reader's words and on the reader's clock."""

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from paideia.lib import formatting

EVENING = dt.datetime(2026, 3, 17, 16, 30, tzinfo=dt.UTC)  # half past midnight of the 18th in Shanghai


@pytest.fixture(autouse=True)
def shanghai() -> Iterator[None]:
    with timezone.override(ZoneInfo("Asia/Shanghai")):
        yield


@pytest.fixture
def chinese() -> Iterator[None]:
    with translation.override("zh-hans"):
        yield


@pytest.fixture
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def test_chinese_moments_are_on_the_readers_clock(chinese: None) -> None:
    assert formatting.date(EVENING) == "2026年3月18日"
    assert formatting.datetime(EVENING) == "2026年3月18日 00:30"
    assert formatting.clock(EVENING) == "00:30"
    assert formatting.month(EVENING) == "2026年3月"


def test_english_moments_are_on_the_readers_clock(english: None) -> None:
    assert formatting.date(EVENING) == "Mar 18, 2026"
    assert formatting.datetime(EVENING) == "Mar 18, 2026, 12:30\u202fAM"
    assert formatting.month(EVENING) == "March 2026"


def test_a_day_is_no_moment_and_does_not_move(chinese: None) -> None:
    assert formatting.date(dt.date(2026, 3, 17)) == "2026年3月17日"


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (dt.timedelta(minutes=-3), "3分钟前"),
        (dt.timedelta(hours=-5), "5小时前"),
        (dt.timedelta(days=2), "2天后"),
        (dt.timedelta(days=-31), "2026年2月15日"),
    ],
)
def test_near_moments_are_told_by_their_distance(chinese: None, distance: dt.timedelta, words: str) -> None:
    assert formatting.relative_time(EVENING + distance, EVENING) == words


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (1999, "CNY", "¥19.99"),
        (3900, "CNY", "¥39"),
        (123456700, "cny", "¥1,234,567"),
        (500, "JPY", "JP¥500"),
        (1999, "USD", "$19.99"),
        (-500, "CNY", "-¥5"),
        (0, "CNY", "¥0"),
        (1200, "points", "1,200 points"),
        (1, "points", "1 point"),
    ],
)
def test_money_is_told_from_minor_units(english: None, minor: int, currency: str, words: str) -> None:
    assert formatting.money(minor, currency) == words


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (3900, "CNY", "¥39.00"),
        (-500, "CNY", "-¥5.00"),
        (0, "USD", "$0.00"),
        (500, "JPY", "JP¥500"),
        (2, "x", "2 points"),
    ],
)
def test_exact_money_lines_up_in_columns(english: None, minor: int, currency: str, words: str) -> None:
    assert formatting.money(minor, currency, exact=True) == words


def test_dollars_are_not_taken_for_anything_else_in_chinese(chinese: None) -> None:
    assert (formatting.money(1999, "USD"), formatting.money(1999, "CNY")) == ("US$19.99", "¥19.99")


@pytest.mark.parametrize(("value", "words"), [(999, "999"), (12_345, "1.2万"), (230_000_000, "2.3亿")])
def test_large_counts_are_short_in_chinese(chinese: None, value: int, words: str) -> None:
    assert formatting.compact(value) == words


def test_large_counts_are_short_in_english(english: None) -> None:
    assert formatting.compact(12_345) == "12.3K"


@pytest.mark.parametrize(("seconds", "words"), [(0, "0:00"), (245, "4:05"), (3723.9, "1:02:03")])
def test_recordings_have_a_length(seconds: float, words: str) -> None:
    assert formatting.duration(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (999, "999 B"), (3_420_000, "3.4 MB"), (128_000_000, "128 MB")]
)
def test_files_have_a_size(english: None, size: int, words: str) -> None:
    assert formatting.file_size(size) == words


def test_shares_are_per_cent(english: None) -> None:
    assert (formatting.percent(0.425), formatting.percent(0.425, 1)) == ("42%", "42.5%")


def test_nothing_is_told_as_nothing() -> None:
    tellers = [formatting.date, formatting.datetime, formatting.money, formatting.number, formatting.compact]
    assert [tell(None) for tell in tellers] == [""] * 5


@pytest.mark.parametrize(
    ("language", "currency", "names", "said"),
    [
        ("en", "CNY – Chinese Yuan", "A, B, or C", "One. Two."),
        ("zh-hans", "CNY – 人民币", "A、B或C", "One.Two."),
    ],
)
def test_lists_are_made_as_the_language_makes_them(
    language: str, currency: str, names: str, said: str
) -> None:
    with translation.override(language):
        assert formatting.currency_name("CNY") == currency
        assert formatting.currency_name("ZZQ") == "ZZQ"
        assert formatting.listed(["A", "B", "C"], "or") == names
        assert formatting.sentences(["One.", "Two."]) == said


def test_time_zones_are_named_as_readers_know_them_from_west_to_east(chinese: None) -> None:
    names = ["Asia/Shanghai", "PRC", "America/Sao_Paulo"]
    assert formatting.time_zone_names(names) == [
        ("America/Sao_Paulo", "圣保罗 (UTC-03:00)"),
        ("Asia/Shanghai", "上海 (UTC+08:00)"),
    ]
    assert formatting.time_zone_names(names, always="PRC")[1:] == [
        ("Asia/Shanghai", "上海 (UTC+08:00)"),
        ("PRC", "上海 (UTC+08:00)"),
    ]
