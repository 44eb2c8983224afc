"""Where the free part ends.

A line `<!-- paywall -->` or `---paywall---` divides; so do `<!--members-only-->` and `<!--more-->`, which
texts from Ghost and WordPress bring along. The first one counts. One that stands inside a quote, a list or
a piece of HTML closes everything from the start of that block: a slip must never open what was meant to be
closed. Inside code it is code.
"""

import re
from collections.abc import Sequence
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_WORDS = r"paywall|members-only|more"
_WITHIN_HTML = re.compile(
    rf"<!--\s{{0,20}}(?:{_WORDS})\s{{0,20}}-->|^[ \t]*-{{3,20}}paywall-{{3,20}}[ \t]*$", re.I | re.M
)
_LINE = re.compile(rf"(?:<!--\s*(?:{_WORDS})\s*-->|-{{3,20}}paywall-{{3,20}})\s*", re.IGNORECASE)


def divider_plugin(md: MarkdownIt) -> None:
    """A block of its own for the divider, which also ends a paragraph."""
    alternatives: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list", "table"]}
    md.block.ruler.before("table", "divider", _divider, alternatives)
    md.core.ruler.after("inline", "find_divider", _find_divider)


def _divider(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if state.is_code_block(start_line):
        return False
    start, end = state.bMarks[start_line] + state.tShift[start_line], state.eMarks[start_line]
    if state.src[start : start + 1] not in ("<", "-") or not _LINE.fullmatch(state.src, start, end):
        return False
    if not silent:
        state.line = start_line + 1
        token = state.push("divider", "", 0)
        token.block = True
        token.map = [start_line, state.line]
    return True


def _find_divider(state: StateCore) -> None:
    """Core rule, before footnotes move to the end: notes the first line of what is closed."""
    line = 0
    for token in state.tokens:
        if token.level == 0 and token.map and token.nesting >= 0:
            line = token.map[0]
        if _divides(token):
            state.env["closed_from"] = line
            return


def _divides(token: Token) -> bool:
    if token.type == "divider":
        return True
    if token.type in ("html_block", "html_inline"):
        return _WITHIN_HTML.search(token.content) is not None
    return any(map(_divides, token.children or ()))


def free_part(tokens: Sequence[Token], line: int) -> list[Token]:
    """The whole blocks before `line`, and those footnotes that they refer to and that stand there too."""
    free = list(takewhile(lambda token: not _is_closed(token, line), tokens))
    cited = {
        each.meta["id"] for token in free for each in token.children or () if each.type == "footnote_ref"
    }
    notes, kept = _notes(tokens, cited, line)
    return [_without_references(token, kept) for token in free + notes]


def _is_closed(token: Token, line: int) -> bool:
    if token.type == "footnote_block_open":
        return True
    return token.level == 0 and token.nesting >= 0 and token.map is not None and token.map[0] >= line


def _notes(tokens: Sequence[Token], cited: set[int], line: int) -> tuple[list[Token], set[int]]:
    first = next((place for place, each in enumerate(tokens) if each.type == "footnote_block_open"), None)
    if first is None:
        return [], set()
    kept: set[int] = set()
    notes: list[Token] = []
    note: list[Token] = []
    for token in tokens[first + 1 : -1]:
        note.append(token)
        if token.type == "footnote_close":
            lines = [each.map[0] for each in note if each.map]
            if note[0].meta["id"] in cited and all(each < line for each in lines):
                kept.add(note[0].meta["id"])
                notes += note
            note = []
    return ([tokens[first], *notes, tokens[-1]] if notes else []), kept


def _without_references(token: Token, kept: set[int]) -> Token:
    if not token.children:
        return token
    children = [each for each in token.children if each.type != "footnote_ref" or each.meta["id"] in kept]
    return token if len(children) == len(token.children) else token.copy(children=children)
