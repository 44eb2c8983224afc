"""docs/running.md names every setting that the code reads, and no other; no page links to nowhere."""

import re

from tests.running.house import PROJECT

READ = re.compile(
    r"environment\.(?:text|switch|number|words)\(\s*[\"']([A-Z_]+)[\"']|environ(?:\.get)?[\[(]\"PAIDEIA_([A-Z_]+)"
)
HELD_BY_TESTS = {"TEST_HOME"}


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
