"""An Open edX course (OLX) as sections of lessons.

How the old shape becomes ours: a **vertical**, the page a learner sees, is a lesson with the vertical's
name. A **sequential** is a section; its heading carries the **chapter** before it ("Module 2 · Videos"), for
that is how the old outline reads and our sections do not nest. The parts of a vertical stay in their order.
A **library** becomes a draft course with one lesson that asks all of its problems.
"""

import re
from collections.abc import Iterable, Iterator

from ..archive import Tree
from ..course import Course, Lesson, Section, Text
from ..report import Report
from .addresses import Addresses
from .components import Components, Remarking
from .outline import Node, Outline, roots

SETTINGS_FILES = {
    "policies/{run}/grading_policy.json": ("grading", "grading_policy"),
    "info/updates.items.json": ("announcement", "announcements"),
    "info/handouts.html": ("handout", "handouts"),
}
SETTINGS_FOLDERS = {
    "tabs": ("page", "static_pages"),
    "wiki": ("page", "wiki"),
    "drafts": ("draft", "unpublished"),
    "textbooks": ("textbook", "textbooks"),
}
SETTINGS = {
    "start": ("schedule", "schedule"),
    "due": ("schedule", "schedule"),
    "graded": ("grading", "grading_policy"),
    "weight": ("grading", "grading_policy"),
    "max_attempts": ("grading", "attempts"),
    "rerandomize": ("grading", "attempts"),
    "showanswer": ("grading", "attempts"),
    "wiki_slug": ("page", "wiki"),
    "lti_passports": ("lti", "lti_keys"),
    "user_partitions": ("grouping", "groups"),
    "teams_configuration": ("grouping", "groups"),
    "prerequisites": ("schedule", "prerequisites"),
    "enable_timed_exams": ("schedule", "timed_exams"),
}
Planned = tuple[tuple[str, str], list[tuple[Node, list[Node]]]]
UNSET = ("", "null", "[]", "{}", "false", "False", "0")


def read(tree: Tree, report: Report) -> list[Course]:
    """Every course and library of the export. Raises BadImport where its structure is missing or damaged."""
    return [course for course, _files in read_with_files(tree, report)]


def read_with_files(tree: Tree, report: Report) -> list[tuple[Course, Tree]]:
    """The same, each with the part of the tree in which the paths of its files begin."""
    return [(_Reading(Outline(part, kind), report).course(), part) for part, kind in roots(tree)]


class _Reading:
    def __init__(self, outline: Outline, report: Report) -> None:
        self.outline, self.report = outline, report
        self.addresses = Addresses(outline.tree)
        self.components = Components(outline.tree, self.addresses, report)
        self.seen: set[str] = set()
        walk = outline.root.walk  # whatever lies in something hidden is hidden
        self.hidden = {node.id for top in walk() if top.is_staff_only for node in top.walk()}

    def course(self) -> Course:
        root = self.outline.root
        is_library = root.tag == "library"
        planned = list(self._plan(root))
        for _section, pages in planned:
            for page, nodes in pages:
                self.addresses.learn(page.id, nodes)
        self._learn_containers(root)
        sections = tuple(self._sections(planned))
        course = Course(
            external_id=self.outline.external_id,
            title=root.title or self.outline.name or self.outline.external_id,
            sections=sections,
            summary=self._about("short_description"),
            description=self._description(),
            cover=self.addresses.file(root.attributes.get("course_image", "")) or "",
            language=root.attributes.get("language", ""),
            draft=is_library,
        )
        self._report_settings()
        return course

    def _plan(self, root: Node) -> Iterator[Planned]:
        """(section id, heading), and its pages with every node that lies on each."""
        if root.tag == "library":
            yield (root.id, root.title), [(root, list(root.walk()))]
            return
        for chapter in root.children:
            if chapter.tag != "chapter":
                self._skip(chapter)
                continue
            loose: list[tuple[Node, list[Node]]] = []
            for sequential in chapter.children:
                if sequential.tag in ("sequential", "problemset", "videosequence"):
                    if loose:
                        yield (f"{chapter.id}/{loose[0][0].id}", chapter.title), loose
                        loose = []
                    yield (
                        (sequential.id, _heading(chapter, sequential)),
                        [(n, list(n.walk())) for n in sequential.children],
                    )
                else:
                    loose.append((sequential, list(sequential.walk())))
            if loose:
                yield (f"{chapter.id}/{loose[0][0].id}", chapter.title), loose

    def _skip(self, node: Node) -> None:
        if node.tag == "wiki":
            self.report.left_out.add("page", node.id, "wiki")
        else:
            self.report.left_out.add(node.tag, node.title or node.id, "unknown_component")

    def _learn_containers(self, root: Node) -> None:
        """A link to a chapter or sequential leads to its first lesson."""

        def first(node: Node) -> str | None:
            return self.addresses.lesson_of(node) or next(filter(None, map(first, node.children)), None)

        for node in root.walk():
            if found := first(node):
                self.addresses.learn(found, [node])

    def _sections(self, planned: Iterable[Planned]) -> Iterator[Section]:
        for (section_id, title), pages in planned:
            lessons = tuple(filter(None, (self._lesson(page, title) for page, _nodes in pages)))
            if lessons:
                yield Section(section_id, title, lessons)
            else:
                self.report.left_out.add("section", title, "empty")

    def _lesson(self, page: Node, section: str) -> Lesson | None:
        title = page.title or section
        where = f"{section} › {title}"
        if page.id in self.seen:
            self.report.left_out.add("lesson", where, "twice")
            return None
        self.seen.add(page.id)
        parts = page.children if page.tag in ("vertical", "library") else [page]
        hidden = page.id in self.hidden
        blocks = tuple(
            b
            for part in parts
            if hidden or not part.is_staff_only
            for b in self.components.blocks(part, lesson=where)
        )
        for part in parts:
            if part.is_staff_only and not hidden:
                self.report.left_out.add(part.tag, f"{where} › {part.title}", "staff_only")
        if not blocks:
            self.report.left_out.add("lesson", where, "empty")
            return None
        if hidden and page.tag != "library":
            self.report.converted.add("lesson", where, "staff_only_draft")
        return Lesson(page.id, title, blocks, draft=hidden)

    def _about(self, name: str) -> str:
        path = f"about/{name}.html"
        if path not in self.outline.tree:
            return ""
        return self.components.clean(self.outline.tree.text(path), Remarking(self.report, path)).text

    def _description(self) -> Text | None:
        path = "about/overview.html"
        if path not in self.outline.tree:
            return None
        words = self.components.clean(self.outline.tree.text(path), Remarking(self.report, path))
        return Text(f"{self.outline.external_id}/overview", words.html) if words.shows else None

    def _report_settings(self) -> None:
        tree, add = self.outline.tree, self.report.left_out.add
        for node in self.outline.root.walk():
            for name, value in node.attributes.items():
                if name in SETTINGS and value not in UNSET:
                    what, reason = SETTINGS[name]
                    add(what, f"{node.title or node.id} ({name})", reason)
        for path, (what, reason) in SETTINGS_FILES.items():
            if (name := path.format(run=self.outline.run)) in tree:
                add(what, name, reason)
        for folder, (what, reason) in SETTINGS_FOLDERS.items():
            for path in tree.below(folder):
                add(what, f"{folder}/{path}", reason)
        for path in sorted(set(self.addresses.files.values()) - self.addresses.used):
            add("file", path, "file_unused")


def _heading(chapter: Node, sequential: Node) -> str:
    names = [re.sub(r"\s+", " ", name) for name in (chapter.title, sequential.title) if name]
    return " · ".join(dict.fromkeys(names)) or sequential.id
