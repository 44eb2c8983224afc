"""A folder of Markdown as a course: folders are sections, files are lessons.

Order and section titles come from `chapters.yml`, else from the file names and front matter (`weight`,
`order`). A folder in a folder becomes a section whose heading names both. Links between files lead to
lessons, pictures and other files of the folder are taken along.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote

from django.utils.translation import gettext as _

from .. import links
from ..archive import Tree
from ..course import Course, Lesson, Section, Text
from ..errors import UnknownLayout
from ..report import Report
from .chapters import INDEXES, SUFFIXES, plan
from .source import page, with_addresses

_OUTSIDE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//|#)", re.IGNORECASE)
SAYS_NOTHING = {"book", "content", "doc", "docs", "pages", "source", "src"}
PROJECT_FILES = {
    "_config.yml",
    "book.toml",
    "chapters.yaml",
    "chapters.yml",
    "license",
    "loppo.yml",
    "mkdocs.yml",
    "package.json",
}
_NUMBERED = re.compile(r"^\d+[-_. ]+")


def read(tree: Tree, report: Report, *, name: str = "") -> Course:
    """The course; `name` is its title where the folder has none of its own.

    Raises UnknownLayout where there is no Markdown; UnreadableFile, MissingFile as its parts do."""
    return _Reading(tree, report).course(name)


class _Reading:
    def __init__(self, tree: Tree, report: Report) -> None:
        self.tree, self.report, self.plan = tree, report, plan(tree)
        if not self.plan.files:
            raise UnknownLayout(_("The folder holds no Markdown files (.md)."))
        self.pages = {path: page(tree.text(path), where=path) for path, _title in self.plan.files}
        self.used: set[str] = set()

    def course(self, fallback: str) -> Course:
        folder = self.plan.base.rpartition("/")[2]
        name = "" if folder.lower() in SAYS_NOTHING else folder
        front = self.pages.get(_join(self.plan.base, "index.md")) or self.pages.get(
            _join(self.plan.base, "README.md")
        )
        title = (
            self._configured_title()
            or (front.title if front else "")
            or name
            or fallback
            or _("Imported course")
        )
        sections = tuple(self._sections(title))
        for path in self.plan.unlisted:
            self.report.converted.add("chapter", path, "unlisted_chapter")
        for path in self.tree:
            if path not in self.pages and path not in self.used and not _is_project_file(path):
                self.report.left_out.add("file", path, "file_unused")
        return Course(
            external_id=title[:120],
            title=title,
            sections=sections,
            summary=front.word("description") if front else "",
        )

    def _configured_title(self) -> str:
        """The book's name as the usual generators keep it."""
        for file, pattern in (
            ("loppo.yml", r"site"),
            ("_config.yml", r"title"),
            ("mkdocs.yml", r"site_name"),
            ("book.toml", r"title"),
        ):
            if file in self.tree:
                match = re.search(rf"(?m)^{pattern}\s*[:=]\s*[\"']?(.+?)[\"']?\s*$", self.tree.text(file))
                if match:
                    return " ".join(match[1].split())
        return ""

    def _sections(self, title: str) -> Iterator[Section]:
        """Lessons that follow each other in one folder, under that folder's heading."""
        lessons: list[Lesson] = []
        folder = None
        used: dict[str, int] = {}
        for path, listed in self._ordered():
            here = str(PurePosixPath(path).parent)
            if here != folder and lessons:
                yield self._section(str(folder), lessons, title, used)
                lessons = []
            folder = here
            lessons.append(self._lesson(path, listed))
        if lessons:
            yield self._section(str(folder), lessons, title, used)

    def _ordered(self) -> list[tuple[str, str]]:
        """As planned; without a list, front matter moves a file within its folder."""
        files = list(self.plan.files)
        if self.plan.folders or any(listed for _path, listed in files):
            return files
        place = {path: number for number, (path, _title) in enumerate(files)}
        start: dict[str, int] = {}
        for path, _title in files:
            start.setdefault(posixpath.dirname(path), place[path])
        return sorted(files, key=lambda f: (start[posixpath.dirname(f[0])], *self._weight(f[0]), place[f[0]]))

    def _weight(self, path: str) -> tuple[int, float]:
        order = self.pages[path].order
        if PurePosixPath(path).stem.lower() in INDEXES:
            return 0, 0.0
        return (2, 0.0) if order is None else (1, order)

    def _section(self, folder: str, lessons: list[Lesson], title: str, used: dict[str, int]) -> Section:
        used[folder] = used.get(folder, 0) + 1
        again = f"#{used[folder]}" if used[folder] > 1 else ""
        return Section(f"{folder}{again}", self._heading(folder) or title, tuple(lessons))

    def _heading(self, folder: str) -> str:
        """The names of a folder and of those it lies in, below the base."""
        base = PurePosixPath(self.plan.base or ".")
        names, here = [], PurePosixPath(folder)
        while here != base and here != here.parent:
            names.append(self._folder_name(str(here)))
            here = here.parent
        return " · ".join(reversed(names))

    def _folder_name(self, folder: str) -> str:
        indexes = (
            self.pages.get(f"{folder}/{name}") for name in ("index.md", "README.md", "_index.md", "readme.md")
        )
        named = next((index.title for index in indexes if index and index.title), "")
        plain = _NUMBERED.sub("", folder.rpartition("/")[2]).replace("-", " ").replace("_", " ")
        return self.plan.folders.get(folder) or named or plain

    def _lesson(self, path: str, listed: str) -> Lesson:
        found = self.pages[path]
        fallback = _NUMBERED.sub("", PurePosixPath(path).stem).replace("-", " ").replace("_", " ")
        body = with_addresses(found.body, lambda address: self._resolve(address, path))
        return Lesson(
            path, found.title or listed or fallback, (Text(path, body, "markdown"),), draft=found.is_draft
        )

    def _resolve(self, address: str, path: str) -> str | None:
        """Our address for one that points into the folder; None leaves it as it is."""
        if _OUTSIDE.match(address):
            return None
        target, _hash, anchor = address.partition("#")
        target = unquote(target.partition("?")[0])
        start = "" if target.startswith("/") else posixpath.dirname(path)
        full = posixpath.normpath(posixpath.join(start, target.lstrip("/"))).lstrip("/")
        if lesson := self._lesson_at(full):
            return links.lesson(lesson, anchor)
        for candidate in (
            full,
            _join(self.plan.base, target),
            *(_join(f, target) for f in ("static", "public")),
        ):
            if candidate in self.tree:
                self.used.add(candidate)
                return links.asset(candidate)
        self.report.left_out.add("link", path, "file_missing", name=address[:120])
        return None

    def _lesson_at(self, path: str) -> str | None:
        """The file that a link means: itself, without its ending, as .html, or a folder's index."""
        stem = re.sub(r"\.html?$", "", path)
        for base in dict.fromkeys((path, stem, _join(self.plan.base, stem))):
            candidates = [
                base,
                *(base + suffix for suffix in SUFFIXES),
                *(f"{base}/{i}.md" for i in ("index", "README", "_index")),
            ]
            if found := next((c for c in candidates if c in self.pages), None):
                return found
        return None


def _is_project_file(path: str) -> bool:
    """What belongs to the project's tools and never to the book."""
    parts = path.lower().split("/")
    return any(part.startswith(".") for part in parts) or parts[-1] in PROJECT_FILES


def _join(base: str, name: str) -> str:
    return "/".join(part for part in f"{base}/{name}".split("/") if part not in ("", "."))
