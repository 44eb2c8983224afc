"""What an import did: what came over, what changed its form, and what was left out and why.

Entries hold codes and values, not sentences, so that one stored report reads in every language.
Equal entries are counted, and only the first places of each are kept: a report of a dump with a million
rows stays small.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .wording import kind, reason

PLACES_MAX = 100
PLACES_SHOWN = 10


@dataclass
class Entry:
    """Something of one kind that met one fate for one reason, so many times, at these places."""

    what: str
    reason: str
    values: dict[str, str] = field(default_factory=dict)
    count: int = 0
    places: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        head = _("%(what)s (%(count)d): %(reason)s") % {
            "what": kind(self.what),
            "count": self.count,
            "reason": self.why(),
        }
        if not self.places:
            return head
        return f"{head}\n    {'; '.join(self.places[:PLACES_SHOWN])}{self._rest()}"

    def why(self) -> str:
        """The reason as a sentence in the active language."""
        return reason(self.reason, self.values)

    def _rest(self) -> str:
        hidden = self.count - min(len(self.places), PLACES_SHOWN)
        return ngettext("; and %(n)d more", "; and %(n)d more", hidden) % {"n": hidden} if hidden else ""


class Tally:
    """Entries in the order in which they were first met, equal ones counted together."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries = {self._key(e.what, e.reason, e.values): e for e in entries}

    def add(self, what: str, where: str, reason: str, **values: str) -> None:
        key = self._key(what, reason, values)
        entry = self._entries.setdefault(key, Entry(what, reason, values))
        entry.count += 1
        if where and len(entry.places) < PLACES_MAX and where not in entry.places:
            entry.places.append(where)

    def __iter__(self):
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    @staticmethod
    def _key(what: str, reason: str, values: dict[str, str]) -> tuple[object, ...]:
        return (what, reason, *sorted(values.items()))


@dataclass
class Report:
    """The outcome of one import. `as_json` and `from_json` are inverse; `text` is for people."""

    imported: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    converted: Tally = field(default_factory=Tally)
    left_out: Tally = field(default_factory=Tally)
    warnings: Tally = field(default_factory=Tally)

    def as_json(self) -> dict[str, Any]:
        return {
            "imported": {kind: n for kind, n in self.imported.items() if n},
            "unchanged": {kind: n for kind, n in self.unchanged.items() if n},
            **{name: [asdict(entry) for entry in getattr(self, name)] for name in _TALLIES},
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Report":
        tallies = {name: Tally(Entry(**e) for e in stored.get(name, ())) for name in _TALLIES}
        return cls(Counter(stored.get("imported")), Counter(stored.get("unchanged")), **tallies)

    def text(self) -> str:
        lines = [_("Imported:"), *self._counts(self.imported)]
        if any(self.unchanged.values()):
            lines += [_("Already here and unchanged:"), *self._counts(self.unchanged)]
        titles = (_("Converted:"), _("Left out:"), _("Warnings:"))
        for title, name in zip(titles, _TALLIES, strict=True):
            entries = [f"  {entry.sentence()}" for entry in getattr(self, name)]
            lines += [title, *entries] if entries else []
        return "\n".join(lines)

    @staticmethod
    def _counts(counts: Counter[str]) -> list[str]:
        nothing = _("nothing")
        return [f"  {kind(name)}: {n}" for name, n in counts.items() if n] or [f"  {nothing}"]


_TALLIES = ("converted", "left_out", "warnings")
