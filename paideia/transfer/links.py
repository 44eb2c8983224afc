"""The two kinds of address that stand in for ours until the rows exist: `paideia-asset:<path>` and
`paideia-lesson:<id>`."""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

_STAND_IN = re.compile(r"\bpaideia-(asset|lesson):([\w./%~+-]+)(#[\w%.~-]*)?", re.ASCII)


def asset(path: str) -> str:
    return f"paideia-asset:{quote(path, safe='/')}"


def lesson(external_id: str, anchor: str = "") -> str:
    return f"paideia-lesson:{quote(external_id, safe='/')}{f'#{quote(anchor)}' if anchor else ''}"


def named(source: str) -> tuple[set[str], set[str]]:
    """The asset paths and the lesson ids that a text speaks of."""
    found: dict[str, set[str]] = {"asset": set(), "lesson": set()}
    for kind, name, _anchor in _STAND_IN.findall(source):
        found[kind].add(unquote(name))
    return found["asset"], found["lesson"]


def settled(source: str, assets: Mapping[str, str], lessons: Mapping[str, str]) -> str:
    """The text with our addresses in place of the stand-ins. An unknown one becomes `#`."""

    def address(match: re.Match[str]) -> str:
        known = assets if match[1] == "asset" else lessons
        found = known.get(unquote(match[2]))
        return "#" if found is None else found + (match[3] or "")

    return _STAND_IN.sub(address, source)
