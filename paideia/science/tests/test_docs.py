"""The documentation is enforced: examples print what the pages say, and every public name is documented."""

from __future__ import annotations

import ast
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
SCIENCE = Path(paideia.science.__file__).parent
SOURCES = sorted(path for path in SCIENCE.rglob("*.py") if "tests" not in path.parts)


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


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(SCIENCE)))
def test_every_public_name_says_what_it_raises(path: Path) -> None:
    """Beside what `checks` refuses of any input (docs/science/README.md): errors raised here, or by the private
    functions of the same file, stand in the docstring."""
    silent = {
        name: sorted(unsaid)
        for name, (doc, errors) in _raised(ast.parse(path.read_text())).items()
        if (unsaid := {error for error in errors if error not in doc})
    }
    assert silent == {}


def _raised(tree: ast.Module) -> dict[str, tuple[str, set[str]]]:
    """Docstring and errors of each public function and method; a class answers for its checks on creation."""
    classes = {top.name: top for top in tree.body if isinstance(top, ast.ClassDef)}
    functions = {top.name: top for top in tree.body if isinstance(top, ast.FunctionDef)}
    for owner in classes.values():
        functions |= {f"{owner.name}.{m.name}": m for m in owner.body if isinstance(m, ast.FunctionDef)}
    found = {}
    for name, function in functions.items():
        owner, _, last = name.rpartition(".")
        if last == "__post_init__":
            found[owner] = (ast.get_docstring(classes[owner]) or "", _errors(name, functions, set()))
        elif not last.startswith("_") and not owner.startswith("_"):
            found[name] = (ast.get_docstring(function) or "", _errors(name, functions, set()))
    return found


def _errors(name: str, functions: dict[str, ast.FunctionDef], seen: set[str]) -> set[str]:
    if name in seen or name not in functions:
        return set()
    seen.add(name)
    found = set()
    for node in ast.walk(functions[name]):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=error))):
                found.add(error)
            case ast.Call(func=ast.Name(id=called)) if called.startswith("_"):
                found |= _errors(called, functions, seen)
            case ast.Call(func=ast.Attribute(attr=called, value=ast.Name(id="self"))) if called.startswith(
                "_"
            ):
                found |= _errors(f"{name.rpartition('.')[0]}.{called}", functions, seen)
    return found


def test_every_module_says_what_it_is() -> None:
    silent = [
        module.name
        for module in pkgutil.walk_packages(paideia.science.__path__, "paideia.science.")
        if ".tests" not in module.name and not (import_module(module.name).__doc__ or "").strip()
    ]
    assert silent == []


def test_importing_the_library_costs_next_to_nothing() -> None:
    """Processor time, not the clock's: beside a bare interpreter that starts on the same machine, the least of
    five."""
    bare, imported = (
        min(_processor_seconds(code) for _ in range(5)) for code in ("", "import paideia.science;")
    )
    assert imported - bare < 0.2 and imported < 3 * bare


def _processor_seconds(code: str) -> float:
    code = f"{code}import time; print(time.process_time())"
    return float(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    )


def test_importing_every_family_loads_no_heavy_library_and_no_django() -> None:
    code = (
        f"import sys; from paideia.science import {', '.join([*PACKAGES, *paideia.science.SHARED])};"
        "heavy = {'scipy', 'sklearn', 'pandas', 'statsmodels', 'lifelines', 'igraph', 'pymoo', 'torch'};"
        "print(sorted((heavy | {'django', 'chinese_calendar'}) & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
