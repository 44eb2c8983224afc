"""Headings with addresses, images with captions."""

import re
import unicodedata

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from paideia.lib.markdown.sanitising import ID_PREFIX

_NOT_IN_SLUG = re.compile(r"[^\w\- ]+")
_SLUG_CHARACTERS_MAX = 60
_SHOWN = ("text", "code_inline", "formula", "mention")
_SHOWN = ("text", "code_inline", "formula", "mention")


def number_headings(state: StateCore) -> None:
    """Core rule: every heading gets an id made of its own words, in any script, unique in the document."""
    taken: dict[str, int] = {}
    for place, token in enumerate(state.tokens):
        if token.type == "heading_open":
            title = _title(state.tokens[place + 1])
            slug = _slug(title)
            count = taken[slug] = taken.get(slug, -1) + 1
            while count and f"{slug}-{count}" in taken:
                count += 1
            unique = f"{slug}-{count}" if count else slug
            taken.setdefault(unique, 0)
            token.attrs["id"] = f"{ID_PREFIX}{state.env.get('id_scope', '')}{unique}"
            token.meta["title"] = title


def _title(inline: Token) -> str:
    words = []
    for each in inline.children or ():
        if each.type in _SHOWN:
            words.append(each.content)
        elif each.type in ("softbreak", "hardbreak"):
            words.append(" ")
    return " ".join("".join(words).split())


def _slug(title: str) -> str:
    words = _NOT_IN_SLUG.sub("", unicodedata.normalize("NFKC", title).lower())
    return re.sub(r"[\s-]+", "-", words).strip("-")[:_SLUG_CHARACTERS_MAX].strip("-") or "section"


def caption_images(state: StateCore) -> None:
    """Core rule: an image alone in its paragraph is a figure, and its title is the caption."""
    tokens = state.tokens
    for place in range(1, len(tokens) - 1):
        opening, inline, closing = tokens[place - 1 : place + 2]
        if inline.type != "inline" or opening.type != "paragraph_open" or opening.hidden:
            continue
        image = _only_image(inline.children or [])
        if image is not None:
            opening.tag = closing.tag = "figure"
            caption = image.attrs.pop("title", "")
            inline.children = [*(inline.children or []), *_caption(str(caption))]


def _only_image(children: list[Token]) -> Token | None:
    inner = children[1:-1] if len(children) == 3 and children[0].type == "link_open" else children
    return inner[0] if len(inner) == 1 and inner[0].type == "image" else None


def _caption(words: str) -> list[Token]:
    if not words:
        return []
    text = Token("text", "", 0, content=words)
    return [Token("figcaption_open", "figcaption", 1), text, Token("figcaption_close", "figcaption", -1)]
