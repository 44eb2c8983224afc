"""What PostgreSQL's full text search is fed with."""

import re
from collections.abc import Iterable
from itertools import pairwise

from paideia.lib.tokens.cutting import RUN, Token, cut, folded, is_chinese

# PostgreSQL: positions up to 16,383, 256 of them for a lexeme, 1 MB for a vector.
POSITION_MAX = 16_383
_POSITIONS_MAX = 255
_VECTOR_BYTES_MAX = 1_000_000
# Between two fields, so that no phrase reaches from a title into the text.
_GAP = 10

QUERY_CHARACTERS_MAX = 400
_QUERY_WORDS_MAX = 32
_TERM = re.compile(r'(-?)(?:"([^"]*)"|([^\s"]+))')
_QUOTES = str.maketrans("“”„«»「」『』＂", '""""""""""')


def tsvector_literal(fields: Iterable[tuple[str, str]]) -> str:
    """The text of a tsvector for (text, weight) fields, weights A to D; to be cast by PostgreSQL.

    Phrases are found within the first 16,383 words and characters, single words also behind them.
    """
    places: dict[str, list[str]] = {}
    start, size = 1, 0
    for text, weight in fields:
        last = start
        for token in cut(folded(text)):
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
    terms = query_terms(text)
    for number, (minus, phrase, word) in enumerate(terms):
        found = list(cut(phrase or word or ""))[: _QUERY_WORDS_MAX - len(parts)]
        if not found:
            continue
        is_last = number == len(terms) - 1 and not minus and not text[-1:].isspace()
        expression = _phrase(found) if phrase is not None else _all_of(found, word or "", open_end=is_last)
        parts.append(f"!({expression})" if minus else expression)
        wanted = wanted or not minus
    return " & ".join(parts) if wanted else None


def query_terms(query: str) -> list[tuple[str, str | None, str | None]]:
    """(minus, phrase, word) of what a person typed, folded; one of phrase and word is None."""
    typed = folded(query[:QUERY_CHARACTERS_MAX]).translate(_QUOTES)
    return [(match[1], match[2], match[3]) for match in _TERM.finditer(typed)]


def _phrase(found: list[Token]) -> str:
    expression = _quoted(found[0].lexeme)
    for before, token in pairwise(found):
        expression += f" <{token.position - before.position}> {_quoted(token.lexeme)}"
    return f"({expression})" if len(found) > 1 else expression


def _all_of(found: list[Token], word: str, *, open_end: bool) -> str:
    expressions = [_any_form(token) for token in found]
    last = found[-1].lexeme
    if open_end and (len(last) > 1 or is_chinese(last)):
        typed = RUN.findall(word)[-1]
        beginning = last if is_chinese(last) else typed
        expressions[-1] = _one_of([expressions[-1], f"{_quoted(beginning)}:*"])
    return " & ".join(expressions)


def _any_form(token: Token) -> str:
    """A word, or, where its neighbours could have been cut otherwise, the words inside it."""
    if len(token.lexeme) == 1 and is_chinese(token.lexeme):
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
