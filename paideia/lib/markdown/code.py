"""Code with colours by class, formulas for the browser to set."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES, _TokenType
from pygments.util import ClassNotFound

# Colouring is the slowest step by far: a long listing beyond this stays black on white.
COLOURED_CHARACTERS_MAX = 30_000
_LANGUAGE = re.compile(r"[A-Za-z0-9+#._-]{1,30}")
_MARKED = re.compile(r"\{([0-9, -]{1,200})\}|hl_lines=[\"']([0-9, -]{1,200})[\"']")
_LINES_MAX = 5_000
# Names, blanks and punctuation are most of the tokens and look the same in every theme.
_UNCOLOURED = ("", "w", "n", "p", "err", "x", "esc")


def render_fence(tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A fenced block: ```` ```python {2,4-6} ````, or ```` ```math ````."""
    token = tokens[index]
    language = token.info.strip().partition(" ")[0].partition("{")[0]
    if language.lower() == "math":
        return render_formula(token.content)
    marked = _marked_lines(token.info)
    pieces = list(_pieces(token.content, language, env))
    body = _with_marked_lines(pieces, marked) if marked else "".join(_span(*piece) for piece in pieces)
    name = f' class="language-{escapeHtml(language.lower())}"' if _LANGUAGE.fullmatch(language) else ""
    return f'<pre class="highlight"><code{name}>{body}</code></pre>\n'


def render_formula(tex: str) -> str:
    """A formula on lines of its own, as escaped TeX for KaTeX to set in the browser."""
    return f'<div class="math display">{escapeHtml(tex.strip())}</div>\n'


def _pieces(code: str, language: str, env: EnvType) -> Iterator[tuple[str, str]]:
    """(class, text) in order; neighbours of one class are one piece."""
    left = env.get("coloured_left", COLOURED_CHARACTERS_MAX)
    lexer = _lexer(language.lower()) if language and len(code) <= left else None
    if lexer is None:
        yield "", code
        return
    env["coloured_left"] = left - len(code)
    current, text = "", ""
    for kind, value in lexer.get_tokens(code):
        name = _class_of(kind)
        if name != current and text:
            yield current, text
            text = ""
        current, text = name, text + value
    yield current, text


@lru_cache(maxsize=128)
def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=1024)
def _class_of(kind: _TokenType) -> str:
    while kind not in STANDARD_TYPES:
        kind = kind.parent
    name = STANDARD_TYPES[kind]
    return "" if name in _UNCOLOURED else name


def _span(name: str, text: str) -> str:
    escaped = escapeHtml(text)
    return f'<span class="{name}">{escaped}</span>' if name else escaped


def _marked_lines(info: str) -> set[int]:
    match = _MARKED.search(info)
    marked: set[int] = set()
    for part in re.split(r"[, ]+", (match[1] or match[2]).strip()) if match else ():
        first, _, last = part.partition("-")
        if first.isdecimal() and (last.isdecimal() or not last):
            marked.update(range(int(first), min(int(last or first), _LINES_MAX) + 1))
    return marked


def _with_marked_lines(pieces: Iterable[tuple[str, str]], marked: set[int]) -> str:
    lines: list[list[str]] = [[]]
    for name, text in pieces:
        for place, part in enumerate(text.split("\n")):
            if place:
                lines.append([])
            if part:
                lines[-1].append(_span(name, part))
    if not lines[-1]:
        lines.pop()
    return "".join(
        f'<span class="line{" line-marked" if number in marked else ""}">{"".join(line)}\n</span>'
        for number, line in enumerate(lines, start=1)
    )
