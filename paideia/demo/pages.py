"""The demo's own words: Markdown files with YAML on top, in a folder for each language."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CONTENT = Path(__file__).parent / "content"


@dataclass(frozen=True, slots=True)
class Page:
    """One file: what stands on top, and the text."""

    name: str
    top: dict[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of a thread's file: who says it, how many hours after the opening, and what."""

    kind: str  # "answer", "comment", or "reply": to the comment above
    by: str
    hours: float
    votes: int
    accepted: bool
    text: str


def community(language: str) -> dict[str, Any]:
    """What the community is called, its plans, gates, offers, spaces and cast."""
    return _yaml(CONTENT / language / "community.yaml")


def phrases(language: str) -> dict[str, Any]:
    """The pools from which simulated people's words are made."""
    return _yaml(CONTENT / language / "phrases.yaml")


def page(language: str, name: str) -> Page:
    return _page(CONTENT / language / name)


def pages(language: str, folder: str) -> list[Page]:
    """All files of a folder, by name."""
    return [_page(path) for path in sorted((CONTENT / language / folder).glob("*.md"))]


def replies(text: str) -> tuple[str, list[Reply]]:
    """A thread's opening and its replies, which begin with `=== answer linwan 3.5 votes=14 accepted`."""
    opening, *parts = ("\n" + text).split("\n=== ")
    return opening.strip(), [_reply(part) for part in parts]


def _reply(part: str) -> Reply:
    line, _, text = part.partition("\n")
    kind, by, hours, *marks = line.split()
    votes = next((int(mark[6:]) for mark in marks if mark.startswith("votes=")), 0)
    return Reply(kind, by, float(hours), votes, "accepted" in marks, text.strip())


def _page(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    if not text.startswith("---\n"):
        return Page(path.stem, {}, text.strip())
    top, _, rest = text[4:].partition("\n---\n")
    return Page(path.stem, yaml.safe_load(top), rest.strip())


def _yaml(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found
