"""Text from people is safe to store, compare and show."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paideia.lib.tests.clock import cpu_seconds
from paideia.lib.text import clean, clean_line, count_words, is_cjk, is_wide_punctuation, reading_seconds

any_text = st.text(alphabet=st.characters(), max_size=200)
marks = st.text(
    alphabet="ae\u0301\u0323\u05b0\u0338\u200d\ufe0f\u1100\u1161\U0001d165\U000e0041\U0001f3f4", max_size=60
)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("plain", "plain"),
        ("a\x00b\x07c\x7fd\x9fe", "abcde"),
        ("a\r\nb\rc\u2028d\x0be", "a\nb\nc\nd\ne"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("\ufeffcafe\u0301", "café"),
        ("exe.\u202egnp.txt", "exe.gnp.txt"),
        ("\u2066left\u2069 \u2067right\u2069", "left right"),
        ("עברית\u200f (\u200eabc)", "עברית\u200f (\u200eabc)"),
        ("zero\u200bwidth\u2060s\xadoft", "zerowidthsoft"),
        ("hidden\U000e0041\U000e0042", "hidden"),
        (
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        ),
        ("👩\u200d🔬 ❤\ufe0f", "👩\u200d🔬 ❤\ufe0f"),
        ("नमस्ते क्\u200dष", "नमस्ते क्\u200dष"),
        ("x\ufffe\uffff\U0001ffffy", "xy"),
        ("tab\tstays\n", "tab\tstays\n"),
    ],
)
def test_cleaning(written, kept):
    assert clean(written) == kept


def test_a_letter_keeps_eight_marks_at_most():
    assert clean("x" + "\u0330" * 500 + "y") == "x" + "\u0330" * 8 + "y"


@settings(max_examples=400)
@given(any_text | marks)
def test_cleaning_settles_in_nfc_and_can_be_stored(text):
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert "\x00" not in once
    once.encode()


@given(any_text)
def test_a_line_is_one_line(text):
    line = clean_line(text)
    assert line == " ".join(line.split())
    assert clean_line(line) == line


@pytest.mark.parametrize(
    "bomb",
    [
        "\u0301\u0323" * 500_000,
        "a" + "\u05b0\u0301" * 400_000,
        "\u202e" * 1_000_000,
        "👩\u200d" * 250_000,
        "\U000e0041" * 500_000,
    ],
)
def test_a_million_characters_take_a_moment(bomb):
    assert cpu_seconds(lambda: clean(bomb)) < 0.5


def test_scripts():
    assert [is_cjk(each) for each in "汉かカ々𠀀a한，1"] == [True] * 5 + [False] * 4
    assert [is_wide_punctuation(each) for each in "，。「！,a汉"] == [True] * 4 + [False] * 3


def test_words_are_characters_and_words():
    assert count_words("你好，世界！Hello big-world don't 3.14") == 4 + 4
    assert count_words("") == 0


def test_reading_takes_as_long_as_readers_were_seen_to_take():
    assert reading_seconds("字" * 390) == 60
    assert reading_seconds("word " * 238) == 60
    assert reading_seconds("字") == 1
    assert reading_seconds("…") == 0
