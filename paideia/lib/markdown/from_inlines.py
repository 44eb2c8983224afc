"""Inline HTML made into Markdown, with every character that would mean something escaped."""

import re
from html import escape

from paideia.lib.markdown.inlines import flanks
from paideia.lib.markdown.tree import Element

_SPACES = re.compile(r"[ \t\n\f\r]+")
_SPECIAL = re.compile(r"[\\`*\[\]<~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?[a-zA-Z0-9]{1,31};)|\^(?=\[)")
_LINE_START = re.compile(
    r"^([ \t]*)(?:(#{1,6}(?=\s|$)|[-+](?=\s|$)|>|:::|[:~](?=\s)|=+[ \t]*$|-{2,})|([0-9]{1,9})([.)])(?=\s|$))",
    re.MULTILINE,
)
_FORMULA = re.compile(
    r"\\\(((?:(?!\\\().){1,5000}?)\\\)|\\\[((?:(?!\\\[).){1,5000}?)\\\]|\$\$([^$]{1,5000})\$\$"
    r"|(?<![\d\\$])\$(?![\s$])((?:[^$\\]|\\.){1,5000})(?<!\s)\$(?![\d$])",
    re.DOTALL,
)
_ENTITY = re.compile(r"&(?=#?[a-zA-Z0-9]{1,31};)")
_ENCODED = {" ": "%20", "(": "%28", ")": "%29", "<": "%3C", ">": "%3E", "\\": "%5C", "\n": "%0A"}
_MARKERS = {"b": "**", "strong": "**", "i": "*", "em": "*", "s": "~~", "strike": "~~", "del": "~~"}
_KEPT = frozenset(
    (
        "abbr",
        "cite",
        "dfn",
        "ins",
        "kbd",
        "mark",
        "q",
        "rp",
        "rt",
        "ruby",
        "samp",
        "small",
        "sub",
        "sup",
        "time",
        "u",
        "var",
    )
)


def escape_line_starts(text: str) -> str:
    """So that "1. " and "# " at the start of a line stay what they are."""
    return _LINE_START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[2] else f"{m[1]}{m[3]}\\{m[4]}", text)


class Inlines:
    def __init__(self, dollar_math: bool) -> None:
        self.dollar_math = dollar_math

    def of(self, children: list[Element | str], *, in_table: bool = False) -> str:
        """Markdown of inline content in one paragraph."""
        text = re.sub(" *\n *", "\n", self._join(children, frozenset()).strip())
        return text.replace("|", "\\|").replace("\n", "<br>") if in_table else text.replace("\n", "\\\n")

    def image(self, image: Element) -> str:
        source, alt = image.attributes.get("src", ""), image.attributes.get("alt", "")
        if not source:
            return _escaped(alt)
        if image.attributes.keys() & {"width", "height"}:
            return image.html()
        title = image.attributes.get("title", "")
        shown = f' "{_escaped_title(title)}"' if title else ""
        return f"![{_escaped(' '.join(alt.split()))}]({_encoded(source)}{shown})"

    def _join(self, children: list[Element | str], within: frozenset[str]) -> str:
        out = ""
        for place, child in enumerate(children):
            if isinstance(child, str):
                text = self._text(child)
                out += text[1:] if out.endswith(("\n", " ")) and text.startswith(" ") else text
            else:
                out += self._element(child, within, before=out, after=_first_character(children, place + 1))
        return out

    def _element(self, element: Element, within: frozenset[str], *, before: str, after: str) -> str:
        tag = element.tag
        if tag in _MARKERS:
            return self._marked(element, within, before, after)
        if tag == "br":
            return "\n"
        if tag == "img":
            return self.image(element)
        if tag in ("code", "tt"):
            return _code(element.text(), beside=before.endswith("`"))
        if tag == "a":
            return self._link(element, within)
        if tag == "input":
            return ""
        if tag == "span" and "math" in element.attributes.get("class", "").split():
            return element.html()
        inside = self._join(element.children, within)
        return f"<{tag}>{inside}</{tag}>" if tag in _KEPT and inside.strip() else inside

    def _marked(self, element: Element, within: frozenset[str], before: str, after: str) -> str:
        """`**x**`, with the spaces outside; as HTML where the marks would not be seen as marks."""
        marker = _MARKERS[element.tag]
        inside = self._join(element.children, within | {marker})
        words = inside.strip()
        if not words or marker in within:
            return inside
        lead, tail = " " * inside[0].isspace(), " " * inside[-1].isspace()
        lead = "" if before.endswith((" ", "\n")) else lead
        left = lead or before[-1:] or " "
        right = tail or after or " "
        opens = flanks(left, words[0])[0] and left != marker[0]
        closes = flanks(words[-1], right)[1] and right != marker[0] and words[-1] != "\\"
        if opens and closes and words[0] != marker[0] and words[-1] != marker[0]:
            return f"{lead}{marker}{words}{marker}{tail}"
        name = {"**": "strong", "*": "em", "~~": "del"}[marker]
        return f"{lead}<{name}>{words}</{name}>{tail}"

    def _link(self, element: Element, within: frozenset[str]) -> str:
        inside = self._join(element.children, within)
        address = element.attributes.get("href", "")
        if not address or not inside.strip() or "a" in within:
            return inside
        title = element.attributes.get("title", "")
        shown = f' "{_escaped_title(title)}"' if title else ""
        address = "#" + address.removeprefix("#user-") if address.startswith("#user-") else address
        return f"[{inside.strip()}]({_encoded(address)}{shown})"

    def _text(self, text: str) -> str:
        """Words escaped, formulas as they are."""
        out, end = [], 0
        for match in _FORMULA.finditer(text) if "$" in text or "\\" in text else ():
            if match[4] is not None and not self.dollar_math:
                continue
            out.append(self._words(text[end : match.start()]))
            out.append(_formula(match, text))
            end = match.end()
        out.append(self._words(text[end:]))
        return "".join(out)

    def _words(self, text: str) -> str:
        return _escaped(_SPACES.sub(" ", text)).replace("$", "\\$")


def _formula(match: re.Match[str], text: str) -> str:
    tex = (match[1] or match[2] or match[3] or match[4]).strip().replace("\n", " ")
    displayed = match[1] is None and match[4] is None
    beside = text[match.start() - 1 : match.start()] + text[match.end() : match.end() + 1]
    if not tex:
        return _escaped(match[0])
    if re.search(r"(?<!\\)\$", tex) or (not displayed and any(map(str.isdigit, beside))):
        kind = "display" if displayed else "inline"
        return f'<span class="math {kind}">{escape(tex, quote=False)}</span>'
    return f"$${tex}$$" if displayed else f"${tex}$"


def _first_character(children: list[Element | str], place: int) -> str:
    """The first character that will follow, as far as it matters: `*` for an element with marks."""
    if place >= len(children):
        return ""
    following = children[place]
    if isinstance(following, str):
        return following[:1]
    marker = _MARKERS.get(following.tag)
    return marker[0] if marker else following.text()[:1] or "x"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: "&amp;" if match[0] == "&" else f"\\{match[0]}", text)


def _escaped_title(title: str) -> str:
    words = " ".join(title.split()).replace("\\", "\\\\").replace('"', '\\"').replace("<", "\\<")
    return _ENTITY.sub("&amp;", words)


def _encoded(address: str) -> str:
    return _ENTITY.sub("&amp;", "".join(_ENCODED.get(each, each) for each in address))


def _code(text: str, *, beside: bool) -> str:
    """Between ticks; as HTML right behind other code, where the ticks would run together, and where a line
    would look like the definition of a link."""
    text = _SPACES.sub(" ", text)
    if not text.strip():
        return text
    if beside or "]:" in text:
        return f"<code>{_escaped(text)}</code>"
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" or (text[0] == text[-1] == " ") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"
