"""Words for searching in Chinese and English, and PostgreSQL's full text search fed with them.

Text is folded (NFKC, lower case), Chinese is cut by jieba's dictionary, English is stemmed, words that are
everywhere are left out. A position counts a Chinese character or a word of another script as one, so that a
phrase is found however its neighbours were cut.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import rjieba
import snowballstemmer
from markupsafe import Markup, escape

from paideia.lib.text import clean, clean_line
from paideia.lib.text.scripts import CJK_CLASS

# PostgreSQL: positions up to 16,383, 256 of them for a lexeme, 1 MB for a vector, 2 kB for a lexeme.
POSITION_MAX = 16_383
_POSITIONS_MAX = 255
_VECTOR_BYTES_MAX = 1_000_000
_LEXEME_CHARACTERS_MAX = 80
QUERY_CHARACTERS_MAX = 400
_QUERY_WORDS_MAX = 32
_SEARCHED_MAX = 50_000
_SPANS_MAX = 200
# Between two fields, so that no phrase reaches from a title into the text.
_GAP = 10

_RUN = re.compile(
    rf"[{CJK_CLASS}]+|\d+(?:\.\d+)+|[^\W_{CJK_CLASS}]+(?:'[^\W_{CJK_CLASS}]+)*(?:\+\+|\#(?![^\W_]))?"
)
_CJK_RUN = re.compile(f"[{CJK_CLASS}]")
_TERM = re.compile(r'(-?)(?:"([^"]*)"|([^\s"]+))')
_QUOTES = str.maketrans("“”„«»「」『』＂", '""""""""""')
_APOSTROPHES = str.maketrans("’ʼ＇", "'''")

_EVERYWHERE = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "our",
        "she",
        "so",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "was",
        "we",
        "were",
        "what",
        "when",
        "which",
        "who",
        "will",
        "with",
        "you",
        "your",
        "的",
        "了",
        "是",
        "在",
        "和",
        "也",
        "就",
        "都",
        "而",
        "及",
        "与",
        "着",
        "或",
        "被",
        "把",
        "对",
        "从",
        "到",
        "于",
        "之",
        "其",
        "这",
        "那",
        "吗",
        "呢",
        "吧",
        "啊",
        "呀",
        "地",
        "得",
        "个",
        "们",
        "我",
        "你",
        "他",
        "她",
        "它",
        "很",
        "又",
        "还",
        "一个",
        "这个",
        "那个",
        "没有",
        "以及",
        "因为",
        "所以",
        "但是",
        "如果",
        "我们",
        "你们",
        "他们",
        "就是",
        "不是",
        "可以",
        "这样",
        "什么",
    ]
)


class Token(NamedTuple):
    """A lexeme at a position; `parts` are the shorter words inside it, with their own positions."""

    lexeme: str
    position: int
    parts: tuple[tuple[str, int], ...] = ()


def tokens(text: str) -> list[str]:
    """The lexemes of `text` in order, for whoever counts words: without those that are everywhere, and
    with the shorter words inside long ones."""
    found: list[str] = []
    for token in _tokens(_folded(text)):
        found += [lexeme for lexeme, _ in token.parts]
        found.append(token.lexeme)
    return found


def tsvector_literal(fields: Iterable[tuple[str, str]]) -> str:
    """The text of a tsvector for (text, weight) fields, weights A to D; to be cast by PostgreSQL.

    Phrases are found within the first 16,383 words and characters, single words also behind them.
    """
    places: dict[str, list[str]] = {}
    start, size = 1, 0
    for text, weight in fields:
        last = start
        for token in _tokens(_folded(text)):
            for lexeme, offset in (*token.parts, (token.lexeme, token.position)):
                last = start + offset
                size += _place(places, lexeme, min(last, POSITION_MAX), weight)
            if size > _VECTOR_BYTES_MAX:
                break
        start = last + _GAP
    return " ".join(f"{_quoted(lexeme)}:{','.join(found)}" for lexeme, found in places.items())


def _place(places: dict[str, list[str]], lexeme: str, position: int, weight: str) -> int:
    """Note one position; returns how many bytes that takes at most."""
    found = places.get(lexeme)
    place = f"{position}{weight}"
    if found is None:
        places[lexeme] = [place]
        return len(lexeme.encode()) + 6
    if len(found) >= _POSITIONS_MAX or found[-1] == place:
        return 0
    found.append(place)
    return 2


def tsquery(text: str) -> str | None:
    """What a person typed as a tsquery, or None when nothing in it can be searched for.

    All words must be there; "…" (also “…” and 「…」) is a phrase; -word must not be there. The last word may
    be the beginning of one, and so may a single Chinese character.
    """
    parts: list[str] = []
    wanted = False
    terms = list(_TERM.finditer(_folded(text[:QUERY_CHARACTERS_MAX]).translate(_QUOTES)))
    for number, (minus, phrase, word) in enumerate(match.groups() for match in terms):
        found = list(_tokens(phrase or word or ""))[: _QUERY_WORDS_MAX - len(parts)]
        if not found:
            continue
        is_last = number == len(terms) - 1 and not minus and not text[-1:].isspace()
        expression = _phrase(found) if phrase is not None else _all_of(found, word, open_end=is_last)
        parts.append(f"!({expression})" if minus else expression)
        wanted = wanted or not minus
    return " & ".join(parts) if wanted else None


def _phrase(found: list[Token]) -> str:
    expression = _quoted(found[0].lexeme)
    for before, token in pairwise(found):
        expression += f" <{token.position - before.position}> {_quoted(token.lexeme)}"
    return f"({expression})" if len(found) > 1 else expression


def _all_of(found: list[Token], word: str, *, open_end: bool) -> str:
    expressions = [_any_form(token) for token in found]
    last = found[-1].lexeme
    if open_end and (len(last) > 1 or _CJK_RUN.match(last)):
        typed = _RUN.findall(word)[-1]
        beginning = last if _CJK_RUN.match(last) else typed
        expressions[-1] = _one_of([expressions[-1], f"{_quoted(beginning)}:*"])
    return " & ".join(expressions)


def _any_form(token: Token) -> str:
    """A word, or, where its neighbours could have been cut otherwise, the words inside it."""
    if len(token.lexeme) == 1 and _CJK_RUN.match(token.lexeme):
        return f"{_quoted(token.lexeme)}:*"
    inside = [lexeme for lexeme, _ in token.parts]
    covered = {place for lexeme, start in token.parts for place in range(start, start + len(lexeme))}
    if len(covered) < len(token.lexeme) or not inside:
        return _quoted(token.lexeme)
    return _one_of([_quoted(token.lexeme), f"({' & '.join(map(_quoted, dict.fromkeys(inside)))})"])


def _one_of(expressions: list[str]) -> str:
    return f"({' | '.join(dict.fromkeys(expressions))})"


def _quoted(lexeme: str) -> str:
    escaped = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", clean(text)).casefold().translate(_APOSTROPHES)


def _tokens(folded: str) -> Iterator[Token]:
    """Tokens in order of position; words that are everywhere leave a hole."""
    position = 0
    for match in _RUN.finditer(folded):
        run = match[0]
        if not _CJK_RUN.match(run):
            if run not in _EVERYWHERE:
                yield Token(_stem(run[:_LEXEME_CHARACTERS_MAX]), position)
            position += 1
            continue
        for word in rjieba.cut(run):
            if word not in _EVERYWHERE and len(word) <= _LEXEME_CHARACTERS_MAX:
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
def _stem(word: str) -> str:
    """The stem of an English word (Porter 2); other words as they are."""
    if len(word) < 4 or not word.replace("'", "").isalpha() or not word.isascii():
        return word
    if not hasattr(_stemmers, "english"):
        _stemmers.english = snowballstemmer.stemmer("english")
    return _stemmers.english.stemWord(word)


def highlight(text: str, query: str, *, around: int = 80) -> Markup:
    """The passage that best answers `query`, as safe HTML with what matches in <mark>."""
    marked = (
        Markup("<mark>{}</mark>").format(piece) if matches else escape(piece)
        for piece, matches in fragments(text, query, around=around)
    )
    return Markup("").join(marked)


def fragments(text: str, query: str, *, around: int = 80) -> list[tuple[str, bool]]:
    """The passage of some 2 × `around` characters with the most of the query's words, in (piece, matches)
    pairs; the beginning of the text when nothing matches; the whole text when `around` is 0."""
    text = clean_line(text)
    spans = _spans(text, query)
    first, end = (0, len(text)) if not around else _passage(text, spans, around)
    pieces = [("…", False)] if first else []
    place = first
    for start, stop in _merged(spans):
        if first <= start and stop <= end:
            pieces += [(text[place:start], False), (text[start:stop], True)]
            place = stop
    pieces += [(text[place:end], False), ("…" if end < len(text) else "", False)]
    return [each for each in pieces if each[0]]


def _merged(spans: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int]]:
    """Spans that touch are one."""
    current: tuple[int, int] | None = None
    for start, stop, _ in spans:
        if current is not None and start == current[1]:
            current = (current[0], stop)
            continue
        if current is not None:
            yield current
        current = (start, stop)
    if current is not None:
        yield current


def _passage(text: str, spans: list[tuple[int, int, str]], around: int) -> tuple[int, int]:
    """Start and end of the passage: most different words, then earliest; not in the middle of a word."""
    best, found = 0, 0
    for number, (start, _, _) in enumerate(spans[:_SPANS_MAX]):
        within = {
            word
            for begin, stop, word in spans[number : number + _SPANS_MAX]
            if stop <= start + 3 * around // 2
        }
        if len(within) > found:
            best, found = start, len(within)
    first = max(0, best - around // 2)
    while 0 < first < best and text[first - 1 : first + 1].isalnum() and not _CJK_RUN.match(text[first]):
        first += 1
    end = min(len(text), first + 2 * around)
    while first < end < len(text) and text[end - 1 : end + 1].isalnum() and not _CJK_RUN.match(text[end - 1]):
        end -= 1
    return (first, end) if end > first + around else (first, min(len(text), first + 2 * around))


def _spans(text: str, query: str) -> list[tuple[int, int, str]]:
    """(start, end, word of the query) wherever it stands in the text, without overlaps."""
    wide, stems = _wanted(query)
    alternatives = [re.escape(word) for word in sorted(wide, key=len, reverse=True)]
    alternatives += [
        rf"(?<![^\W_{CJK_CLASS}]){re.escape(stem[:3])}[^\W_{CJK_CLASS}]*(?:\+\+|\#)?" for stem in stems
    ]
    if not alternatives:
        return []
    spans = []
    for match in re.finditer("|".join(alternatives), _shadow(text[:_SEARCHED_MAX])):
        word = match[0]
        if word in wide:
            spans.append((match.start(), match.end(), word))
        elif (stem := _matching_stem(word, stems)) is not None:
            spans.append((match.start(), match.end(), stem))
    return spans


def _matching_stem(word: str, stems: dict[str, bool]) -> str | None:
    stem = _stem(word)
    if stem in stems:
        return stem
    return next((each for each, is_open in stems.items() if is_open and word.startswith(each)), None)


def _wanted(query: str) -> tuple[set[str], dict[str, bool]]:
    """Chinese words, and stems with whether words that only begin with them match too."""
    wide: set[str] = set()
    stems: dict[str, bool] = {}
    terms = _TERM.findall(_folded(query[:QUERY_CHARACTERS_MAX]).translate(_QUOTES))
    for minus, phrase, word in terms:
        for token in () if minus else _tokens(phrase or word):
            if _CJK_RUN.match(token.lexeme):
                wide |= {token.lexeme, *(part for part, _ in token.parts)}
            else:
                stems.setdefault(token.lexeme, False)
    typed = _RUN.findall(terms[-1][2]) if terms and not terms[-1][0] else []
    if typed and typed[-1] not in _EVERYWHERE and not _CJK_RUN.match(typed[-1]) and len(typed[-1]) > 1:
        stems[typed[-1]] = True
    return wide, stems


def _shadow(text: str) -> str:
    """`text` folded character by character, so that places stay the same."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    if text.isascii() or (len(folded) == len(text) and unicodedata.is_normalized("NFKC", text)):
        return folded.translate(_APOSTROPHES)
    return "".join(map(_folded_character, text))


@lru_cache(maxsize=5_000)
def _folded_character(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).casefold().translate(_APOSTROPHES)
    return folded if len(folded) == 1 else character
