"""The documentation is enforced: examples print what the pages say, and every public name is documented."""

from __future__ import annotations

import inspect
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import paideia.science
from paideia.science.examples import run

DOCS = Path(paideia.science.__file__).parents[2] / "docs" / "science"
PAGES = sorted(DOCS.glob("*.md"))
PACKAGES = list(paideia.science.FAMILIES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_example_prints_what_its_page_says(page: Path) -> None:
    result = run(page.read_text())
    assert [e.printed for e in result.examples if e.stated is not None] == [
        e.stated for e in result.examples if e.stated is not None
    ]
    if page.stem != "README":
        assert result.names["picture"].startswith("<svg")


def test_every_family_has_a_page_and_every_page_a_family() -> None:
    assert {page.stem for page in PAGES} - {"README"} == set(PACKAGES)
    index = (DOCS / "README.md").read_text()
    assert [name for name in PACKAGES if f"({name}.md)" not in index] == []


@pytest.mark.parametrize("name", [*PACKAGES, *paideia.science.SHARED])
def test_every_public_name_says_what_it_is(name: str) -> None:
    module = import_module(f"paideia.science.{name}")
    own = [n for n, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__]
    public = getattr(module, "__all__", [n for n in own if not n.startswith("_")])
    assert [n for n in public if not _explained(getattr(module, n))] == []


def _explained(thing: object) -> bool:
    if not (inspect.isclass(thing) or inspect.isfunction(thing)):
        return True  # constants are explained where they stand
    if not (thing.__doc__ or "").strip() or (thing.__doc__ or "").startswith(f"{thing.__name__}("):
        return False
    methods = [m for n, m in vars(thing).items() if inspect.isfunction(m) and not n.startswith("_")]
    return all((m.__doc__ or "").strip() for m in methods)


def test_every_module_says_what_it_is() -> None:
    silent = [
        module.name
        for module in pkgutil.walk_packages(paideia.science.__path__, "paideia.science.")
        if ".tests" not in module.name and not (import_module(module.name).__doc__ or "").strip()
    ]
    assert silent == []


def test_importing_the_library_is_cheap_and_loads_no_heavy_library() -> None:
    families = ", ".join(PACKAGES)
    code = (
        "import sys, time; t = time.perf_counter(); import paideia.science; dt = time.perf_counter() - t;"
        f"from paideia.science import {families};"
        "heavy = {'scipy', 'sklearn', 'pandas', 'statsmodels', 'lifelines', 'igraph', 'torch', 'django'};"
        "print(dt < 0.2, sorted(heavy & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "True []\n"
