"""HTML made into Markdown, for importers: what an editor can go on writing."""

import re
from collections.abc import Callable, Iterator
from html import escape, unescape

from paideia.lib.markdown.from_inlines import Inlines, escape_line_starts
from paideia.lib.markdown.sanitising import sanitise
from paideia.lib.markdown.tree import Element, tree_of

_MATH_SCRIPT = re.compile(r"<script[^>]{0,80}math/tex([^>]{0,40})>([^<]*)</script>", re.IGNORECASE)
_LISTING = re.compile(
    r'<pre[^>]{0,80}class="[^"]{0,60}\b(?:lang|language|brush:)[-_ ]?([\w+#]{1,20})[^>]{0,80}>\s*<code[^>]*>'
)
_BLOCKS = frozenset(
    (
        *(
            "address",
            "aside",
            "audio",
            "blockquote",
            "details",
            "div",
            "dl",
            "figure",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
        ),
        *("h6", "hr", "iframe", "ol", "p", "pre", "section", "table", "ul", "video", "li", "dt", "dd"),
        *("thead", "tbody", "tfoot", "tr", "td", "th", "summary", "figcaption"),
    )
)
_HEADING = re.compile(r"h[1-6]")
_CLOSING_HASHES = re.compile(r"(?:^|(?<=\s))#+$")
_FENCES = re.compile(r"^ {0,3}(`{3,})", re.MULTILINE)


_ALIGNED = re.compile(r'(<t[dh]\b[^>]{0,200}?)\salign="?(left|center|right)\b"?', re.IGNORECASE)


def html_to_markdown(html: str, *, dollar_math: bool = False) -> str:
    """Markdown that renders to what `html` shows, once that is sanitised.

    Headings, lists, tables, code, images, links, quotes and formulas in `\\(…\\)`, `\\[…\\]` and `$$…$$`
    become Markdown; what Markdown cannot say (tables with merged cells, players, <sub>) stays HTML.
    `dollar_math` says that `$…$` is a formula on the page it came from. Linear in time; raises TooComplex.
    """
    html = _LISTING.sub(r'<pre><code class="language-\1">', _MATH_SCRIPT.sub(_formula_of, html))
    html = _ALIGNED.sub(r'\1 class="align-\2"', html)
    root = tree_of(sanitise(html))
    return _Converter(Inlines(dollar_math)).blocks(root).strip("\n") + "\n"


def _formula_of(match: re.Match[str]) -> str:
    """What MathJax leaves in a page: the source of a formula in a script."""
    tex = escape(unescape(match[2]), quote=False)
    return f"\\[{tex}\\]" if "display" in match[1] else f"\\({tex}\\)"


class _Converter:
    """Blocks to Markdown; every block is a string without newlines at its ends."""

    def __init__(self, inlines: Inlines) -> None:
        self.inlines = inlines

    def blocks(self, parent: Element) -> str:
        """The children of `parent`, paragraphs apart; inline children beside blocks are a paragraph too."""
        found: list[tuple[str, str]] = []
        run: list[Element | str] = []
        for child in parent.children:
            if isinstance(child, Element) and _is_block(child):
                found.append(("p", self.paragraph(run)))
                found.append((child.tag, self.block(child)))
                run = []
            else:
                run.append(child)
        found.append(("p", self.paragraph(run)))
        return _separated([each for each in found if each[1].strip()])

    def paragraph(self, children: list[Element | str]) -> str:
        return escape_line_starts(self.inlines.of(children))

    def block(self, element: Element) -> str:
        tag = element.tag
        if _HEADING.fullmatch(tag):
            words = self.inlines.of(element.children).replace("\\\n", " ")
            words = _CLOSING_HASHES.sub(r"\\\g<0>", words)
            return f"{'#' * int(tag[1])} {words}" if words else ""
        method = getattr(self, f"_{tag}", None)
        if method is not None:
            return method(element)
        return self.blocks(element) if _has_block(element) else self.paragraph(element.children)

    def _hr(self, element: Element) -> str:
        return "***"

    def _blockquote(self, element: Element) -> str:
        return _prefixed(self.blocks(element), "> ", "> ")

    def _ul(self, element: Element) -> str:
        return self._items(element, lambda number: "- ")

    def _ol(self, element: Element) -> str:
        start = element.attributes.get("start", "1")
        first = int(start) if re.fullmatch(r"[0-9]{1,8}", start) else 1
        return self._items(element, lambda number: f"{first + number}. ")

    def _items(self, element: Element, marker: Callable[[int], str]) -> str:
        items, loose = [], False
        for number, item in enumerate(_list_items(element)):
            body = self._item(item)
            loose = loose or "\n\n" in body
            mark = marker(number)
            items.append(_prefixed(body, mark, " " * len(mark)) if body else mark.rstrip())
        return ("\n\n" if loose else "\n").join(items)

    def _item(self, item: Element | str) -> str:
        if isinstance(item, str) or item.tag != "li":
            return self.paragraph([item]) if isinstance(item, str) else self.block(item)
        box = next(item.elements(), None)
        if box is not None and box.tag == "input" and not _words_before(item, box):
            rest = Element("li", {}, item.children[item.children.index(box) + 1 :])
            return f"[{'x' if 'checked' in box.attributes else ' '}] {self._tight(rest)}"
        return self._tight(item)

    def _tight(self, item: Element) -> str:
        """An item whose words stand bare keeps its inner list close to them."""
        body = self.blocks(item)
        if any(each.tag == "p" for each in item.elements()):
            return body
        return re.sub(r"\n\n(?=(?:- |[0-9]{1,9}\. ))", "\n", body)

    def _pre(self, element: Element) -> str:
        inner = next(element.elements(), None)
        language = inner.attributes.get("class", "") if inner is not None else ""
        code = element.text().removesuffix("\n")
        fence = "`" * max([3, *(len(each) + 1 for each in _FENCES.findall(code))])
        name = language.removeprefix("language-") if language.startswith("language-") else ""
        return f"{fence}{name}\n{code}\n{fence}"

    def _dl(self, element: Element) -> str:
        if not _defines(element):
            return element.html()
        lines: list[str] = []
        for each in element.elements():
            words = self.blocks(each)
            if each.tag == "dt":
                lines.append(("\n" if lines else "") + words)
            else:
                lines.append(_prefixed(words, ": ", "  "))
        return "\n".join(lines)

    def _figure(self, element: Element) -> str:
        image = next((each for each in element.descendants() if each.tag == "img"), None)
        caption = next((each for each in element.elements() if each.tag == "figcaption"), None)
        others = [
            each for each in element.descendants() if each.tag in ("table", "pre", "iframe", "video", "p")
        ]
        if image is None or others:
            return self.blocks(element)
        words = " ".join(caption.text().split()) if caption is not None else ""
        return self.inlines.image(Element("img", {**image.attributes, **({"title": words} if words else {})}))

    def _details(self, element: Element) -> str:
        summary = next((each for each in element.elements() if each.tag == "summary"), None)
        rest = Element("div", {}, [each for each in element.children if each is not summary])
        title = summary.html() if summary is not None else "<summary></summary>"
        return f"<details>{title}\n\n{self.blocks(rest)}\n\n</details>"

    def _table(self, element: Element) -> str:
        rows = [each for each in element.descendants() if each.tag == "tr"]
        cells = [[cell for cell in row.elements() if cell.tag in ("td", "th")] for row in rows]
        if not cells or not _fits_markdown(element, cells):
            return element.html()
        lines = [self._row(row) for row in cells]
        rule = "|" + "|".join(_rule(cell) for cell in cells[0]) + "|"
        caption = next((each for each in element.elements() if each.tag == "caption"), None)
        above = f"{self.paragraph(caption.children)}\n\n" if caption is not None else ""
        return above + "\n".join([lines[0], rule, *lines[1:]])

    def _row(self, cells: list[Element]) -> str:
        return "| " + " | ".join(self.inlines.of(cell.children, in_table=True) for cell in cells) + " |"

    def _iframe(self, element: Element) -> str:
        return element.html()

    _video = _audio = _iframe


def _is_block(element: Element) -> bool:
    """Formatting around blocks is let go: Markdown has it only within a line."""
    return element.tag in _BLOCKS or _has_block(element)


def _has_block(element: Element) -> bool:
    return any(each.tag in _BLOCKS for each in element.descendants())


def _separated(blocks: list[tuple[str, str]]) -> str:
    """Two lists in a row would be one list to Markdown: a comment keeps them apart."""
    parts: list[str] = []
    previous = ""
    for tag, text in blocks:
        if tag == previous and tag in ("ul", "ol", "dl"):
            parts.append("<!-- -->")
        parts.append(text)
        previous = tag
    return "\n\n".join(parts)


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join(
        (first if not place else rest) + line if line or not place else rest.rstrip()
        for place, line in enumerate(lines)
    )


def _list_items(parent: Element) -> Iterator[Element | str]:
    """The items, also those that an element which does not belong there stands around."""
    for child in parent.children:
        if isinstance(child, str):
            if child.strip():
                yield child
        elif child.tag not in _BLOCKS and any(each.tag == "li" for each in child.elements()):
            yield from _list_items(child)
        else:
            yield child


def _words_before(item: Element, box: Element) -> bool:
    return any(isinstance(each, str) and each.strip() for each in item.children[: item.children.index(box)])


def _defines(element: Element) -> bool:
    """Are there terms of one line, each with meanings, and nothing else?"""
    parts = [each for each in element.children if isinstance(each, Element) or each.strip()]
    tags = "".join("t" if isinstance(each, Element) and each.tag == "dt" else "d" for each in parts)
    terms = [each for each in element.elements() if each.tag == "dt"]
    one_line = not any(
        _has_block(each) or any(inner.tag == "br" for inner in each.descendants()) for each in terms
    )
    return (
        all(isinstance(each, Element) and each.tag in ("dt", "dd") and each.text().strip() for each in parts)
        and re.fullmatch("(?:td+)+", tags) is not None
        and one_line
    )


def _fits_markdown(table: Element, cells: list[list[Element]]) -> bool:
    """Is there a header, one width, and nothing but words in the cells?"""
    width = len(cells[0])
    return (
        width > 0
        and all(cell.tag == "th" for cell in cells[0])
        and all(len(row) == width and all(cell.tag == "td" for cell in row) for row in cells[1:])
        and not any(
            cell.attributes.keys() & {"colspan", "rowspan"} or _has_block(cell)
            for row in cells
            for cell in row
        )
        and not any(each.tag == "table" for each in table.descendants())
    )


def _is_special(cell: Element) -> bool:
    return bool(cell.attributes.keys() & {"colspan", "rowspan"}) or _has_block(cell)


def _rule(cell: Element) -> str:
    alignment = cell.attributes.get("class", "")
    left, right = alignment in ("align-left", "align-center"), alignment in ("align-right", "align-center")
    return f"{':' if left else '-'}--{':' if right else '-'}"
