"""Addresses that stand in for ours until the rows exist: `paideia-asset:<path>`, `paideia-lesson:<id>`."""

import re
from collections.abc import Callable
from urllib.parse import quote, unquote

ASSET, LESSON = "paideia-asset", "paideia-lesson"
_STAND_IN = re.compile(r"\b(paideia-asset|paideia-lesson):([\w./%~+-]+)(#[\w%.~-]*)?", re.ASCII)
_IN_MARKDOWN = re.compile(r"!?\[([^\[\]]*)\]\((paideia-(?:asset|lesson):[^\s()]+)(?:\s+\"[^\"\n]*\")?\)")

Find = Callable[[str], str | None]


def asset(path: str) -> str:
    return f"{ASSET}:{quote(path, safe='/')}"


def lesson(external_id: str, anchor: str = "") -> str:
    return f"{LESSON}:{quote(external_id, safe='/')}{f'#{quote(anchor)}' if anchor else ''}"


def named(source: str) -> tuple[set[str], set[str]]:
    """The asset paths and the lesson ids that a text speaks of."""
    found: dict[str, set[str]] = {ASSET: set(), LESSON: set()}
    for kind, name, _anchor in _STAND_IN.findall(source):
        found[kind].add(unquote(name))
    return found[ASSET], found[LESSON]


def resolver(assets: Find, lessons: Find) -> Find:
    """What an address is in the end: ours for a stand-in (None where there is none), else itself."""

    def resolve(address: str) -> str | None:
        match = _STAND_IN.fullmatch(address)
        if match is None:
            return address
        found = (assets if match[1] == ASSET else lessons)(unquote(match[2]))
        return None if found is None else found + (match[3] or "")

    return resolve


def settled(markdown: str, resolve: Find) -> str:
    """Markdown with our addresses in place of the stand-ins. Where there is none, the link's words stay."""

    def link(match: re.Match[str]) -> str:
        return match[0] if resolve(match[2]) is not None else match[1]

    return _STAND_IN.sub(lambda match: resolve(match[0]) or "#", _IN_MARKDOWN.sub(link, markdown))
