"""What is too much to render: every limit is a count, so that the same source always gets the same answer."""

import re
from collections.abc import Iterable

from django.utils.translation import gettext as _

from paideia.lib.refusal import Invalid

SOURCE_BYTES_MAX = 400_000
HTML_CHARACTERS_MAX = 1_500_000
NESTING_MAX = 50
# Bold, links, code, footnotes: what makes the parser stop and think.
MARKS_MAX = 25_000
UNCLOSED_BRACKETS_MAX = 1_000
LINES_MAX = 15_000

HTML_NESTING_MAX = 100
HTML_TAGS_MAX = 120_000
OPAQUE_TAGS_MAX = 8_000
# Elements like <b> are opened again in every paragraph until they are closed, so each unclosed one is
# copied at every tag: 20 kB can become 10 MB.
_REOPENED_MAX = 200_000


def names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_MARK = re.compile(r"[\[\]<>&$!|@\\^:]|\*+|_+|`+|~+")
_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/<>"']*)(?:[^<>"']|"[^"<>]*"|'[^'<>]*')*+>""")
_VOID = names(
    "area base br col embed hr img input link meta param source track wbr frame keygen basefont bgsound"
)
_IMPLIED = names("p li dd dt option optgroup tr tbody thead tfoot rp rt rb rtc colgroup body head html")
_FORMATTING = names("a b big code em font i nobr s small strike strong tt u")
_FORMATTING_TAG = re.compile(rf"<({'|'.join(_FORMATTING - {'a'})})[\s/][^>]*>", re.IGNORECASE)
_DISTINCT_MAX = 20
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_DECLARATION = re.compile(r"<![a-zA-Z][^<>]*>")
_EMPTY_FRAME = re.compile(r"<iframe[^<>]*></iframe>", re.IGNORECASE)
_CELLS = frozenset(("td", "th", "caption"))
_WALLS = _CELLS | names("table template marquee object applet button foreignobject desc title svg math")
_OPAQUE = names(
    "svg math script style textarea title xmp noembed noframes noscript plaintext template select"
)


class TooComplex(Invalid):
    """The text is longer or deeper than a page can be. The message names the limit that it passed."""


def _exceeded(message: str, n: int, most: int) -> TooComplex:
    return TooComplex(message % {"n": n, "most": most})


def check_source(source: str) -> None:
    """Refuse Markdown that is too long to render in a moment."""
    size = len(source) if source.isascii() else len(source.encode(errors="replace"))
    if size > SOURCE_BYTES_MAX:
        raise _exceeded(
            _("The text has %(n)s bytes; %(most)s is the most. Split it in parts."), size, SOURCE_BYTES_MAX
        )
    lines = source.count("\n")
    if lines > LINES_MAX:
        raise _exceeded(
            _("The text has %(n)s lines; %(most)s is the most. Split it in parts."), lines, LINES_MAX
        )
    if size > MARKS_MAX // 3:
        _check_marks(source)


def _check_marks(source: str) -> None:
    marks = len(_MARK.findall(source)) + 2 * (source.count("![") + source.count("^["))
    if marks > MARKS_MAX:
        raise _exceeded(
            _("The text has %(n)s marks (* _ [ …); %(most)s is the most. Split it in parts."),
            marks,
            MARKS_MAX,
        )
    unclosed = source.count("[") - source.count("]")
    if unclosed > UNCLOSED_BRACKETS_MAX:
        raise _exceeded(
            _("%(n)s brackets [ are never closed; %(most)s is the most. Close them."),
            unclosed,
            UNCLOSED_BRACKETS_MAX,
        )


def check_nesting(level: int) -> None:
    """Refuse lists in quotes in lists without end."""
    if level > NESTING_MAX:
        raise _exceeded(
            _("Quotes and lists stand more than %(most)s deep in each other. Flatten them."),
            level,
            NESTING_MAX,
        )


def check_html(html: str) -> str:
    """Refuse HTML whose parsing would not be linear; returns the HTML to parse.

    The walk is a pessimistic parser: an element counts as open for at least as long as a browser would
    keep it open. A closing tag counts only when its element stands on this side of a wall such as a table
    cell, which closing tags do not cross. Where the walk could be led astray (scripts, drawings, brackets in
    attributes), there must be few tags, and where many that format differ they lose their attributes:
    equal ones are opened again three times at most.
    """
    if len(html) > HTML_CHARACTERS_MAX:
        raise _exceeded(
            _("The HTML has %(n)s characters; %(most)s is the most. Split it in parts."),
            len(html),
            HTML_CHARACTERS_MAX,
        )
    html = _without_comments(html)
    tags = _TAG.findall(html)
    clear = html.count("<") == len(tags) and not any(name.lower() in _OPAQUE for _, name in tags)
    if not clear or _has_filled_frame(html):
        return _check_opaque(html)
    if len(tags) > HTML_TAGS_MAX:
        raise _exceeded(
            _("The HTML has %(n)s tags; %(most)s is the most. Split it in parts."), len(tags), HTML_TAGS_MAX
        )
    _walk(tags)
    return html


def _without_comments(html: str) -> str:
    end = html.rfind("-->") + 3
    html = _COMMENT.sub("", html[:end]) + html[end:] if end > 2 else html
    return _DECLARATION.sub("", html) if "<!" in html else html


def _has_filled_frame(html: str) -> bool:
    return html.lower().count("<iframe") != len(_EMPTY_FRAME.findall(html))


def _check_opaque(html: str) -> str:
    brackets = html.count("<")
    if brackets > OPAQUE_TAGS_MAX:
        raise _exceeded(
            _("The HTML is malformed or has scripts, and more than %(most)s tags. Clean it first."),
            brackets,
            OPAQUE_TAGS_MAX,
        )
    distinct = {match[0] for match in _FORMATTING_TAG.finditer(html)}
    return _FORMATTING_TAG.sub(r"<\1>", html) if len(distinct) > _DISTINCT_MAX else html


def _walk(tags: Iterable[tuple[str, str]]) -> None:
    stack: list[str] = []
    formatting = reopened = 0
    for closing, spelled in tags:
        name = spelled.lower()
        simple = name in _VOID or name in _IMPLIED
        if closing:
            formatting -= 0 if simple else _close(name, stack)
            continue
        reopened += formatting
        if not simple:
            if name in _CELLS:
                formatting -= _close_cell(stack)
            formatting += name in _FORMATTING
            stack.append(name)
        if len(stack) > HTML_NESTING_MAX:
            raise _exceeded(
                _("HTML stands more than %(most)s elements deep, or is never closed. Close it."),
                len(stack),
                HTML_NESTING_MAX,
            )
        if reopened > _REOPENED_MAX:
            raise TooComplex(_("The HTML has many elements like <b> that are never closed. Close them."))


def _close(name: str, stack: list[str]) -> int:
    """Close the nearest `name` on this side of a wall. Returns how many formatting elements ended with it."""
    for place in range(len(stack) - 1, -1, -1):
        if stack[place] == name:
            return _cut(stack, place)
        if stack[place] in _WALLS and name not in _WALLS:
            return 0
    return 0


def _close_cell(stack: list[str]) -> int:
    """A new cell ends the one before it in the same table."""
    for place in range(len(stack) - 1, -1, -1):
        if stack[place] in _CELLS:
            return _cut(stack, place)
        if stack[place] == "table":
            return 0
    return 0


def _cut(stack: list[str], place: int) -> int:
    name, inside = stack[place], stack[place + 1 :]
    if name in _FORMATTING:
        del stack[place]
        return 1
    # What stood inside a block closes with it, but what formats is opened again behind it; only the end of
    # a cell forgets that too.
    reopening = [] if name in _CELLS else [each for each in inside if each in _FORMATTING]
    stack[place:] = reopening
    return sum(each in _FORMATTING for each in inside) - len(reopening)
