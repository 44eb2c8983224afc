"""What a text is written in, and how long it takes to read."""

import math
import re

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_KANA = "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_WIDE_PUNCTUATION = (
    "\u3000-\u3004\u3008-\u303f\ufe30-\ufe4f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)

CJK_CLASS = _HAN + _KANA  # for a character class of a regular expression

_CJK = re.compile(f"[{CJK_CLASS}]")
_WIDE = re.compile(f"[{_WIDE_PUNCTUATION}]")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")

# Brysbaert (2019), "How many words do we read per minute?": silent reading of non-fiction runs at 238
# English words a minute, and at 260 Chinese words of some 1.5 characters each.
_CHARACTERS_PER_SECOND = 260 * 1.5 / 60
_WORDS_PER_SECOND = 238 / 60


def is_cjk(character: str) -> bool:
    """Is this a character of a script written without spaces (Han, kana)? Hangul is written with spaces."""
    return _CJK.match(character) is not None


def is_wide_punctuation(character: str) -> bool:
    """Is this East Asian punctuation, which brings its own space?"""
    return _WIDE.match(character) is not None


def _counts(text: str) -> tuple[int, int]:
    characters = len(_CJK.findall(text))
    return characters, len(_WORD.findall(_CJK.sub(" ", text) if characters else text))


def count_words(text: str) -> int:
    """Chinese characters plus words of other scripts, as editors for Chinese count."""
    return sum(_counts(text))


def reading_seconds(text: str) -> int:
    """How long silent reading takes (Brysbaert 2019), at least one second unless there is nothing."""
    characters, words = _counts(text)
    return math.ceil(characters / _CHARACTERS_PER_SECOND + words / _WORDS_PER_SECOND)
