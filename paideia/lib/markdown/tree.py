"""Sanitised HTML as a small tree, for what has to look around itself."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

_VOID = frozenset(("br", "col", "hr", "img", "input", "source", "track", "wbr"))
# Deeper than any page; what stands below is taken as if it stood here.
_DEPTH_MAX = 100


@dataclass(slots=True)
class Element:
    """One element: `children` are elements and strings in order."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)

    def elements(self) -> Iterator["Element"]:
        return (each for each in self.children if isinstance(each, Element))

    def descendants(self) -> Iterator["Element"]:
        for each in self.elements():
            yield each
            yield from each.descendants()

    def text(self) -> str:
        parts: list[str] = []
        self._collect(parts)
        return "".join(parts)

    def _collect(self, parts: list[str]) -> None:
        for each in self.children:
            if isinstance(each, str):
                parts.append(each)
            else:
                each._collect(parts)

    def html(self) -> str:
        """Written out again, without empty lines, which would end it within Markdown."""
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in self.attributes.items())
        if self.tag in _VOID:
            return f"<{self.tag}{attributes}>"
        inside = "".join(_html_of(each, within=self.tag) for each in self.children)
        return f"<{self.tag}{attributes}>{inside}</{self.tag}>"


def _html_of(child: Element | str, within: str) -> str:
    if isinstance(child, Element):
        return child.html()
    text = escape(child, quote=False)
    if within in ("pre", "code"):
        return text.replace("\n", "&#10;")
    return text.replace("\n", " ")


def tree_of(html: str) -> Element:
    """The root of the tree of sanitised HTML."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("")
        self.open = [self.root]
        self.unheld: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag in _VOID:
            return
        if len(self.open) < _DEPTH_MAX:
            self.open.append(element)
        else:
            self.unheld.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.unheld:
            self.unheld.pop()
        elif len(self.open) > 1:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)
