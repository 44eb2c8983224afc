"""Showing why a text was found."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from markupsafe import Markup, escape

from paideia.lib.text import clean_line
from paideia.lib.text.scripts import CJK_CLASS
from paideia.lib.tokens.cutting import APOSTROPHES, EVERYWHERE, RUN, cut, is_chinese, stem_of
from paideia.lib.tokens.vectors import query_terms

_SEARCHED_MAX = 50_000
_SPANS_MAX = 200
_WORD = re.compile(rf"[^\W_{CJK_CLASS}]+(?:\+\+|\#)?")


def highlight(text: str, query: str, *, around: int = 80) -> Markup:
    """The passage that best answers `query`, as safe HTML with what matches in <mark>."""
    return Markup(
        "".join(
            f"<mark>{escape(piece)}</mark>" if matches else escape(piece)
            for piece, matches in fragments(text, query, around=around)
        )
    )


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
    while 0 < first < best and text[first - 1 : first + 1].isalnum() and not is_chinese(text[first]):
        first += 1
    end = min(len(text), first + 2 * around)
    while first < end < len(text) and text[end - 1 : end + 1].isalnum() and not is_chinese(text[end - 1]):
        end -= 1
    return (first, end) if end > first + around else (first, min(len(text), first + 2 * around))


def _spans(text: str, query: str) -> list[tuple[int, int, str]]:
    """(start, end, word of the query) wherever it stands in the text, without overlaps."""
    wide, stems, pattern = _wanted(query)
    if pattern is None:
        return []
    spans = []
    shadow = _shadow(text[:_SEARCHED_MAX])
    for match in pattern.finditer(shadow):
        start, word = match.start(), match[0]
        if word in wide:
            spans.append((start, match.end(), word))
            continue
        whole = _WORD.match(shadow, start)
        inside = start > 0 and _WORD.match(shadow, start - 1)
        if whole and not inside and (stem := _matching_stem(whole[0], stems)) is not None:
            spans.append((start, whole.end(), stem))
    return spans


def _matching_stem(word: str, stems: dict[str, bool]) -> str | None:
    stem = stem_of(word)
    if stem in stems:
        return stem
    return next((each for each, is_open in stems.items() if is_open and word.startswith(each)), None)


@lru_cache(maxsize=256)
def _wanted(query: str) -> tuple[set[str], dict[str, bool], re.Pattern[str] | None]:
    """Chinese words, stems with whether words that only begin with them match too, and what finds both.

    Remembered, because a page of results asks it of every title and every passage.
    """
    wide: set[str] = set()
    stems: dict[str, bool] = {}
    terms = query_terms(query)
    for minus, phrase, word in terms:
        for token in () if minus else cut(phrase or word or ""):
            if is_chinese(token.lexeme):
                wide |= {token.lexeme, *(part for part, _ in token.parts)}
            else:
                stems.setdefault(token.lexeme, False)
    typed = RUN.findall(terms[-1][2] or "") if terms and not terms[-1][0] else []
    if typed and typed[-1] not in EVERYWHERE and not is_chinese(typed[-1]) and len(typed[-1]) > 1:
        stems[typed[-1]] = True
    alternatives = [re.escape(word) for word in sorted(wide, key=len, reverse=True)]
    alternatives += [re.escape(stem[:3]) for stem in stems]  # looked at closely where it is found
    return wide, stems, re.compile("|".join(alternatives)) if alternatives else None


def _shadow(text: str) -> str:
    """`text` folded character by character, so that places stay the same."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    if text.isascii() or (len(folded) == len(text) and unicodedata.is_normalized("NFKC", text)):
        return folded.translate(APOSTROPHES)
    return "".join(map(_folded_character, text))


@lru_cache(maxsize=5_000)
def _folded_character(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).casefold().translate(APOSTROPHES)
    return folded if len(folded) == 1 else character
