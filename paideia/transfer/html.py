"""HTML of other systems, reduced to what is read: no scripts, no controls, links made ours.

Sanitising for the page happens again where it is stored; here the aim is that what is left makes sense.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

import nh3

from paideia.lib.markdown import TooComplex
from paideia.lib.markdown.limits import check_html

from . import links
from .errors import TooLarge

Resolve = Callable[[str], str | None]

_KEPT = nh3.ALLOWED_TAGS | {
    "annotation",
    "audio",
    "clarification",
    "figure",
    "figcaption",
    "header",
    "footer",
    "iframe",
    "object",
    "section",
    "source",
    "u",
    "video",
}
_GONE_WITH_CONTENT = {
    "button",
    "form",
    "noscript",
    "option",
    "script",
    "select",
    "style",
    "template",
    "textarea",
}
_ATTRIBUTES = {
    "*": {"id", "lang", "title", "class"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "iframe": {"src"},
    "object": {"data"},
    "audio": {"src"},
    "video": {"src", "poster"},
    "source": {"src"},
    "annotation": {"body"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "code": {"class"},
    "pre": {"class"},
    "blockquote": {"cite"},
    "bdo": {"dir"},
    "time": {"datetime"},
}
_VOID = {"br", "hr", "img", "source", "wbr", "col"}
_ADDRESSES = {"href", "src", "data", "poster"}
_ICON_FONT = re.compile(r"\b(material-(symbols|icons)\S*|glyphicon\S*)")
_SHOWN = {"img", "audio", "video", "table"}
_LAYOUT = {"dl", "div", "section", "figure"}
DRAWING_BOXES_MIN = 40
_FRAMES = {"iframe", "object"}
_DROPPED = re.compile(
    r"<\s*(script|style|button|form|input|select|textarea|iframe|object|embed|canvas)\b", re.I
)
_CONTROLS = {"button", "form", "input", "select", "textarea", "canvas"}
_SCHEMES = {"http", "https", "mailto", "tel", links.ASSET, links.LESSON, "asset-v1", "block-v1", "i4x", "c4x"}
CONTROL_CAPTION_MAX = 80


@dataclass(frozen=True)
class Cleaned:
    """What is left of a piece of HTML, and which elements of it were dropped."""

    html: str
    text: str
    dropped: frozenset[str]
    shows: bool  # has words, a picture, a table, a player

    @property
    def is_only_controls(self) -> bool:
        """Buttons and fields that a script brought to life, with at most a caption left of them."""
        return bool(self.dropped & _CONTROLS) and len(self.text) <= CONTROL_CAPTION_MAX


def cleaned(html: str, resolve: Resolve) -> Cleaned:
    """Drop what cannot be read and pass each address to `resolve`; where it answers None the link goes,
    its words stay. Raises TooLarge for HTML that is longer or deeper than a page can be."""
    try:
        check_html(html)
    except TooComplex as error:
        raise TooLarge(str(error)) from error
    dropped = frozenset(name.lower() for name in _DROPPED.findall(html))
    whole = nh3.clean(
        html,
        tags=_KEPT,
        clean_content_tags=_GONE_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        link_rel=None,
        url_schemes=_SCHEMES,
        strip_comments=True,
    )
    writer = _Writer(resolve, scripted="script" in dropped)
    writer.feed(whole)
    writer.close()
    text = " ".join("".join(writer.words).split())
    return Cleaned("".join(writer.out).strip(), text, dropped | writer.dropped, bool(text) or writer.shows)


@dataclass
class _Table:
    """Where a table began in what is written, and how many boxes stand in its cells."""

    out_at: int
    words_at: int
    layout: int = 0


class _Writer(HTMLParser):
    """Writes well-formed HTML again, with addresses resolved and frames turned into links."""

    def __init__(self, resolve: Resolve, *, scripted: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.resolve, self.scripted = resolve, scripted
        self.dropped: set[str] = set()
        self.tables: list[_Table] = []
        self.out: list[str] = []
        self.words: list[str] = []
        self.shows = False
        self.silent = 0  # depth inside an element whose content goes
        self.open: list[tuple[str, str]] = []  # element, how it closes
        self.notes: list[str] = []  # of annotations, written behind the text

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        gone = bool(self.silent) or bool(_ICON_FONT.search(attributes.get("class", "")))
        opening, closing = ("", "") if gone else self._replaced(tag, attributes)
        if tag == "table":
            self.tables.append(_Table(len(self.out), len(self.words)))
        elif tag in _LAYOUT and self.tables:
            self.tables[-1].layout += 1
        self.out.append(opening)
        self.shows |= tag in _SHOWN and bool(opening)
        if tag not in _VOID:
            self.silent += gone or tag in _FRAMES
            self.open.append((tag, closing))

    def handle_endtag(self, tag: str) -> None:
        if not any(tag == name for name, _closing in self.open):
            return
        while self.open:
            name, closing = self.open.pop()
            self.silent = max(self.silent - 1, 0)
            self.out.append(closing)
            if name == "table" and self.tables:
                self._end_table(self.tables.pop())
            if name == tag:
                return

    def _end_table(self, table: "_Table") -> None:
        """A script's drawing made of a table is hundreds of boxes without it: nobody can read that."""
        if self.scripted and table.layout > DRAWING_BOXES_MIN:
            del self.out[table.out_at :], self.words[table.words_at :]
            self.dropped.add("table")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.out.append(escape(data, quote=False))
            self.words.append(data)

    def close(self) -> None:
        super().close()
        while self.open:
            self.out.append(self.open.pop()[1])
        if self.notes:
            self.out.append("<ol>" + "".join(f"<li>{note}</li>" for note in self.notes) + "</ol>")

    def _replaced(self, tag: str, attributes: dict[str, str]) -> tuple[str, str]:
        """What stands at the beginning and at the end of an element in the new text."""
        if tag in _FRAMES:
            return self._frame(
                attributes.get("src") or attributes.get("data") or "", attributes.get("title")
            ), ""
        if tag == "annotation":
            return self._annotation(attributes)
        if tag == "clarification":
            return " (", ")"
        for name in _ADDRESSES & attributes.keys():
            address = self.resolve(attributes[name])
            if address is None and tag in ("a", "img", "source"):
                return "", ""
            attributes[name] = address or ""
        if tag not in ("code", "pre"):
            attributes.pop("class", None)
        written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
        return f"<{tag}{written}>", "" if tag in _VOID else f"</{tag}>"

    def _frame(self, address: str, title: str | None) -> str:
        target = self.resolve(address)
        if not target:
            return ""
        words = title or re.sub(r"^https?://([^/]+).*", r"\1", target)
        self.words.append(words)
        return f'<p><a href="{escape(target)}">{escape(words)}</a></p>'

    def _annotation(self, attributes: dict[str, str]) -> tuple[str, str]:
        title, body = attributes.get("title", ""), attributes.get("body", "")
        self.notes.append(f"<strong>{escape(title)}</strong> {escape(body)}")
        return "<em>", f"</em> [{len(self.notes)}]"
