"""What an address inside an OLX course points at: a file of the export, a lesson, or somewhere else."""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from .. import links
from ..archive import Tree
from .outline import Node, block_id
from .problems import Remarks

_STATIC = re.compile(
    r"^(?:https?://[^/]+)?/?(?:static/|asset-v1:[^/]*?@asset(?:\+block@|/)|c4x/[^/]+/[^/]+/asset/)(.+)$"
)
_JUMP = re.compile(r"^(?:https?://[^/]+)?/?(?:courses/[^/]+/)?jump_to(?:_id)?/(.+)$")
_COURSEWARE = re.compile(r"^(?:https?://[^/]+)?/courses?/[^?#]*?/courseware/([^?#]+)$")
_OUTSIDE = re.compile(r"^(?:https?:)?//|^(?:mailto|tel):", re.IGNORECASE)
ACTIVE = (".html", ".htm", ".js", ".css", ".xhtml", ".swf")


class Addresses:
    """Resolves addresses of one course. Files are found by their name as the old system stored it."""

    def __init__(self, tree: Tree, folder: str = "static") -> None:
        self.files = {path: f"{folder}/{path}" for path in tree.below(folder)}
        self._stored = {_stored(path): full for path, full in self.files.items()}
        self._lessons: dict[str, str] = {}
        self.used: set[str] = set()

    def learn(self, lesson_id: str, nodes: Iterable[Node]) -> None:
        """Links to any of these nodes lead to the lesson. The first lesson of a chapter is the chapter's."""
        for node in nodes:
            self._lessons.setdefault(node.id, lesson_id)

    def lesson_of(self, node: Node) -> str | None:
        return self._lessons.get(node.id)

    def file(self, name: str) -> str | None:
        """The path in the export of a file by the name that the course uses for it."""
        name = unquote(name.split("?")[0].split("#")[0]).strip().lstrip("/").removeprefix("static/")
        path = f"static/{name}" if name in self.files else self._stored.get(_stored(name))
        if path:
            self.used.add(path)
        return path

    def resolve(self, address: str, remarks: Remarks) -> str | None:
        """Our address, or None where there is nothing to link to; what was lost is remarked."""
        address = address.strip()
        if static := _STATIC.match(address):
            return self._file_link(static[1], remarks)
        if jump := _JUMP.match(address):
            return self._lesson_link(jump[1], remarks)
        if place := _COURSEWARE.match(address):
            steps = [step for step in place[1].split("/") if step in self._lessons]
            return self._lesson_link(steps[-1] if steps else place[1], remarks)
        if address.startswith(("block-v1:", "i4x:")) or address in self._lessons:
            return self._lesson_link(address, remarks)
        if _OUTSIDE.match(address) or address.startswith("#"):
            return address
        if found := self.file(address):
            return self._file_link(found.removeprefix("static/"), remarks)
        remarks.left_out("link", "link_into_old_site", address=address[:120])
        return None

    def _file_link(self, name: str, remarks: Remarks) -> str | None:
        path = self.file(name)
        if path is None:
            remarks.left_out("file", "file_missing", name=name[:120])
            return None
        if path.lower().endswith(ACTIVE):
            remarks.left_out("file", "active_file", name=name[:120])
            return None
        return links.asset(path)

    def _lesson_link(self, target: str, remarks: Remarks) -> str | None:
        name, _hash, anchor = target.partition("#")
        lesson = self._lessons.get(name) or self._lessons.get(block_id(name))
        if lesson is None:
            remarks.left_out("link", "lesson_missing", address=target[:120])
            return None
        return links.lesson(lesson, anchor)


def _stored(name: str) -> str:
    """The old system replaces everything unusual in a name: it asks for "a b.png" as "a_b.png"."""
    return re.sub(r"[^\w.-]", "_", name).lower()
