"""Markdown in, everything that a page, a search index and an editor need out."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from markdown_it.token import Token

from paideia.lib.markdown.divider import free_part
from paideia.lib.markdown.limits import check_source
from paideia.lib.markdown.parser import parser
from paideia.lib.markdown.plain import html_to_text
from paideia.lib.markdown.sanitising import sanitise
from paideia.lib.text import clean, count_words, is_cjk, reading_seconds

_ADDRESS = re.compile(r'<(a|audio|iframe|img|source|video)\b[^>]*?\s(?:href|src)="([^"]*)"')
_MENTION = re.compile(r'<a [^>]*class="mention"[^>]*>')


@dataclass(frozen=True, slots=True)
class Heading:
    """One line of a table of contents; `free` when it stands before the divider."""

    level: int
    id: str
    title: str
    free: bool


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text, rendered. All HTML is sanitised; the preview never holds a word from behind the divider."""

    html: str
    preview_html: str
    has_divider: bool
    text: str
    preview_text: str
    headings: tuple[Heading, ...]
    mentions: tuple[str, ...]
    links: tuple[str, ...]
    media: tuple[str, ...]
    words: int
    reading_seconds: int


def render(
    source: str,
    *,
    mention_url: Callable[[str], str | None] | None = None,
    site_hosts: Collection[str] = (),
    line_breaks: bool = False,
    id_scope: str = "",
) -> Rendered:
    """Render Markdown. Raises TooComplex when the source is too long or too deep.

    `mention_url(handle)` gives the address of a member, or None for nobody of that name; mentions are
    reported either way. `site_hosts` are our own, so links to them are not outgoing. `line_breaks` keeps
    every line end, as people expect in a discussion. `id_scope` tells apart the ids of two texts on one page.
    """
    source = clean(source)
    check_source(source)
    env: dict[str, Any] = {
        "mention_url": mention_url,
        "line_breaks": line_breaks,
        "id_scope": f"{id_scope}-" if id_scope else "",
        "chinese": any(map(is_cjk, source[:2000])),
    }
    tokens = parser().parse(source, env)
    closed_from = env.get("closed_from")
    html = _to_html(tokens, env)
    preview = html if closed_from is None else _to_html(free_part(tokens, closed_from), env)
    text = html_to_text(html)
    return Rendered(
        html=html,
        preview_html=preview,
        has_divider=closed_from is not None,
        text=text,
        preview_text=text if closed_from is None else html_to_text(preview),
        headings=_headings(tokens, closed_from),
        mentions=_mentions(tokens),
        words=count_words(text),
        reading_seconds=reading_seconds(text),
        **_addresses(html, site_hosts),
    )


def _to_html(tokens: list[Token], env: dict[str, Any]) -> str:
    env.pop("coloured_left", None)
    md = parser()
    return sanitise(md.renderer.render(tokens, md.options, env))


def _headings(tokens: Iterable[Token], closed_from: int | None) -> tuple[Heading, ...]:
    return tuple(
        Heading(int(each.tag[1]), str(each.attrs["id"]), each.meta["title"], _is_free(each, closed_from))
        for each in tokens
        if each.type == "heading_open"
    )


def _is_free(token: Token, closed_from: int | None) -> bool:
    return closed_from is None or (token.map is not None and token.map[0] < closed_from)


def _mentions(tokens: Iterable[Token]) -> tuple[str, ...]:
    found = (child.content for each in tokens for child in each.children or () if child.type == "mention")
    return tuple(dict.fromkeys(found))


def _addresses(html: str, site_hosts: Collection[str]) -> dict[str, tuple[str, ...]]:
    """`links` that lead away from `site_hosts`, and `media` that the page loads, each once, in order."""
    own = {host.lower() for host in site_hosts}
    links: dict[str, None] = {}
    media: dict[str, None] = {}
    for tag, escaped in _ADDRESS.findall(html):
        address = unescape(escaped)
        if tag != "a":
            media[address] = None
        elif address.lower().startswith(("http://", "https://", "//")) and _host(address) not in own:
            links[address] = None
    return {"links": tuple(links), "media": tuple(media)}


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return ""
