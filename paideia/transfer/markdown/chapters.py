"""The order of a folder of Markdown: from `chapters.yml` where there is one, else from the file names.

`chapters.yml` is a list of one-entry maps: `- basic/: Basics` opens a section, `- basic/history.md: History`
is a chapter in it. Sections may lie in sections.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

import yaml
from django.utils.translation import gettext as _

from ..archive import Tree
from ..errors import MissingFile, UnreadableFile

SUFFIXES = (".md", ".markdown")
INDEXES = ("index", "readme", "_index")
OPENINGS = ("preface", "foreword", "introduction", "前言", "序", "序言")
CLOSINGS = ("appendix", "changelog", "license", "contributing")
NOT_CHAPTERS = (
    "license",
    "licence",
    "changelog",
    "contributing",
    "code_of_conduct",
    "security",
    "summary",
    "todo",
)


@dataclass(frozen=True)
class Plan:
    """Files in reading order with their listed titles, titles of folders, and what was not listed."""

    files: tuple[tuple[str, str], ...]
    folders: dict[str, str]
    unlisted: tuple[str, ...]
    base: str


def plan(tree: Tree) -> Plan:
    """Raises UnreadableFile where chapters.yml is damaged, MissingFile where what it names is not there."""
    listing = next(
        (path for path in sorted(tree, key=_depth) if re.search(r"(^|/)chapters\.ya?ml$", path)), None
    )
    return _from_names(tree) if listing is None else _from_listing(tree, listing)


def _from_listing(tree: Tree, listing: str) -> Plan:
    entries = _entries(tree, listing)
    base = _base(tree, listing, [name for name, _title in entries if not name.endswith("/")])
    folders = {_join(base, name.rstrip("/")): title for name, title in entries if name.endswith("/")}
    files = [(_join(base, name), title) for name, title in entries if not name.endswith("/")]
    missing = [path for path, _title in files if path not in tree]
    if missing:
        raise MissingFile(_("chapters.yml names this file, but it is missing."), where=missing[0])
    listed = {path for path, _title in files}
    more = tuple(path for path in _markdown(tree, base) if path not in listed)
    first = [path for path in more if _stem(path) in (*INDEXES, *OPENINGS)]
    last = [path for path in more if path not in first]
    ordered = [(path, "") for path in first] + files + [(path, "") for path in last]
    return Plan(tuple(ordered), folders, more, base)


def _entries(tree: Tree, listing: str) -> list[tuple[str, str]]:
    try:
        loaded = yaml.load(tree.text(listing), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problem = _("The YAML is damaged (%(error)s).") % {"error": " ".join(str(error).split())}
        raise UnreadableFile(problem, where=listing) from error
    entries: list[tuple[str, str]] = []
    for entry in loaded if isinstance(loaded, list) else [loaded]:
        pairs = entry.items() if isinstance(entry, dict) else [(entry, "")]
        for name, title in pairs:
            if not isinstance(name, str) or not isinstance(title, (str, int, float, type(None))):
                raise UnreadableFile(
                    _("Each entry must be a path and a title."),
                    where=listing,
                    advice=_("Write entries as “- folder/file.md: Title”."),
                )
            entries.append((name.strip(), " ".join(str(title or "").split())))
    if not any(not name.endswith("/") for name, _title in entries):
        raise UnreadableFile(_("The list names no chapter."), where=listing)
    return [(name if name.endswith(("/", *SUFFIXES)) else f"{name}.md", title) for name, title in entries]


def _base(tree: Tree, listing: str, names: list[str]) -> str:
    """The folder that the list's paths begin in: beside it, or one below (often `docs`)."""
    here = (
        str(PurePosixPath(listing).parent).replace(".", "", 1)
        if "/" not in listing
        else str(PurePosixPath(listing).parent)
    )
    below = {
        path[len(here) :].lstrip("/").split("/")[0]
        for path in tree
        if path.startswith(here) and "/" in path[len(here) :].lstrip("/")
    }
    places = [here] + [_join(here, folder) for folder in sorted(below)]
    return max(places, key=lambda place: sum(_join(place, name) in tree for name in names))


def _from_names(tree: Tree) -> Plan:
    base = _common_folder(list(_markdown(tree, "")))
    files = sorted(_markdown(tree, base), key=lambda path: _natural(path, base))
    return Plan(tuple((path, "") for path in files), {}, (), base)


def _markdown(tree: Tree, base: str) -> list[str]:
    """The Markdown files of a folder that are chapters, not papers about the project."""
    start = f"{base}/" if base else ""
    return [
        path
        for path in tree
        if path.startswith(start)
        and path.lower().endswith(SUFFIXES)
        and not any(part.startswith(".") for part in path.split("/"))
        and _stem(path) not in NOT_CHAPTERS
    ]


def _common_folder(paths: list[str]) -> str:
    folders = {str(PurePosixPath(path).parent) for path in paths}
    common = PurePosixPath(min(folders)).parts if folders else ()
    for folder in folders:
        parts = PurePosixPath(folder).parts
        common = (
            tuple(a for a, b in zip(common, parts, strict=False) if a == b)[: len(common)]
            if folder != "."
            else ()
        )
    return "/".join(common)


def _natural(path: str, base: str) -> list[tuple[int, list[tuple[int, int, str]]]]:
    """2 before 10; an index or preface first in its folder, an appendix last."""
    parts = path[len(base) :].lstrip("/").split("/")
    return [
        (_rank(part) if number == len(parts) - 1 else 1, _pieces(PurePosixPath(part).stem))
        for number, part in enumerate(parts)
    ]


def _rank(name: str) -> int:
    stem = _stem(name)
    return 0 if stem in INDEXES or stem in OPENINGS else 2 if stem in CLOSINGS else 1


def _pieces(name: str) -> list[tuple[int, int, str]]:
    return [
        (0, int(piece[:15]), "") if piece.isdecimal() else (1, 0, piece.lower())
        for piece in re.findall(r"\d+|\D+", name)
    ]


def _stem(path: str) -> str:
    return re.sub(r"^\d+[-_. ]+", "", PurePosixPath(path).stem).lower()


def _join(base: str, name: str) -> str:
    """A path below the base; parts that lead upward stay in it and so name no file."""
    return "/".join(part for part in f"{base}/{name}".split("/") if part not in ("", "."))


def _depth(path: str) -> tuple[int, str]:
    return path.count("/"), path
