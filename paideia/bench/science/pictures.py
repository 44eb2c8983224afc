"""The pictures of the documentation, drawn by running its pages."""

from __future__ import annotations

import sys
from pathlib import Path

import paideia
from paideia.science.examples import run

PAGES = Path(paideia.__file__).parents[1] / "docs" / "science"


def draw_all(folder: Path, pages: Path = PAGES) -> int:
    """Run each page's examples and write the `picture` that they leave behind; 2 where there are no pages."""
    found = sorted(pages.glob("*.md"))
    if not found:
        print(
            f"{pages} holds no pages: the documentation lies beside the source, not in an installed package",
            file=sys.stderr,
        )
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    for page in found:
        picture = run(page.read_text(encoding="utf-8")).names.get("picture")
        if isinstance(picture, str):
            file = folder / f"{page.stem}.svg"
            file.write_text(picture, encoding="utf-8")
            print(file)
    return 0
