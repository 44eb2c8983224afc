"""Text cut into the words that are searched for.

Text is folded (NFKC, lower case), Chinese is cut by jieba's dictionary, English is stemmed, words that are
everywhere are left out. A position counts a Chinese character or a word of another script as one, so that a
phrase is found however its neighbours were cut.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import rjieba
import snowballstemmer

from paideia.lib.text import clean
from paideia.lib.text.scripts import CJK_CLASS

LEXEME_CHARACTERS_MAX = 80

RUN = re.compile(
    rf"[{CJK_CLASS}]+|\d+(?:\.\d+)+|[^\W_{CJK_CLASS}]+(?:'[^\W_{CJK_CLASS}]+)*(?:\+\+|\#(?![^\W_]))?"
)
_CJK = re.compile(f"[{CJK_CLASS}]")
APOSTROPHES = str.maketrans("’ʼ＇", "'''")

_WORDS_EVERYWHERE = """
a an and are as at be been but by did do does for from had has have he her his if in into is it its of
on or our she so that the their them then there these they this to was we were what when which who will
with you your
的 了 是 在 和 也 就 都 而 及 与 着 或 被 把 对 从 到 于 之 其 这 那 吗 呢 吧 啊 呀 地 得 个 们 我 你 他 她 它 很 又 还
一个 这个 那个 没有 以及 因为 所以 但是 如果 我们 你们 他们 就是 不是 可以 这样 什么
"""
EVERYWHERE = frozenset(_WORDS_EVERYWHERE.split())


class Token(NamedTuple):
    """A lexeme at a position; `parts` are the shorter words inside it, with their own positions."""

    lexeme: str
    position: int
    parts: tuple[tuple[str, int], ...] = ()


def tokens(text: str) -> list[str]:
    """The lexemes of `text` in order, for whoever counts words: without those that are everywhere, and
    with the shorter words inside long ones."""
    found: list[str] = []
    for token in cut(folded(text)):
        found += [lexeme for lexeme, _ in token.parts]
        found.append(token.lexeme)
    return found


def is_chinese(lexeme: str) -> bool:
    """Was this cut by the dictionary? Chinese, and Japanese as far as it goes."""
    return _CJK.match(lexeme) is not None


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", clean(text)).casefold().translate(APOSTROPHES)


def cut(folded: str) -> Iterator[Token]:
    """Tokens in order of position; words that are everywhere leave a hole."""
    position = 0
    for match in RUN.finditer(folded):
        run = match[0]
        if not is_chinese(run):
            if run not in EVERYWHERE:
                yield Token(stem_of(run[:LEXEME_CHARACTERS_MAX]), position)
            position += 1
            continue
        for word in rjieba.cut(run):
            if word not in EVERYWHERE and len(word) <= LEXEME_CHARACTERS_MAX:
                parts = _parts(word) if len(word) > 2 else ()
                yield Token(word, position, tuple((part, position + start) for part, start in parts))
            position += len(word)


@lru_cache(maxsize=20_000)
def _parts(word: str) -> tuple[tuple[str, int], ...]:
    """The dictionary's words inside a long one, with where they start."""
    start = 0
    found = []
    for part in rjieba.cut_for_search(word):
        if part != word and len(part) > 1:
            start = max(word.find(part, start), 0)
            found.append((part, start))
    return tuple(sorted(set(found), key=lambda each: (each[1], len(each[0]))))


_stemmers = threading.local()  # a stemmer keeps its word in itself while it works


@lru_cache(maxsize=50_000)
def stem_of(word: str) -> str:
    """The stem of an English word (Porter 2); other words as they are."""
    if len(word) < 4 or not word.replace("'", "").isalpha() or not word.isascii():
        return word
    if not hasattr(_stemmers, "english"):
        _stemmers.english = snowballstemmer.stemmer("english")
    return _stemmers.english.stemWord(word)
