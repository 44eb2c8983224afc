"""Rules within a line: bare links, mentions, emphasis and line ends that know Chinese."""

import re
import unicodedata
from collections.abc import Sequence
from functools import partial

from markdown_it.common.utils import escapeHtml, isWhiteSpace
from markdown_it.parser_inline import RuleFuncInlineType
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from paideia.lib.text import is_cjk, is_wide_punctuation

# Chinese follows an address without a space, so letters outside ASCII belong to it only after its first
# slash, and wide punctuation never does.
_ADDRESS = re.compile(
    r"https?://(?:[\w-]+\.)*[\w-]+(?::\d{1,5})?(?:[/?#][^\s<>\"'`\\^{|}\u3000-\u303f\uff00-\uff65\u2018-\u201f]*)?",
    re.ASCII | re.IGNORECASE,
)
_PROTOCOL = re.compile(r"(?:^|[^a-z0-9+.-])(https?)$", re.IGNORECASE)
_HANDLE = re.compile(r"@([^\W_](?:[\w-]{1,28}[^\W_]))(?![\w-])")
_BEFORE_HANDLE = re.compile(r"[a-zA-Z0-9_.+/@&=-]")
_FORMULA = re.compile(r"\$(?![\s$])((?:[^$\\]|\\.)+)(?<!\s)\$(?!\d)", re.DOTALL)
_DISPLAYED_FORMULA = re.compile(r"\$\$((?:[^$\\]|\\.|\$(?!\$))+)\$\$", re.DOTALL)
_BALANCED = {")": "(", "]": "["}


def bare_link(state: StateInline, silent: bool) -> bool:
    """`https://…` in running text becomes a link."""
    if state.linkLevel > 0 or not state.src.startswith("://", state.pos):
        return False
    protocol = _PROTOCOL.search(state.pending[-6:])
    if not protocol:
        return False
    start = state.pos - len(protocol[1])
    match = _ADDRESS.match(state.src, start, state.posMax)
    if not match:
        return False
    written = _without_closing_marks(match[0])
    url = state.md.normalizeLink(written)
    if len(written) <= len(protocol[1]) + 3 or not state.md.validateLink(url):
        return False
    if not silent:
        state.pending = state.pending[: -len(protocol[1])]
        opening = state.push("link_open", "a", 1)
        opening.attrs = {"href": url}
        opening.markup, opening.info = "linkify", "auto"
        state.push("text", "", 0).content = state.md.normalizeLinkText(written)
        closing = state.push("link_close", "a", -1)
        closing.markup, closing.info = "linkify", "auto"
    state.pos = start + len(written)
    return True


def _without_closing_marks(url: str) -> str:
    """A full stop ends the sentence, and a bracket that the address did not open ends what is around it."""
    opened = {mark: url.count(mark) for mark in "()[]"}
    end = len(url)
    while end:
        last = url[end - 1]
        if last in _BALANCED and opened[last] > opened[_BALANCED[last]]:
            opened[last] -= 1
        elif last not in ".,;:!?*_~":
            break
        end -= 1
    return url[:end]


def formula(state: StateInline, silent: bool) -> bool:
    """`$x$`, and `$$x$$` within a line. "$5 and $6" are prices: no digit beside, no space within."""
    if state.src[state.pos] != "$" or (state.pos and state.src[state.pos - 1].isdecimal()):
        return False
    displayed = _DISPLAYED_FORMULA.match(state.src, state.pos, state.posMax)
    match = displayed or _FORMULA.match(state.src, state.pos, state.posMax)
    if not match:
        return False
    if not silent:
        token = state.push("formula", "span", 0)
        token.content = match[1].strip()
        token.info = "display" if displayed else "inline"
    state.pos = match.end()
    return True


def render_formula(tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Escaped TeX for KaTeX to set in the browser."""
    return f'<span class="math {tokens[index].info}">{escapeHtml(tokens[index].content)}</span>'


def mention(state: StateInline, silent: bool) -> bool:
    """`@handle`, letters of any script; what follows a letter or a dot is an address, not a mention."""
    if state.linkLevel > 0 or state.src[state.pos] != "@":
        return False
    match = _HANDLE.match(state.src, state.pos, state.posMax)
    if not match or (state.pos and _BEFORE_HANDLE.match(state.src[state.pos - 1])):
        return False
    if not silent:
        token = state.push("mention", "", 0)
        token.content = match[1]
    state.pos = match.end()
    return True


def render_mention(tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A link where `env["mention_url"]` knows an address for the handle, else plain words."""
    handle = tokens[index].content
    address = env["mention_url"](handle) if env.get("mention_url") else None
    shown = f"@{escapeHtml(handle)}"
    return f'<a class="mention" href="{escapeHtml(address)}">{shown}</a>' if address else shown


def beside_chinese(rule: RuleFuncInlineType) -> RuleFuncInlineType:
    """A rule for `*`, `_` or `~` as in CommonMark, but `**“中文”**中文` is bold too.

    CommonMark asks for a space between closing marks after punctuation and the next letter. Chinese has
    none, so here punctuation next to Chinese is like a letter (the "CJK friendly" amendment).
    """

    def friendly(state: StateInline, silent: bool) -> bool:
        state.scanDelims = partial(_scan, state)  # type: ignore[method-assign]
        return rule(state, silent)

    return friendly


def _scan(state: StateInline, start: int, can_split_word: bool) -> Scanned:
    end = start
    while end < state.posMax and state.src[end] == state.src[start]:
        end += 1
    before = state.src[start - 1] if start else " "
    after = state.src[end] if end < state.posMax else " "
    return Scanned(*flanks(before, after, can_split_word=can_split_word), end - start)


def flanks(before: str, after: str, *, can_split_word: bool = True) -> tuple[bool, bool]:
    """Can marks between these two characters open, and can they close?"""
    space_before, space_after = isWhiteSpace(ord(before)), isWhiteSpace(ord(after))
    wide_before, wide_after = _is_chinese(before), _is_chinese(after)
    point_before, point_after = _is_punctuation(before), _is_punctuation(after)
    narrow_before, narrow_after = point_before and not wide_before, point_after and not wide_after
    left = not space_after and (not narrow_after or space_before or narrow_before or wide_before)
    right = not space_before and (not narrow_before or space_after or narrow_after or wide_after)
    if can_split_word:
        return left, right
    return left and (not right or point_before), right and (not left or point_after)


def _is_chinese(character: str) -> bool:
    return character > "\u2e7f" and (is_cjk(character) or is_wide_punctuation(character))


def _is_punctuation(character: str) -> bool:
    if character.isascii():
        return not character.isalnum() and not character.isspace() and character.isprintable()
    return unicodedata.category(character)[0] in "PS"


def render_softbreak(tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A line end in the source: a break where asked for, nothing between Chinese, else a space."""
    if env.get("line_breaks"):
        return "<br>\n"
    before = next((each.content for each in reversed(tokens[max(0, index - 8) : index]) if each.content), "")
    after = next((each.content for each in tokens[index + 1 : index + 9] if each.content), "")
    if not before or not after or max(before[-1], after[0]) < "\u2e80":
        return "\n"
    if is_wide_punctuation(before[-1]) or is_wide_punctuation(after[0]):
        return ""
    return "" if is_cjk(before[-1]) and is_cjk(after[0]) else "\n"
