"""docs/interface.md names every part with exactly the inputs it has."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[3]
PARTS = PROJECT / "paideia" / "web" / "templates" / "web" / "_parts"


def test_the_docs_give_every_part_with_its_inputs() -> None:
    macros = [
        f"ui.{name}({inputs})"
        for file in sorted(PARTS.glob("*.html"))
        for name, inputs in re.findall(
            r"{% macro (\w+)\((.*?)\) -?%}", file.read_text(encoding="utf-8"), re.S
        )
        if not name.startswith("_")
    ]
    docs = (PROJECT / "docs" / "interface.md").read_text(encoding="utf-8")
    described = re.findall(r"^(ui\.\w+\(.*\))(?: {# call.*#})?$", docs.partition("## The parts")[2], re.M)
    assert described == macros


def test_every_part_says_on_line_one_what_it_is_for() -> None:
    assert [
        file.name
        for file in sorted(PARTS.glob("*.html"))
        if not file.read_text(encoding="utf-8").startswith("{#")
    ] == []
