"""One Markdown file: its front matter, its title, and its addresses."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import yaml
from django.utils.translation import gettext as _

from ..errors import UnreadableFile

_FRONT = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"^ {0,3}#[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r"^ {0,3}=+[ \t]*$")
_SPAN = re.compile(r"(`+)(?:(?!`).)*?\1(?!`)")
_INLINE = re.compile(
    r"(!?\[[^\[\]]{0,1000}\]\(\s{0,8})(<[^<>\n]{1,800}>|[^\s()<>]{1,800}(?:\([^\s()]{0,200}\)[^\s()<>]{0,400})?)"
)
_REFERENCE = re.compile(r"^( {0,3}\[[^\[\]]{1,200}\]:\s*)(<[^<>\n]{1,800}>|\S{1,800})")
_ATTRIBUTE = re.compile(
    r"(<(?:img|a|video|audio|source)\b[^<>]{0,1000}?\b(?:src|href)\s*=\s*[\"'])([^\"']{1,800})", re.IGNORECASE
)


@dataclass(frozen=True)
class Page:
    """A file taken apart. `title` is its first heading of the first level, which `body` no longer repeats."""

    title: str
    body: str
    front: dict[str, Any] = field(default_factory=dict)

    def word(self, name: str) -> str:
        value = self.front.get(name)
        return " ".join(str(value).split()) if isinstance(value, (str, int, float)) else ""

    def words(self, name: str) -> tuple[str, ...]:
        value = self.front.get(name)
        listed = value if isinstance(value, list) else str(value).split(",") if isinstance(value, str) else []
        return tuple(filter(None, (" ".join(str(each).split()) for each in listed)))

    @property
    def is_draft(self) -> bool:
        return self.front.get("draft") is True or self.front.get("published") is False

    @property
    def date(self) -> date | datetime | None:
        value = self.front.get("date")
        return value if isinstance(value, date) else None

    @property
    def order(self) -> float | None:
        found = (self.front.get(name) for name in ("weight", "order", "nav_order", "sidebar_position"))
        return next((float(value) for value in found if isinstance(value, (int, float))), None)


def page(text: str, *, where: str) -> Page:
    """Raises UnreadableFile where the front matter is damaged."""
    front, body = _front(text, where)
    lines = body.split("\n")
    title, taken = _title(lines)
    named = front.get("title")
    if isinstance(named, (str, int, float)) and str(named).strip():
        shown = " ".join(str(named).split())
        return Page(shown, "\n".join(lines[taken:] if title == shown else lines).strip("\n"), front)
    return Page(title, "\n".join(lines[taken:]).strip("\n"), front)


def _front(text: str, where: str) -> tuple[dict[str, Any], str]:
    match = _FRONT.match(text)
    if not match:
        return {}, text
    try:
        loaded = yaml.load(match[1] or "", Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problem = _("The front matter is damaged (%(error)s).") % {"error": " ".join(str(error).split())}
        raise UnreadableFile(
            problem, where=where, advice=_("Correct the lines between the two ---.")
        ) from error
    if loaded is not None and not isinstance(loaded, dict):
        return {}, text  # a ruler and some words, no front matter
    return loaded or {}, text[match.end() :]


def _title(lines: list[str]) -> tuple[str, int]:
    """The heading before any other text, and how many lines it takes; else a later first-level heading."""
    first = next((n for n, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return "", 0
    if match := _HEADING.match(lines[first]):
        return _plain(match[1]), first + 1
    if first + 1 < len(lines) and _UNDERLINE.match(lines[first + 1]):
        return _plain(lines[first]), first + 2
    later = next((m for line, code in _with_code(lines) if not code and (m := _HEADING.match(line))), None)
    return (_plain(later[1]) if later else ""), 0


def _plain(heading: str) -> str:
    """A heading's words without Markdown's marks."""
    words = re.sub(r"!?\[([^\[\]]*)\]\([^()]*\)", r"\1", heading)
    words = re.sub(r"\{#[\w-]+\}\s*$", "", words)
    words = re.sub(r"(`+)(.*?)\1", r"\2", words)
    words = re.sub(r"(\*\*|__|\*)(?=\S)(.+?)(?<=\S)\1", r"\2", words)
    return " ".join(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", words).split())


def _with_code(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is code of a fenced block."""
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
            yield line, True
        elif (
            mark and fence and mark[1].startswith(fence[0] * len(fence)) and not line.strip().strip(fence[0])
        ):
            fence = ""
            yield line, True
        else:
            yield line, bool(fence)


Resolve = Callable[[str], str | None]


def with_addresses(body: str, resolve: Resolve) -> str:
    """The text with each link's and picture's address replaced by what `resolve` answers.

    None leaves an address alone; code is not touched.
    """
    return "\n".join(line if code else _line(line, resolve) for line, code in _with_code(body.split("\n")))


def _line(line: str, resolve: Resolve) -> str:
    if "(" not in line and "]:" not in line and "<" not in line:
        return line

    def replaced(match: re.Match[str]) -> str:
        bare = match[2][1:-1] if match[2].startswith("<") else match[2]
        found = resolve(bare)
        return match[0] if found is None else match[1] + found

    def written(text: str) -> str:
        return _ATTRIBUTE.sub(replaced, _INLINE.sub(replaced, text))

    line = _REFERENCE.sub(replaced, line)
    pieces, last = [], 0
    for span in _SPAN.finditer(line):
        # a span of code may stand inside a link's words: keep it whole for the link, skip it alone
        pieces.append((line[last : span.start()], True))
        pieces.append((span[0], False))
        last = span.end()
    pieces.append((line[last:], True))
    if len(pieces) == 1:
        return written(line)
    return _around_code(pieces, written)


def _around_code(pieces: list[tuple[str, bool]], written: Callable[[str], str]) -> str:
    """Replace in the words, with each span of code standing in as one private character."""
    code = [text for text, words in pieces if not words]
    joined = "\ue000".join(text for text, words in pieces if words)
    parts = written(joined).split("\ue000")
    if len(parts) != len(code) + 1:  # the text itself has that character
        return "".join(text for text, _words in pieces)
    return "".join(part + span for part, span in zip(parts, [*code, ""], strict=True))
