"""docs/ledger.md's tables, read: which accounts and keys there are. For the tests of every room that moves money."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs" / "ledger.md"
OF_TESTS = re.compile(r"test:.*|[a-z -]+")  # what tests post of their own


@dataclass(frozen=True)
class Chart:
    """`accounts`: patterns of owner and kind; `keys`: patterns of keys, `tails` of what may follow any of them."""

    accounts: tuple[tuple[re.Pattern[str], str], ...]
    keys: tuple[re.Pattern[str], ...]
    tails: tuple[str, ...]

    def has_account(self, owner: str, kind: str) -> bool:
        return any(pattern.fullmatch(owner) and kind == name for pattern, name in self.accounts)

    def has_key(self, key: str) -> bool:
        while not any(pattern.fullmatch(key) for pattern in self.keys):
            tail = next((one for one in self.tails if key.endswith(one)), None)
            if tail is None:
                return False
            key = key.removesuffix(tail)
        return True


@cache
def chart() -> Chart:
    """The tables as they stand."""
    text = DOCS.read_text(encoding="utf-8")
    accounts, keys, tails = [], [], []
    for row in _rows(text, "## Chart of accounts"):
        accounts += [(_pattern(owner), kind) for owner in _names(row[0]) for kind in _names(row[1])]
    for row in _rows(text, "## Keys"):
        last = ""
        for name in _names(row[0]):
            if name.startswith("<key>"):
                tails.append(name.removeprefix("<key>"))
                continue
            last = last.rpartition(":")[0] + name.removeprefix("…") if name.startswith("…") else name
            keys.append(_pattern(last))
    return Chart(tuple(accounts), tuple(keys), tuple(tails))


def unlisted() -> list[str]:
    """Transfers in the database whose key, or one of whose ends, the tables do not name."""
    from paideia.ledger.models import Transfer

    names = ("key", "source__owner", "source__kind", "target__owner", "target__kind")
    found = []
    for key, *ends in Transfer.objects.values_list(*names):
        if OF_TESTS.fullmatch(key):
            continue
        if not chart().has_key(key):
            found.append(key)
        found += [
            f"{owner}/{kind}" for owner, kind in (ends[:2], ends[2:]) if not chart().has_account(owner, kind)
        ]
    return sorted(set(found))


def _rows(text: str, heading: str) -> list[list[str]]:
    part = text.partition(f"{heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _pattern(name: str) -> re.Pattern[str]:
    parts = re.split(r"(<[^>]+>)", name)
    return re.compile("".join(_part(part) for part in parts))


def _part(part: str) -> str:
    if not part.startswith("<"):
        return re.escape(part)
    if part in {"<charge id>"}:
        return ".+"
    return "[A-Za-z0-9-]+"
