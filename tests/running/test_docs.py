"""docs/running.md names every setting that the code reads, and no other; no page links to nowhere; docs/reliability.md
names tests that exist."""

import re

from tests.running.house import PROJECT

READ = re.compile(
    r"environment\.(?:text|switch|number|words)\(\s*[\"']([A-Z_]+)[\"']|environ(?:\.get)?[\[(]\"PAIDEIA_([A-Z_]+)"
)
HELD_BY_TESTS = {"TEST_HOME"}
SHOWN = "L1 L2 L3 L4 L5 L6 L7 L8 L9 L10 L11 L12 R1 R2 R3 R4 R5 R7 R8 A8 A11 S8 F1 F5"


def test_every_setting_is_documented_and_every_documented_one_exists():
    table = (PROJECT / "docs" / "running.md").read_text().split("## All settings")[1]
    documented = set(re.findall(r"^\| `PAIDEIA_([A-Z_]+)`", table, re.MULTILINE))
    read = {"HOME"}
    for folder in ("config", "accounts", "content", "commerce", "communities", "web"):
        for path in (PROJECT / "paideia" / folder).rglob("*.py"):
            if "tests" not in path.parts:
                read |= {first or second for first, second in READ.findall(path.read_text())}
    assert read - HELD_BY_TESTS == documented


def test_every_link_between_pages_leads_somewhere():
    pages = [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]
    dead = [
        f"{page.relative_to(PROJECT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert dead == []


def test_every_test_that_the_page_of_promises_names_exists():
    page = (PROJECT / "docs" / "reliability.md").read_text()
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", page)
    gone = [
        f"{file}::{name}"
        for file, name in named
        if not (PROJECT / file).exists() or f"\ndef {name}(" not in (PROJECT / file).read_text()
    ]
    assert gone == []
    assert len(named) > 60
    assert set(re.findall(r"^\| ([A-Z]\d+) \|", page, re.MULTILINE)) == set(SHOWN.split())
