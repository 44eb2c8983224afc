"""What the gallery's pages say: the same small community in Chinese and in English (gallery_texts/)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from paideia.lib.markdown import render

TEXTS = Path(__file__).parent / "gallery_texts"
SPACE_KINDS = ("announcements", "articles", "questions", "discussion", "questions", "events")


@cache
def words(language: str) -> dict[str, Any]:
    """The gallery's texts, with people and spaces made from them."""
    said = yaml.safe_load((TEXTS / f"words.{language}.yaml").read_text(encoding="utf-8"))
    article = (TEXTS / f"article.{language}.md").read_text(encoding="utf-8")
    return {
        **said,
        "spaces": [_space(*each) for each in enumerate(zip(said["space_names"], SPACE_KINDS, strict=True))],
        "people": [{"pk": place + 3, "shown_name": name} for place, name in enumerate(said["names"])],
        "html": render(article).html,
        "comment_html": [render(text).html for text in said["comments"]],
    }


def _space(place: int, named: tuple[str, str]) -> dict[str, Any]:
    name, kind = named
    url = f"/c/gallery/spaces/{place}/"
    return {"name": name, "url": url, "kind": kind, "locked": place == 4, "unread": 12 * (place == 2)}
