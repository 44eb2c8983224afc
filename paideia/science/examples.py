"""Runs the examples of a documentation page: python blocks in order, each with the output that follows it."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BLOCK = re.compile(r"```python\n(?P<code>.*?)```\n(?:\s*```text\n(?P<output>.*?)```\n)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """One python block of a page: what it prints as run now, and what the page says it prints."""

    code: str
    printed: str
    stated: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page's examples in order, and the names they left behind (`picture` holds its drawing)."""

    examples: list[Example]
    names: dict[str, Any]


def run(markdown: str) -> Page:
    """Run every python block of a page in one namespace; exceptions go through to the caller."""
    names: dict[str, Any] = {"__name__": "example"}
    examples = []
    for block in BLOCK.finditer(markdown):
        heard = io.StringIO()
        with redirect_stdout(heard):
            exec(compile(block["code"], "example", "exec"), names)
        examples.append(Example(block["code"], heard.getvalue(), block["output"]))
    return Page(examples, names)


def refresh(path: Path) -> bool:
    """Write what the blocks print now into the page; whether anything changed."""
    markdown = path.read_text()
    printed = iter([e.printed for e in run(markdown).examples])

    def put(block: re.Match[str]) -> str:
        now = next(printed)
        if block["output"] is None:
            return block[0]
        start, end = block.start("output") - block.start(), block.end("output") - block.start()
        return block[0][:start] + now + block[0][end:]

    renewed = BLOCK.sub(put, markdown)
    path.write_text(renewed)
    return renewed != markdown


if __name__ == "__main__":
    import sys

    for name in sys.argv[1:]:
        print(name, "changed" if refresh(Path(name)) else "as it was")
